/* Inside mqtt.c and mqtt_commands.c. */
#ifndef PASTCAM_HUB_MQTT_PRIVATE_H
#define PASTCAM_HUB_MQTT_PRIVATE_H

#include "base/log.h"
#include "mqtt.h"
#include "mqtt_link.h"
#include "mqtt_queue.h"
#include "mqtt_topics.h"
#include "rauc.h"
#include "secret.h"

struct mqtt_camera {
	char name[CAMERA_NAME_BYTES], model[64];
	struct mqtt_zone zones[MQTT_ZONES_MAX];
	size_t zone_count;
	bool has_motion; /* that can be switched on and off */
	struct log_fault too_many_zones;
	char picture_url[600];       /* of the last picture that was saved; "" is none */
	struct client_call *picture; /* being fetched; NULL: none */
	bool wants_another;          /* asked for meanwhile */
	unsigned char *bytes;
	size_t length;
	struct mqtt *mqtt;
};

struct mqtt {
	struct loop *loop;
	const struct config *config;
	struct store *store;
	struct cameras *cameras; /* NULL until mqtt_begin */
	struct mqtt_names names;
	char client_id[64], status_topic[MQTT_TOPIC_BYTES], password[SECRET_BYTES];
	struct mqtt_link *link;
	struct mqtt_queue *queue;
	struct loop_watch *state_timer, *announce_timer, *armed_timer, *forget_timer;
	size_t count;
	struct mqtt_camera *known[CLIENT_CAMERAS_MAX];
	int armed; /* as it was told; -1: not yet */
	struct rauc *rauc;
	char update[2 * RAUC_VERSION_BYTES * 6 + 64]; /* JSON; "": RAUC has told nothing */
};

/* Retained, where the broker is there. */
void mqtt_retain(struct mqtt *mqtt, const char *topic, const char *payload);

void mqtt_tell_armed(struct mqtt *mqtt);

/* Tells Home Assistant of a camera. */
void mqtt_announce(struct mqtt *mqtt, const struct mqtt_camera *known);

void mqtt_tell_update(struct mqtt *mqtt);
void mqtt_on_rauc(void *data, const struct rauc_versions *versions);

/* -EINVAL and the like for a configuration that makes none. */
int mqtt_find_names(struct mqtt *mqtt, struct error *error);

/* What came on a topic that mqtt_commands_subscribe asked for. */
void mqtt_commands_take(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes, bool is_retained);
void mqtt_commands_subscribe(struct mqtt *mqtt);

/* Keeps in the store what is retained for a camera; the timer clears that of one that is there no more, one a time. */
void mqtt_remember_topics(struct mqtt *mqtt, const struct mqtt_camera *known);
void mqtt_on_forget(void *data, uint32_t times);

struct mqtt_camera *mqtt_known(struct mqtt *mqtt, const char *name); /* NULL: no more can be */
void mqtt_picture_finish(struct mqtt_camera *known);                 /* gives up a picture that is being fetched */

#endif
