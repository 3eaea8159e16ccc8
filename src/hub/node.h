/* What this machine is called: in topics, and in the addresses of uploads. */
#ifndef PASTCAM_HUB_NODE_H
#define PASTCAM_HUB_NODE_H

#include "config/config.h"

enum { NODE_BYTES = 65 };

/* hub.mqtt.node, or the machine's name; never "". */
void node_name(const struct config *config, char name[NODE_BYTES]);

#endif
