/* Where webhooks go: hub.webhooks, and addresses that stand in rules. Pure, but for the files of secrets. */
#ifndef PASTCAM_HUB_WEBHOOK_TARGETS_H
#define PASTCAM_HUB_WEBHOOK_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secret.h"

enum { WEBHOOK_TARGETS_MAX = 32, WEBHOOK_URL_BYTES = 512, WEBHOOK_OWN_HEADERS_MAX = 8, WEBHOOK_BODY_BYTES = 2048 };

struct webhook_target {
	char name[WEBHOOK_URL_BYTES]; /* or its address, of one that stands in a rule */
	char url[WEBHOOK_URL_BYTES];
	char body[WEBHOOK_BODY_BYTES]; /* with {camera} and the like; "": the event */
	char headers[WEBHOOK_OWN_HEADERS_MAX][256];
	size_t header_count;
	char secret[SECRET_BYTES]; /* "" is none */
	char token[SECRET_BYTES];  /* of an Authorization header; "" is none */
	bool attach;
	double timeout_s;
};

struct webhook_targets {
	size_t count;
	struct webhook_target at[WEBHOOK_TARGETS_MAX];
};

/* json: a list. -EINVAL, and why; -EACCES and the like for files of secrets. */
int webhook_targets_parse(const char *json, struct webhook_targets *targets, struct error *error);

/* By its name; an address is added when it is new. NULL: there is none such, or no room. */
struct webhook_target *webhook_targets_find(struct webhook_targets *targets, const char *name);

bool webhook_is_url(const char *text);

#endif
