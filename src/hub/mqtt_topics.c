#include "mqtt_topics.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_plain(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
	       byte == '_' || byte == '-';
}

void mqtt_part(const char *name, char *part, size_t bytes)
{
	uint32_t mark = 2166136261u; /* FNV-1a */
	bool is_changed = name[0] == '\0';
	size_t length = 0;
	for (const char *byte = name; *byte; byte++) {
		mark = (mark ^ (unsigned char)*byte) * 16777619u;
		bool fits = length + 10 < bytes;
		is_changed = is_changed || !is_plain(*byte) || !fits;
		if (fits)
			part[length++] = is_plain(*byte) ? *byte : '_';
	}
	part[length] = '\0';
	if (is_changed)
		snprintf(part + length, bytes - length, "_%08x", mark);
}

void mqtt_topic(const struct mqtt_names *names, const char *camera, const char *what, char topic[MQTT_TOPIC_BYTES])
{
	snprintf(topic, MQTT_TOPIC_BYTES, "pastcam/%s/%s%s%s", names->node, camera, camera[0] ? "/" : "", what);
}

void mqtt_zone_topic(const struct mqtt_names *names, const char *camera, const char *zone, char topic[MQTT_TOPIC_BYTES])
{
	char what[64] = "motion/";
	mqtt_part(zone, what + 7, sizeof what - 7);
	mqtt_topic(names, camera, what, topic);
}

void mqtt_config_topic(const struct mqtt_names *names, const char *camera, char topic[MQTT_TOPIC_BYTES])
{
	snprintf(topic, MQTT_TOPIC_BYTES, "%s/device/pastcam_%s_%s/config", names->discovery, names->identity, camera);
}

bool mqtt_topic_camera(const struct mqtt_names *names, const char *topic, const char *what,
                       char camera[CAMERA_NAME_BYTES])
{
	char base[MQTT_TOPIC_BYTES];
	mqtt_topic(names, "", "", base);
	size_t length = strlen(base);
	if (strncmp(topic, base, length) != 0)
		return false;
	const char *name = topic + length, *slash = strchr(name, '/');
	if (!slash || strcmp(slash + 1, what) != 0 || !camera_name_is_good(name, (size_t)(slash - name)))
		return false;
	memcpy(camera, name, (size_t)(slash - name));
	camera[slash - name] = '\0';
	return true;
}

/* --- the state --- */

static void copy(cJSON *to, const char *name, const cJSON *status, const char *section, const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(status, section), key);
	cJSON_AddItemToObject(to, name, value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
}

char *mqtt_state(const cJSON *status)
{
	static const char *const rows[][3] = {
		{ "camera", "camera", "state" },
		{ "light", "night", "level" },
		{ "night", "night", "status" },
		{ "ring_s", "ring", "seconds" },
		{ "free_mib", "storage", "free_mib" },
		{ "rss_mib", "memory", "rss_mib" },
		{ "frame_age_s", "camera", "last_frame_age_s" },
	};
	cJSON *state = cJSON_CreateObject();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		copy(state, rows[i][0], status, rows[i][1], rows[i][2]);
	const cJSON *motion = cJSON_GetObjectItemCaseSensitive(status, "motion");
	cJSON_AddStringToObject(state, "motion",
	                        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(motion, "on")) ? "ON" : "OFF");
	char *text = cJSON_PrintUnformatted(state);
	cJSON_Delete(state);
	return text;
}
