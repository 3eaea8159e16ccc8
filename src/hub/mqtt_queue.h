/*
 * Messages that must arrive: kept in the store until the broker has them, sent in their order, QoS 1. While the broker
 * is away they gather, up to a limit; then the oldest go, which is told. What the broker has and had not yet
 * acknowledged when the connection broke is sent again.
 */
#ifndef PASTCAM_HUB_MQTT_QUEUE_H
#define PASTCAM_HUB_MQTT_QUEUE_H

#include "mqtt_link.h"
#include "store.h"

struct mqtt_queue;

struct mqtt_queue *mqtt_queue_create(struct store *store, int64_t limit, struct error *error);
void mqtt_queue_destroy(struct mqtt_queue *queue); /* NULL is fine */

/* Before anything is sent. */
void mqtt_queue_set_link(struct mqtt_queue *queue, struct mqtt_link *link);

/* Takes a message and sends it, if those before it are sent. With a store that fails it is sent now or never. */
void mqtt_queue_add(struct mqtt_queue *queue, const char *topic, const char *payload);

void mqtt_queue_up(struct mqtt_queue *queue);   /* the broker is there: from the beginning */
void mqtt_queue_down(struct mqtt_queue *queue); /* it is not */
void mqtt_queue_acknowledged(struct mqtt_queue *queue, int message_id);

int64_t mqtt_queue_length(const struct mqtt_queue *queue);

#endif
