/*
 * A connection to an MQTT broker: libmosquitto on our loop. Connecting waits for names and sockets, so it has a thread
 * for as long as it takes; all else is done here, without waiting.
 *
 * While the broker is away it is tried again after 1 s, 2, 4 … a minute. Each try has a client of its own, so that what
 * was not acknowledged is sent again by its owner alone.
 */
#ifndef PASTCAM_HUB_MQTT_LINK_H
#define PASTCAM_HUB_MQTT_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"

struct mqtt_link_params {
	const char *host, *client_id, *user; /* user: "" is none */
	const char *password;                /* read from its file by the caller; "" is none */
	const char *ca_file, *cert_file, *key_file;
	const char *will_topic; /* gets "offline", retained, when we die */
	int port, keepalive_s;
	bool tls, version_5;
	/* All on the loop's thread; borrowed strings. */
	void (*up)(void *data);
	void (*down)(void *data);
	void (*message)(void *data, const char *topic, const void *payload, size_t bytes, bool is_retained);
	void (*acknowledged)(void *data, int message_id);
	void *data;
};

struct mqtt_link;

/* Everything is borrowed for its life. Begins to connect. */
struct mqtt_link *mqtt_link_create(struct loop *loop, const struct mqtt_link_params *params, struct error *error);
void mqtt_link_destroy(struct mqtt_link *link); /* says offline if it can; NULL is fine */

bool mqtt_link_is_up(const struct mqtt_link *link);

/* Sends with QoS 1. The message's id, for acknowledged; -EINVAL when no broker would take it, as with a + in its topic;
 * negative otherwise when it cannot be sent now. */
int mqtt_link_publish(struct mqtt_link *link, const char *topic, const void *payload, size_t bytes, bool is_retained);
int mqtt_link_subscribe(struct mqtt_link *link, const char *topic);

#endif
