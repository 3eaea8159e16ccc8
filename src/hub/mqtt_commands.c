/* What is said to the hub over MQTT: lines for cameras, pictures, arming, and that Home Assistant has started. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/utf8.h"
#include "mqtt_private.h"
#include "rules.h"

enum { COMMAND_BYTES = CLIENT_LINE_BYTES, PICTURE_BYTES_MAX = 4 * 1024 * 1024, PICTURE_S = 20 };

void mqtt_commands_subscribe(struct mqtt *mqtt)
{
	char topic[MQTT_TOPIC_BYTES];
	if (mqtt->names.discovery[0]) {
		snprintf(topic, sizeof topic, "%s/status", mqtt->names.discovery);
		mqtt_link_subscribe(mqtt->link, topic);
	}
	if (!mqtt->config->hub.mqtt.commands)
		return;
	mqtt_topic(&mqtt->names, "", "+/command", topic);
	mqtt_link_subscribe(mqtt->link, topic);
	mqtt_topic(&mqtt->names, "", "armed/set", topic);
	mqtt_link_subscribe(mqtt->link, topic);
}

/* --- a picture --- */

void mqtt_picture_finish(struct mqtt_camera *known)
{
	client_call_cancel(known->picture);
	known->picture = NULL;
	free(known->bytes);
	known->bytes = NULL;
	known->length = 0;
}

static void answer(struct mqtt *mqtt, const char *camera, const char *text)
{
	char topic[MQTT_TOPIC_BYTES];
	mqtt_topic(&mqtt->names, camera, "reply", topic);
	mqtt_link_publish(mqtt->link, topic, text, strlen(text), false);
}

static void on_picture_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	struct mqtt_camera *known = data;
	if (bytes > 0 && bytes <= PICTURE_BYTES_MAX && !known->bytes)
		known->bytes = malloc((size_t)bytes);
	if (known->bytes)
		return;
	log_warning("Camera %s sent no picture: %.*s", known->name, utf8_fit(line, 100), length > 0 ? line : "");
	answer(known->mqtt, known->name, bytes > 0 ? "NOT_SENT the picture is too large" : line);
	mqtt_picture_finish(known);
}

static void on_picture_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	struct mqtt_camera *known = data;
	char topic[MQTT_TOPIC_BYTES];
	memcpy(known->bytes + known->length, bytes, length);
	known->length += length;
	if (left > 0)
		return;
	mqtt_topic(&known->mqtt->names, known->name, "picture", topic);
	mqtt_link_publish(known->mqtt->link, topic, known->bytes, known->length, true);
	mqtt_picture_finish(known);
}

static void on_picture_end(void *data, const struct error *error)
{
	struct mqtt_camera *known = data;
	known->picture = NULL; /* it is gone */
	answer(known->mqtt, known->name, error->code < 0 ? error->text : "NOT_SENT no picture came");
	mqtt_picture_finish(known);
}

static void fetch_picture(struct mqtt *mqtt, struct camera *camera)
{
	struct mqtt_camera *known = mqtt_known(mqtt, camera_name(camera));
	struct error error = { 0 };
	const struct client_call_params params = {
		.address = { .socket_path = camera_path(camera) },
		.line = "get jpg meta",
		.reply = CLIENT_FRAMES,
		.handlers = { .line = on_picture_line, .bytes = on_picture_bytes, .end = on_picture_end },
		.data = known,
		.connect_timeout_s = PICTURE_S,
		.reply_timeout_s = PICTURE_S,
		.idle_timeout_s = PICTURE_S,
	};
	if (!known || known->picture)
		return;
	known->picture = client_call_begin(mqtt->loop, &params, &error);
	if (!known->picture)
		answer(mqtt, camera_name(camera), error.text);
}

/* --- lines --- */

static void on_reply(void *data, struct camera *camera, const char *reply, const struct error *error)
{
	answer(data, camera_name(camera), error->code < 0 ? error->text : reply);
}

static void take_line(struct mqtt *mqtt, const char *name, const char *line)
{
	struct error error = { 0 };
	struct camera *camera = cameras_find(mqtt->cameras, name);
	if (!camera) {
		log_warning("MQTT: a command for camera %s, which is not there", name);
		return;
	}
	if (strcmp(line, "get") == 0) {
		fetch_picture(mqtt, camera);
		return;
	}
	if (rule_check_line(line, &error) == 0)
		camera_send(camera, line, on_reply, mqtt, &error);
	if (error.code == 0)
		return;
	log_warning("MQTT: the command \"%.*s\" for camera %s is not done: %s", utf8_fit(line, 60), line, name, error.text);
	answer(mqtt, name, error.text);
}

static void take_armed(struct mqtt *mqtt, const char *word)
{
	bool is_on = strcmp(word, "ON") == 0;
	if (!is_on && strcmp(word, "OFF") != 0) {
		log_warning("MQTT: arming takes ON or OFF, not \"%.*s\"", utf8_fit(word, 40), word);
		return;
	}
	log_info("%s over MQTT", is_on ? "Armed" : "Disarmed");
	store_set(mqtt->store, "armed", is_on ? "1" : "0");
	mqtt_tell_armed(mqtt);
}

/* One to three seconds later, so that not all speak at once to one that has just begun to listen. */
static void take_birth(struct mqtt *mqtt, const char *word)
{
	if (strcmp(word, "online") == 0)
		loop_set_timer(mqtt->announce_timer, CLOCK_NS_PER_S + (int64_t)(random_draw() % (2 * CLOCK_NS_PER_S)), 0);
}

void mqtt_commands_take(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes, bool is_retained)
{
	char text[COMMAND_BYTES], camera[CAMERA_NAME_BYTES], other[MQTT_TOPIC_BYTES];
	if (bytes >= sizeof text || memchr(payload, '\0', bytes)) {
		log_warning("MQTT: %zu bytes on %.*s are no command", bytes, utf8_fit(topic, 100), topic);
		return;
	}
	memcpy(text, payload, bytes);
	text[bytes] = '\0';
	utf8_repair(text);
	snprintf(other, sizeof other, "%s/status", mqtt->names.discovery);
	if (strcmp(topic, other) == 0) {
		if (!is_retained) /* we have just said all */
			take_birth(mqtt, text);
		return;
	}
	if (is_retained) {
		log_warning("MQTT: a command that the broker kept on %.*s is not done: send it without retain",
		            utf8_fit(topic, 100), topic);
		return;
	}
	mqtt_topic(&mqtt->names, "", "armed/set", other);
	if (strcmp(topic, other) == 0)
		take_armed(mqtt, text);
	else if (mqtt_topic_camera(&mqtt->names, topic, "command", camera))
		take_line(mqtt, camera, text);
}
