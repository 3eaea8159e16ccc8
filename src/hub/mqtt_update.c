/* The system that runs, and the one that starts next, where RAUC tells of them. */
#include <string.h>

#include "mqtt_private.h"

void mqtt_tell_update(struct mqtt *mqtt)
{
	char topic[MQTT_TOPIC_BYTES];
	mqtt_topic(&mqtt->names, "", "update", topic);
	if (mqtt->update[0])
		mqtt_retain(mqtt, topic, mqtt->update);
}

void mqtt_on_rauc(void *data, const struct rauc_versions *versions)
{
	struct mqtt *mqtt = data;
	bool is_first = !mqtt->update[0];
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "installed_version", versions->installed);
	cJSON_AddStringToObject(json, "latest_version", versions->next);
	cJSON_PrintPreallocated(json, mqtt->update, sizeof mqtt->update, false);
	cJSON_Delete(json);
	if (!mqtt_link_is_up(mqtt->link))
		return;
	for (size_t i = 0; is_first && i < mqtt->count; i++)
		mqtt_announce(mqtt, mqtt->known[i]);
	mqtt_tell_update(mqtt);
}
