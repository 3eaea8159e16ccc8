/* Topics, payloads, zones and status texts that a broker or a camera may send. */
#include "fuzz.h"

#include <string.h>

#include "hub/mqtt_topics.h"
#include "hub/rauc.h"
#include "hub/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static const struct mqtt_names names = { .node = "pi", .identity = "0123456789ab", .discovery = "homeassistant" };
	char *text = fuzz_text(data, bytes), camera[CAMERA_NAME_BYTES], topic[MQTT_TOPIC_BYTES];
	struct error error = { .code = 0 };
	struct mqtt_zone zone = { .moves = true };
	if (mqtt_topic_camera(&names, text, "command", camera))
		FUZZ_CHECK(camera_name_is_good(camera, strlen(camera)));
	if (rule_check_line(text, &error) == 0)
		FUZZ_CHECK(!strpbrk(text, "\r\n"));
	else
		FUZZ_CHECK(error.text[0]);
	mqtt_zone_topic(&names, "yard", text, topic);
	FUZZ_CHECK(!strpbrk(topic, "+#\n") && strncmp(topic, "pastcam/pi/yard/motion/", 23) == 0 && strlen(topic) < 100);
	strncpy(zone.name, text, sizeof zone.name - 1);
	const struct mqtt_device device = {
		.camera = "yard", .model = text, .zones = &zone, .zone_count = 1, .has_motion = true, .has_update = true
	};
	char *message = mqtt_discovery(&names, &device);
	cJSON *json = message ? cJSON_Parse(message) : NULL;
	FUZZ_CHECK(json);
	cJSON_Delete(json);
	free(message);
	struct rauc_versions versions;
	rauc_parse(text, &versions);
	cJSON *status = cJSON_Parse(text);
	free(mqtt_state(status));
	cJSON_Delete(status);
	free(text);
	return 0;
}
