#include "mqtt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "mqtt_private.h"
#include "rule_engine.h"

enum { STATE_EVERY_S = 30, ARMED_EVERY_S = 2, FORGET_AFTER_S = 5 };

void mqtt_retain(struct mqtt *mqtt, const char *topic, const char *payload)
{
	mqtt_link_publish(mqtt->link, topic, payload, strlen(payload), true);
}

static void retain_of(struct mqtt *mqtt, const char *camera, const char *what, const char *payload)
{
	char topic[MQTT_TOPIC_BYTES];
	mqtt_topic(&mqtt->names, camera, what, topic);
	mqtt_retain(mqtt, topic, payload);
}

/* --- the cameras and their zones --- */

struct mqtt_camera *mqtt_known(struct mqtt *mqtt, const char *name)
{
	for (size_t i = 0; i < mqtt->count; i++)
		if (strcmp(mqtt->known[i]->name, name) == 0)
			return mqtt->known[i];
	struct mqtt_camera *known = mqtt->count < CLIENT_CAMERAS_MAX ? calloc(1, sizeof *known) : NULL;
	if (!known)
		return NULL;
	snprintf(known->name, sizeof known->name, "%s", name);
	known->mqtt = mqtt;
	mqtt->known[mqtt->count++] = known;
	return known;
}

static struct mqtt_zone *zone_of(struct mqtt_camera *known, const char *name, bool *is_new)
{
	for (size_t i = 0; i < known->zone_count; i++)
		if (strcmp(known->zones[i].name, name) == 0)
			return &known->zones[i];
	if (known->zone_count == MQTT_ZONES_MAX) {
		log_fault_begin(&known->too_many_zones, "Camera %s has had more than %d zones: MQTT is not told of zone %s",
		                known->name, MQTT_ZONES_MAX, name);
		return NULL;
	}
	struct mqtt_zone *zone = &known->zones[known->zone_count++];
	*zone = (struct mqtt_zone){ .moves = false };
	snprintf(zone->name, sizeof zone->name, "%s", name);
	*is_new = true;
	return zone;
}

static void tell_zone(struct mqtt *mqtt, const struct mqtt_camera *known, const struct mqtt_zone *zone)
{
	char topic[MQTT_TOPIC_BYTES];
	mqtt_zone_topic(&mqtt->names, known->name, zone->name, topic);
	mqtt_retain(mqtt, topic, zone->moves ? "ON" : "OFF");
}

/* --- telling --- */

void mqtt_announce(struct mqtt *mqtt, const struct mqtt_camera *known)
{
	char topic[MQTT_TOPIC_BYTES];
	const struct mqtt_device device = {
		.camera = known->name,
		.model = known->model,
		.zones = known->zones,
		.zone_count = known->zone_count,
		.has_motion = known->has_motion,
		.has_update = mqtt->update[0],
	};
	char *text = mqtt_discovery(&mqtt->names, &device);
	if (!text)
		return;
	mqtt_config_topic(&mqtt->names, known->name, topic);
	if (mqtt->names.discovery[0])
		mqtt_retain(mqtt, topic, text);
	free(text);
	mqtt_remember_topics(mqtt, known);
}

static void tell_camera(struct mqtt *mqtt, struct camera *camera)
{
	retain_of(mqtt, camera_name(camera), "status", camera_is_online(camera) ? "online" : "offline");
}

void mqtt_tell_armed(struct mqtt *mqtt)
{
	mqtt->armed = rule_engine_is_armed(mqtt->store);
	retain_of(mqtt, "", "armed", mqtt->armed ? "ON" : "OFF");
}

static void tell_known(struct mqtt *mqtt, const struct mqtt_camera *known)
{
	for (size_t i = 0; i < known->zone_count; i++)
		tell_zone(mqtt, known, &known->zones[i]);
	if (known->picture_url[0])
		retain_of(mqtt, known->name, "picture_url", known->picture_url);
}

/* Home Assistant's discovery first, then what it tells of. */
static void tell_all(struct mqtt *mqtt)
{
	for (size_t i = 0; i < mqtt->count; i++)
		mqtt_announce(mqtt, mqtt->known[i]);
	mqtt_retain(mqtt, mqtt->status_topic, "online");
	for (size_t i = 0; i < cameras_count(mqtt->cameras); i++) {
		struct camera *camera = cameras_at(mqtt->cameras, i);
		tell_camera(mqtt, camera);
		if (camera_is_online(camera))
			camera_ask_status(camera);
	}
	for (size_t i = 0; i < mqtt->count; i++)
		tell_known(mqtt, mqtt->known[i]);
	mqtt_tell_armed(mqtt);
	mqtt_tell_update(mqtt);
}

/* --- what the broker's connection tells --- */

static void on_up(void *data)
{
	struct mqtt *mqtt = data;
	mqtt_commands_subscribe(mqtt);
	tell_all(mqtt);
	mqtt_queue_up(mqtt->queue);
	loop_set_timer(mqtt->forget_timer, FORGET_AFTER_S * CLOCK_NS_PER_S, 0);
}

static void on_down(void *data)
{
	const struct mqtt *mqtt = data;
	mqtt_queue_down(mqtt->queue);
}

static void on_message(void *data, const char *topic, const void *payload, size_t bytes, bool is_retained)
{
	mqtt_commands_take(data, topic, payload, bytes, is_retained);
}

static void on_acknowledged(void *data, int message_id)
{
	const struct mqtt *mqtt = data;
	mqtt_queue_acknowledged(mqtt->queue, message_id);
}

/* --- what the hub tells --- */

static void tell_picture_url(struct mqtt *mqtt, struct mqtt_camera *known, const struct hub_event *event)
{
	char url[sizeof known->picture_url];
	const char *path = event_text(event, "path");
	size_t length = strlen(path);
	if (strcmp(event->type, "picture.saved") != 0 || length < 5 || strcmp(path + length - 4, ".jpg") != 0 ||
	    !event_url(event, mqtt->names.page_url, url, sizeof url))
		return;
	strcpy(known->picture_url, url);
	retain_of(mqtt, known->name, "picture_url", url);
}

void mqtt_event(struct mqtt *mqtt, struct camera *camera, const struct hub_event *event)
{
	char topic[MQTT_TOPIC_BYTES];
	struct mqtt_camera *known = mqtt_known(mqtt, camera_name(camera));
	char *text = cJSON_PrintUnformatted(event->json);
	mqtt_topic(&mqtt->names, event->camera, "event", topic);
	if (text)
		mqtt_queue_add(mqtt->queue, topic, text);
	free(text);
	bool is_start = strcmp(event->type, "motion.start") == 0, is_new = false;
	if (known && (is_start || strcmp(event->type, "motion.end") == 0)) {
		struct mqtt_zone *zone = zone_of(known, event->zone, &is_new);
		if (is_new)
			mqtt_announce(mqtt, known);
		if (zone) {
			zone->moves = is_start;
			tell_zone(mqtt, known, zone);
		}
	}
	if (strcmp(event->type, "motion.on") == 0 || strcmp(event->type, "motion.off") == 0)
		camera_ask_status(camera); /* the switch */
	if (known)
		tell_picture_url(mqtt, known, event);
}

void mqtt_camera_changed(struct mqtt *mqtt, struct camera *camera)
{
	struct mqtt_camera *known = mqtt_known(mqtt, camera_name(camera));
	if (known && camera_is_online(camera))
		mqtt_announce(mqtt, known);
	tell_camera(mqtt, camera);
}

/* True when an entity was added. */
static bool take_zones(struct mqtt *mqtt, struct mqtt_camera *known, const cJSON *status)
{
	const cJSON *motion = cJSON_GetObjectItemCaseSensitive(status, "motion"), *item;
	bool is_new = false;
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(motion, "zones"))
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
		const cJSON *state = cJSON_GetObjectItemCaseSensitive(item, "status");
		bool is_this = false;
		struct mqtt_zone *zone = cJSON_IsString(name) ? zone_of(known, name->valuestring, &is_this) : NULL;
		bool moves = cJSON_IsString(state) && strcmp(state->valuestring, "MOTION") == 0;
		is_new = is_new || is_this;
		if (zone && (is_this || zone->moves != moves)) {
			zone->moves = moves;
			tell_zone(mqtt, known, zone);
		}
	}
	return is_new;
}

void mqtt_camera_status(struct mqtt *mqtt, struct camera *camera, const cJSON *status)
{
	struct mqtt_camera *known = mqtt_known(mqtt, camera_name(camera));
	const cJSON *section = cJSON_GetObjectItemCaseSensitive(status, "camera");
	const cJSON *model = cJSON_GetObjectItemCaseSensitive(section, "model");
	if (!known)
		return;
	const cJSON *motion = cJSON_GetObjectItemCaseSensitive(status, "motion");
	bool has_motion = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(motion, "enabled"));
	bool is_other = take_zones(mqtt, known, status) || known->has_motion != has_motion;
	known->has_motion = has_motion;
	if (cJSON_IsString(model) && strncmp(known->model, model->valuestring, sizeof known->model - 1) != 0) {
		snprintf(known->model, sizeof known->model, "%s", model->valuestring);
		is_other = true;
	}
	if (is_other)
		mqtt_announce(mqtt, known);
	char *state = mqtt_state(status);
	if (state)
		retain_of(mqtt, known->name, "state", state);
	free(state);
}

void mqtt_store_recovered(struct mqtt *mqtt)
{
	mqtt_queue_down(mqtt->queue);
	mqtt_queue_up(mqtt->queue);
}

void mqtt_say(struct mqtt *mqtt, const char *topic, const char *payload)
{
	mqtt_queue_add(mqtt->queue, topic, payload);
}

/* --- timers --- */

static void on_state(void *data, uint32_t times)
{
	(void)times;
	const struct mqtt *mqtt = data;
	for (size_t i = 0; mqtt_link_is_up(mqtt->link) && i < cameras_count(mqtt->cameras); i++)
		if (camera_is_online(cameras_at(mqtt->cameras, i)))
			camera_ask_status(cameras_at(mqtt->cameras, i));
}

/* `pastcam-hub arm` writes beside us. */
static void on_armed(void *data, uint32_t times)
{
	(void)times;
	struct mqtt *mqtt = data;
	if (mqtt_link_is_up(mqtt->link) && mqtt->armed != rule_engine_is_armed(mqtt->store))
		mqtt_tell_armed(mqtt);
}

static void on_announce(void *data, uint32_t times)
{
	(void)times;
	struct mqtt *mqtt = data;
	if (mqtt_link_is_up(mqtt->link))
		tell_all(mqtt);
}

/* --- life --- */

struct mqtt *mqtt_create(struct loop *loop, const struct config *config, struct store *store, struct store *outbox,
                         struct error *error)
{
	struct mqtt *mqtt = calloc(1, sizeof *mqtt);
	if (!mqtt) {
		error_set(error, -ENOMEM, "no memory for MQTT");
		return NULL;
	}
	*mqtt = (struct mqtt){ .loop = loop, .config = config, .store = store, .armed = -1 };
	int result = mqtt_find_names(mqtt, error);
	mqtt->queue = result == 0 ? mqtt_queue_create(outbox, config->hub.mqtt.queue, error) : NULL;
	mqtt->state_timer = loop_add_timer(loop, on_state, mqtt);
	mqtt->announce_timer = loop_add_timer(loop, on_announce, mqtt);
	mqtt->armed_timer = loop_add_timer(loop, on_armed, mqtt);
	mqtt->forget_timer = loop_add_timer(loop, mqtt_on_forget, mqtt);
	if (mqtt->queue && mqtt->state_timer && mqtt->announce_timer && mqtt->armed_timer && mqtt->forget_timer)
		return mqtt;
	if (mqtt->queue)
		error_set(error, -ENOMEM, "no timers for MQTT");
	mqtt_destroy(mqtt);
	return NULL;
}

int mqtt_begin(struct mqtt *mqtt, struct cameras *cameras, struct error *error)
{
	const struct config *config = mqtt->config;
	const bool tls = config->hub.mqtt.tls || config->hub.mqtt.ca_file[0];
	const struct mqtt_link_params params = {
		.host = config->hub.mqtt.host,
		.port = config->hub.mqtt.port ? config->hub.mqtt.port
		        : tls                 ? 8883
		                              : 1883,
		.client_id = mqtt->client_id,
		.user = config->hub.mqtt.user,
		.password = mqtt->password,
		.ca_file = config->hub.mqtt.ca_file,
		.cert_file = config->hub.mqtt.cert_file,
		.key_file = config->hub.mqtt.key_file,
		.will_topic = mqtt->status_topic,
		.keepalive_s = config->hub.mqtt.keepalive_s,
		.tls = tls,
		.version_5 = config->hub.mqtt.version == 1,
		.up = on_up,
		.down = on_down,
		.message = on_message,
		.acknowledged = on_acknowledged,
		.data = mqtt,
	};
	mqtt->cameras = cameras;
	for (size_t i = 0; i < cameras_count(cameras); i++)
		mqtt_known(mqtt, camera_name(cameras_at(cameras, i)));
	mqtt->link = mqtt_link_create(mqtt->loop, &params, error);
	if (!mqtt->link)
		return error->code;
	mqtt_queue_set_link(mqtt->queue, mqtt->link);
	mqtt->rauc = rauc_create(mqtt->loop, mqtt_on_rauc, mqtt);
	loop_set_timer(mqtt->state_timer, STATE_EVERY_S * CLOCK_NS_PER_S, STATE_EVERY_S * CLOCK_NS_PER_S);
	loop_set_timer(mqtt->armed_timer, ARMED_EVERY_S * CLOCK_NS_PER_S, ARMED_EVERY_S * CLOCK_NS_PER_S);
	return 0;
}

void mqtt_destroy(struct mqtt *mqtt)
{
	if (!mqtt)
		return;
	rauc_destroy(mqtt->rauc);
	mqtt_link_destroy(mqtt->link);
	mqtt_queue_destroy(mqtt->queue);
	for (size_t i = 0; i < mqtt->count; i++) {
		mqtt_picture_finish(mqtt->known[i]);
		free(mqtt->known[i]);
	}
	loop_remove(mqtt->state_timer);
	loop_remove(mqtt->announce_timer);
	loop_remove(mqtt->armed_timer);
	loop_remove(mqtt->forget_timer);
	free(mqtt);
}
