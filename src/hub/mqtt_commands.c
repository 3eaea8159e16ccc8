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

static void fetch_picture(struct mqtt *mqtt, struct camera *camera);

/* Who asked while one was on its way wants one of then. */
static void end_picture(struct mqtt_camera *known)
{
	struct mqtt *mqtt = known->mqtt;
	struct camera *camera = known->wants_another ? cameras_find(mqtt->cameras, known->name) : NULL;
	mqtt_picture_finish(known);
	if (camera)
		fetch_picture(mqtt, camera);
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
	end_picture(known);
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
	if (mqtt_link_publish(known->mqtt->link, topic, known->bytes, known->length, true) < 0)
		log_warning("MQTT: a picture of camera %s came when the broker was away", known->name);
	end_picture(known);
}

static void on_picture_end(void *data, const struct error *error)
{
	struct mqtt_camera *known = data;
	known->picture = NULL; /* it is gone */
	answer(known->mqtt, known->name, error->code < 0 ? error->text : "NOT_SENT no picture came");
	end_picture(known);
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
	if (!known) {
		answer(mqtt, camera_name(camera), "NOT_SENT no memory");
		return;
	}
	known->wants_another = known->picture;
	if (known->picture)
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
	if (camera && strcmp(line, "get") == 0) {
		fetch_picture(mqtt, camera);
		return;
	}
	if (!camera)
		error_set(&error, -ENOENT, "there is no camera %s", name);
	else if (rule_check_line(line, &error) == 0)
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

/* What is no command at all; NULL: it may be one. */
static const char *why_not(const void *payload, size_t bytes, bool is_retained)
{
	if (is_retained)
		return "the broker kept it: send commands without retain";
	if (bytes >= COMMAND_BYTES)
		return "it is too long for a command";
	return memchr(payload, '\0', bytes) ? "it has a zero byte" : NULL;
}

static void take_command(struct mqtt *mqtt, const char *topic, const char *text, const char *refusal)
{
	char camera[CAMERA_NAME_BYTES] = "", armed[MQTT_TOPIC_BYTES];
	mqtt_topic(&mqtt->names, "", "armed/set", armed);
	bool is_armed = strcmp(topic, armed) == 0;
	bool is_line = !is_armed && mqtt_topic_camera(&mqtt->names, topic, "command", camera);
	if (refusal) {
		log_warning("MQTT: what came on %.*s is not done: %s", utf8_fit(topic, 100), topic, refusal);
		if (is_line)
			answer(mqtt, camera, refusal);
	} else if (is_armed) {
		take_armed(mqtt, text);
	} else if (is_line) {
		take_line(mqtt, camera, text);
	}
}

void mqtt_commands_take(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes, bool is_retained)
{
	char text[COMMAND_BYTES] = "", birth[MQTT_TOPIC_BYTES];
	const char *refusal = why_not(payload, bytes, is_retained);
	if (!refusal) {
		memcpy(text, payload, bytes);
		text[bytes] = '\0';
		utf8_repair(text);
	}
	snprintf(birth, sizeof birth, "%s/status", mqtt->names.discovery);
	if (strcmp(topic, birth) != 0)
		take_command(mqtt, topic, text, refusal);
	else if (!refusal) /* one that is retained: we have just said all */
		take_birth(mqtt, text);
}
