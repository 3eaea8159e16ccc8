#include "node.h"

#include <stdio.h>
#include <unistd.h>

void node_name(const struct config *config, char name[NODE_BYTES])
{
	char host[NODE_BYTES] = "";
	const char *given = config->hub.mqtt.node;
	gethostname(host, sizeof host - 1);
	snprintf(name, NODE_BYTES, "%.64s", given[0] ? given : host[0] ? host : "pastcam");
}
