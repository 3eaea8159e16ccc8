/* pastcam-hub: follows the events of this machine's cameras, remembers them, and acts on them. One thread runs the loop
 * and all that is here; what waits for disks and networks has threads of its own. */
#ifndef PASTCAM_HUB_HUB_H
#define PASTCAM_HUB_HUB_H

#include "base/loop.h"
#include "config/config.h"
#include "export/seal.h"

struct hub {
	const struct config *config;
	const char *config_path;        /* from which it came, and */
	const char *const *assignments; /* what -o has changed in it */
	size_t assignment_count;
	struct loop *loop;
	struct seal_recipients recipients; /* of the events that are stored */
	struct store *store, *outbox;
	struct syncer *syncer;
	struct keeper *keeper;
	struct rule_engine *rules;
	struct mqtt *mqtt; /* NULL: hub.mqtt.host is empty */
	struct webhooks *webhooks;
	struct uploads *uploads;
	struct cameras *cameras;
};

#endif
