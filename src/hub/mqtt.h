/*
 * The hub on an MQTT broker: events and states out, commands in, Home Assistant's discovery. docs/mqtt.md has the
 * topics. Events go through a queue that survives restarts (mqtt_queue.h); states are retained, and said anew whenever
 * the broker comes back. Its loop's thread.
 */
#ifndef PASTCAM_HUB_MQTT_H
#define PASTCAM_HUB_MQTT_H

#include "cameras.h"
#include "store.h"

struct mqtt;

/* hub.mqtt.host must not be empty; what waits does so in outbox (outbox.h). -EINVAL, -EACCES for a password file and
 * the like. */
struct mqtt *mqtt_create(struct loop *loop, const struct config *config, struct store *store, struct store *outbox,
                         struct error *error);
void mqtt_destroy(struct mqtt *mqtt); /* after the cameras; NULL is fine */

/* Once there are cameras. */
int mqtt_begin(struct mqtt *mqtt, struct cameras *cameras, struct error *error);

void mqtt_event(struct mqtt *mqtt, struct camera *camera, const struct hub_event *event);
void mqtt_camera_changed(struct mqtt *mqtt, struct camera *camera);
void mqtt_camera_status(struct mqtt *mqtt, struct camera *camera, const cJSON *status);

/* The store is another one, perhaps. */
void mqtt_store_recovered(struct mqtt *mqtt);

/* A message of a rule's. */
void mqtt_say(struct mqtt *mqtt, const char *topic, const char *payload);

#endif
