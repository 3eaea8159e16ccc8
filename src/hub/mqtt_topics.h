/* Topics, ids and Home Assistant's discovery message. Pure. docs/mqtt.md lists them. */
#ifndef PASTCAM_HUB_MQTT_TOPICS_H
#define PASTCAM_HUB_MQTT_TOPICS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/camera_name.h"
#include "detect/zones.h"

enum { MQTT_NODE_BYTES = 65, MQTT_IDENTITY_BYTES = 33, MQTT_TOPIC_BYTES = 256, MQTT_ZONES_MAX = ZONES_MAX };

struct mqtt_zone {
	char name[33];
	bool moves;
};

struct mqtt_names {
	char node[MQTT_NODE_BYTES];         /* this machine, in topics */
	char identity[MQTT_IDENTITY_BYTES]; /* the same for good, in ids */
	char discovery[64];                 /* Home Assistant's prefix */
	char page_url[256];                 /* pastcam-web as others reach it; "" is unknown */
};

/* A name as a part of a topic or an id: letters, digits, '-' and '_'. Others become '_', and a mark of what they were
 * follows, so that two names never become one. */
void mqtt_part(const char *name, char *part, size_t bytes);

/* pastcam/NODE/CAMERA/WHAT; camera "" leaves its part out. */
void mqtt_topic(const struct mqtt_names *names, const char *camera, const char *what, char topic[MQTT_TOPIC_BYTES]);
void mqtt_zone_topic(const struct mqtt_names *names, const char *camera, const char *zone,
                     char topic[MQTT_TOPIC_BYTES]);
void mqtt_config_topic(const struct mqtt_names *names, const char *camera, char topic[MQTT_TOPIC_BYTES]);

/* True for pastcam/NODE/CAMERA/WHAT, and the camera; false for others. */
bool mqtt_topic_camera(const struct mqtt_names *names, const char *topic, const char *what,
                       char camera[CAMERA_NAME_BYTES]);

/* What there is of a camera. */
struct mqtt_device {
	const char *camera, *model;
	const struct mqtt_zone *zones;
	size_t zone_count;
	bool has_motion; /* a switch for it */
	bool has_update; /* RAUC tells of the system */
};

/* The message of one camera. Owned by the caller; NULL without memory. */
char *mqtt_discovery(const struct mqtt_names *names, const struct mqtt_device *device);

/* What a camera's sensors show, of the JSON of `status`. Owned by the caller; NULL without memory. */
char *mqtt_state(const cJSON *status);

#endif
