/* Who this machine is, in topics, in ids and to the broker. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/fsio.h"
#include "mqtt_private.h"
#include "node.h"
#include "sha256.h"

/* Of the machine, and the same for good: what Home Assistant knows its entities by. */
static int find_identity(struct mqtt *mqtt, struct error *error)
{
	static const char key[] = "pastcam-hub";
	char machine[128], hex[SHA256_HEX_BYTES];
	if (store_get(mqtt->store, "identity", mqtt->names.identity, sizeof mqtt->names.identity))
		return 0;
	ssize_t length = fsio_read_small("/etc/machine-id", machine, sizeof machine);
	if (length < 32 && getrandom(machine, 32, 0) == 32)
		length = 32;
	if (length < 32 || sha256_hmac(key, sizeof key - 1, machine, 32, hex) < 0)
		return error_set(error, -EIO, "no name for this machine can be made");
	snprintf(mqtt->names.identity, sizeof mqtt->names.identity, "%.12s", hex);
	store_set(mqtt->store, "identity", mqtt->names.identity);
	return 0;
}

int mqtt_find_names(struct mqtt *mqtt, struct error *error)
{
	const struct config *config = mqtt->config;
	char node[NODE_BYTES];
	node_name(config, node);
	mqtt_part(node, mqtt->names.node, sizeof mqtt->names.node);
	if (strlen(config->hub.mqtt.discovery) >= sizeof mqtt->names.discovery ||
	    strlen(config->hub.page_url) >= sizeof mqtt->names.page_url || strpbrk(config->hub.mqtt.discovery, "+#"))
		return error_set(error, -EINVAL,
		                 "hub.mqtt.discovery must be a topic of at most 63 bytes without + and #, and "
		                 "hub.page_url have at most 255 bytes");
	strcpy(mqtt->names.discovery, config->hub.mqtt.discovery);
	strcpy(mqtt->names.page_url, config->hub.page_url);
	size_t length = strlen(mqtt->names.page_url);
	if (length > 0 && mqtt->names.page_url[length - 1] == '/')
		mqtt->names.page_url[length - 1] = '\0';
	int result = find_identity(mqtt, error);
	snprintf(mqtt->client_id, sizeof mqtt->client_id, "pastcam-hub-%s", mqtt->names.identity);
	mqtt_topic(&mqtt->names, "", "status", mqtt->status_topic);
	if (result == 0 && config->hub.mqtt.password_file[0])
		result = secret_read("hub.mqtt.password_file", config->hub.mqtt.password_file, mqtt->password, error);
	return result;
}
