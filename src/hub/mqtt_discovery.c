/* Home Assistant's device discovery: one message a camera, with all its entities.
 * home-assistant.io/integrations/mqtt, "Device discovery payload". */
#include <stdio.h>
#include <string.h>

#include "event.h"
#include "mqtt_topics.h"

struct making {
	const struct mqtt_names *names;
	const char *camera;
	cJSON *components;
};

static void add_topic(const struct making *making, cJSON *component, const char *key, const char *camera,
                      const char *what)
{
	char topic[MQTT_TOPIC_BYTES];
	mqtt_topic(making->names, camera, what, topic);
	cJSON_AddStringToObject(component, key, topic);
}

/* Key and unique id never change, whatever is renamed. */
static cJSON *add(const struct making *making, const char *key, const char *platform, const char *name)
{
	char id[160];
	cJSON *component = cJSON_AddObjectToObject(making->components, key);
	snprintf(id, sizeof id, "pastcam_%s_%s_%s", making->names->identity, making->camera, key);
	cJSON_AddStringToObject(component, "p", platform);
	cJSON_AddStringToObject(component, "unique_id", id);
	cJSON_AddStringToObject(component, "name", name);
	return component;
}

static void add_motion(const struct making *making, const struct mqtt_zone *zone)
{
	char part[48], key[64], name[64], topic[MQTT_TOPIC_BYTES];
	mqtt_part(zone->name, part, sizeof part);
	snprintf(key, sizeof key, "motion_%s", part);
	snprintf(name, sizeof name, strcmp(zone->name, "all") == 0 ? "Motion" : "Motion %s", zone->name);
	cJSON *component = add(making, key, "binary_sensor", name);
	mqtt_zone_topic(making->names, making->camera, zone->name, topic);
	cJSON_AddStringToObject(component, "device_class", "motion");
	cJSON_AddStringToObject(component, "state_topic", topic);
}

static void add_event(const struct making *making)
{
	const char *type;
	cJSON *component = add(making, "event", "event", "Event");
	cJSON *types = cJSON_AddArrayToObject(component, "event_types");
	for (size_t i = 0; (type = event_type_at(i)) != NULL; i++)
		cJSON_AddItemToArray(types, cJSON_CreateString(type));
	add_topic(making, component, "state_topic", making->camera, "event");
	cJSON_AddStringToObject(
	    component, "value_template",
	    "{{ {'event_type': value_json.event, 'label': value_json.label | default(''), "
	    "'zone': value_json.zone | default(''), 'path': value_json.path | default('')} | to_json }}");
}

static void add_pictures(const struct making *making)
{
	cJSON *camera = add(making, "camera", "camera", "Picture");
	add_topic(making, camera, "topic", making->camera, "picture");
	cJSON *image = add(making, "image", "image", "Last picture");
	if (making->names->page_url[0]) {
		add_topic(making, image, "url_topic", making->camera, "picture_url");
	} else {
		cJSON_AddStringToObject(image, "content_type", "image/jpeg");
		add_topic(making, image, "image_topic", making->camera, "picture");
	}
}

static void add_button(const struct making *making, const char *key, const char *name, const char *line)
{
	cJSON *button = add(making, key, "button", name);
	add_topic(making, button, "command_topic", making->camera, "command");
	cJSON_AddStringToObject(button, "payload_press", line);
}

static void add_armed(const struct making *making)
{
	cJSON *armed = add(making, "armed", "switch", "Armed");
	add_topic(making, armed, "state_topic", "", "armed");
	add_topic(making, armed, "command_topic", "", "armed/set");
}

/* Its state comes with the sensors', and at once after somebody has switched it, by whatever way. */
static void add_motion_switch(const struct making *making)
{
	cJSON *motion = add(making, "motion", "switch", "Look for motion");
	add_topic(making, motion, "state_topic", making->camera, "state");
	cJSON_AddStringToObject(motion, "value_template", "{{ value_json.motion }}");
	cJSON_AddStringToObject(motion, "state_on", "ON");
	cJSON_AddStringToObject(motion, "state_off", "OFF");
	add_topic(making, motion, "command_topic", making->camera, "command");
	cJSON_AddStringToObject(motion, "payload_on", "motion on");
	cJSON_AddStringToObject(motion, "payload_off", "motion off");
}

/* It tells; installing is for who has the bundles. */
static void add_update(const struct making *making)
{
	cJSON *update = add(making, "update", "update", "System");
	add_topic(making, update, "state_topic", "", "update");
	cJSON_AddStringToObject(update, "device_class", "firmware");
	cJSON_AddStringToObject(update, "entity_category", "diagnostic");
}

static void add_sensors(const struct making *making)
{
	static const struct {
		const char *key, *name, *unit, *device_class, *state_class;
	} sensors[] = {
		{ "light", "Light", NULL, NULL, "measurement" },
		{ "night", "Day or night", NULL, NULL, NULL },
		{ "ring_s", "Past in memory", "s", "duration", "measurement" },
		{ "free_mib", "Free space", "MiB", "data_size", "measurement" },
		{ "rss_mib", "Memory", "MiB", "data_size", "measurement" },
		{ "frame_age_s", "Age of the last frame", "s", "duration", "measurement" },
	};
	for (size_t i = 0; i < sizeof sensors / sizeof sensors[0]; i++) {
		char template[64];
		cJSON *sensor = add(making, sensors[i].key, "sensor", sensors[i].name);
		snprintf(template, sizeof template, "{{ value_json.%s }}", sensors[i].key);
		add_topic(making, sensor, "state_topic", making->camera, "state");
		cJSON_AddStringToObject(sensor, "value_template", template);
		if (sensors[i].unit)
			cJSON_AddStringToObject(sensor, "unit_of_measurement", sensors[i].unit);
		if (sensors[i].device_class)
			cJSON_AddStringToObject(sensor, "device_class", sensors[i].device_class);
		if (sensors[i].state_class)
			cJSON_AddStringToObject(sensor, "state_class", sensors[i].state_class);
		if (i >= 2)
			cJSON_AddStringToObject(sensor, "entity_category", "diagnostic");
	}
}

static void add_availability(const struct making *making, cJSON *message)
{
	static const char *const of_hub = "";
	const char *const cameras[] = { of_hub, making->camera };
	cJSON *list = cJSON_AddArrayToObject(message, "availability");
	for (size_t i = 0; i < 2; i++) {
		cJSON *item = cJSON_CreateObject();
		add_topic(making, item, "topic", cameras[i], "status");
		cJSON_AddItemToArray(list, item);
	}
	cJSON_AddStringToObject(message, "availability_mode", "all");
}

static void add_heads(const struct making *making, cJSON *message, const char *model)
{
	char id[128], name[128];
	snprintf(id, sizeof id, "pastcam_%s_%s", making->names->identity, making->camera);
	snprintf(name, sizeof name, "%s %s", making->names->node, making->camera);
	cJSON *device = cJSON_AddObjectToObject(message, "device");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(device, "identifiers"), cJSON_CreateString(id));
	cJSON_AddStringToObject(device, "name", name);
	cJSON_AddStringToObject(device, "manufacturer", "pastcam");
	if (model[0])
		cJSON_AddStringToObject(device, "model", model);
	cJSON_AddStringToObject(device, "sw_version", PASTCAM_VERSION);
	if (making->names->page_url[0])
		cJSON_AddStringToObject(device, "configuration_url", making->names->page_url);
	cJSON *origin = cJSON_AddObjectToObject(message, "origin");
	cJSON_AddStringToObject(origin, "name", "pastcam-hub");
	cJSON_AddStringToObject(origin, "sw_version", PASTCAM_VERSION);
}

char *mqtt_discovery(const struct mqtt_names *names, const struct mqtt_device *device)
{
	cJSON *message = cJSON_CreateObject();
	struct making making = { .names = names, .camera = device->camera };
	add_heads(&making, message, device->model);
	add_availability(&making, message);
	making.components = cJSON_AddObjectToObject(message, "components");
	for (size_t i = 0; i < device->zone_count; i++)
		add_motion(&making, &device->zones[i]);
	add_event(&making);
	add_pictures(&making);
	add_armed(&making);
	if (device->has_motion)
		add_motion_switch(&making);
	add_button(&making, "save", "Save a picture", "save");
	add_button(&making, "clip", "Save a clip", "clip");
	add_button(&making, "look", "Show a picture", "get");
	add_sensors(&making);
	if (device->has_update)
		add_update(&making);
	cJSON_AddNumberToObject(message, "qos", 1);
	char *text = cJSON_PrintUnformatted(message);
	cJSON_Delete(message);
	return text;
}
