/* Cameras that are no more: what the broker keeps of them is cleared. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "mqtt_private.h"

enum { OTHER_TOPICS = 5, TOPICS_BYTES = (OTHER_TOPICS + MQTT_ZONES_MAX) * (MQTT_TOPIC_BYTES + 1) };

/* What is retained for a camera is remembered, so that it can be cleared when the camera is no more. */
void mqtt_remember_topics(struct mqtt *mqtt, const struct mqtt_camera *known)
{
	static const char *const whats[OTHER_TOPICS - 1] = { "status", "state", "picture", "picture_url" };
	char name[64], topic[MQTT_TOPIC_BYTES], topics[TOPICS_BYTES];
	mqtt_config_topic(&mqtt->names, known->name, topic);
	size_t length = (size_t)snprintf(topics, sizeof topics, "%s", topic);
	for (size_t i = 0; i < sizeof whats / sizeof whats[0]; i++) {
		mqtt_topic(&mqtt->names, known->name, whats[i], topic);
		length += (size_t)snprintf(topics + length, sizeof topics - length, "\n%s", topic);
	}
	for (size_t i = 0; i < known->zone_count; i++) {
		mqtt_zone_topic(&mqtt->names, known->name, known->zones[i].name, topic);
		length += (size_t)snprintf(topics + length, sizeof topics - length, "\n%s", topic);
	}
	snprintf(name, sizeof name, "mqtt.camera.%s", known->name);
	store_set(mqtt->store, name, topics);
}

static bool is_still_there(const struct mqtt *mqtt, const char *name)
{
	const struct config_cameras *cameras = &mqtt->config->cameras;
	const struct camera *camera = cameras_find(mqtt->cameras, name);
	if (camera && camera_has_socket(camera))
		return true;
	return cameras->count == 0 ? strcmp(name, "camera") == 0 : config_cameras_index(cameras, name) >= 0;
}

static void forget(struct mqtt *mqtt, const char *name, const char *topics)
{
	char topic[MQTT_TOPIC_BYTES], setting[64];
	log_info("Camera %s is no more: what the MQTT broker keeps of it is cleared", name);
	for (const char *at = topics; *at;) {
		size_t length = strcspn(at, "\n");
		if (length > 0 && length < sizeof topic) {
			memcpy(topic, at, length);
			topic[length] = '\0';
			mqtt_retain(mqtt, topic, "");
		}
		at += length + (at[length] == '\n');
	}
	snprintf(setting, sizeof setting, "mqtt.camera.%s", name);
	store_set(mqtt->store, setting, "");
}

void mqtt_on_forget(void *data, uint32_t times)
{
	static const char get[] = "SELECT substr(name, 13), value FROM settings WHERE name LIKE 'mqtt.camera.%' AND value "
	                          "<> '' ORDER BY name";
	(void)times;
	struct mqtt *mqtt = data;
	char name[CAMERA_NAME_BYTES] = "", topics[TOPICS_BYTES] = "";
	struct sql *sql = store_sql(mqtt->store);
	if (!sql || !mqtt_link_is_up(mqtt->link))
		return;
	sqlite3_stmt *statement = sql_begin(sql, get, "");
	while (statement && name[0] == '\0' && sql_step(statement, NULL) == 1) {
		if (is_still_there(mqtt, sql_text(statement, 0)))
			continue;
		snprintf(name, sizeof name, "%s", sql_text(statement, 0));
		snprintf(topics, sizeof topics, "%s", sql_text(statement, 1));
	}
	sql_end(statement);
	if (name[0] == '\0')
		return;
	forget(mqtt, name, topics);
	loop_set_timer(mqtt->forget_timer, CLOCK_NS_PER_S / 10, 0); /* the next one */
}
