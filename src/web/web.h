/* What the parts of pastcam-web share. Everything runs on one thread, that of the loop. */
#ifndef PASTCAM_WEB_WEB_H
#define PASTCAM_WEB_WEB_H

#include <stdbool.h>

#include "auth.h"
#include "base/loop.h"
#include "config/config.h"

struct web {
	const struct config *config;
	const char *config_path;        /* where settings are kept */
	const char *const *assignments; /* of -o, which settings cannot change */
	size_t assignment_count;
	char machine[65]; /* host name */
	bool tls;
	struct loop *loop;
	struct auth auth;
	struct cameras *cameras;
	struct http *http;
	struct live *live;
	struct hls *hls;
	struct events *events;
	struct history *history;
};

#endif
