/*
 * What RAUC knows of this machine's system: `rauc status --detailed --output-format=json`, asked now and every ten
 * minutes. Where there is no rauc, nothing is ever told. Its loop's thread, which never waits for it.
 */
#ifndef PASTCAM_HUB_RAUC_H
#define PASTCAM_HUB_RAUC_H

#include <stdbool.h>

#include "base/loop.h"

enum { RAUC_VERSION_BYTES = 64 };

struct rauc_versions {
	char installed[RAUC_VERSION_BYTES]; /* of the system that runs */
	char next[RAUC_VERSION_BYTES];      /* of the one that starts next: another one after `rauc install` */
};

/* Of RAUC's answer; false: it does not tell what runs. Pure. */
bool rauc_parse(const char *json, struct rauc_versions *versions);

struct rauc;

/* told: with each answer. NULL without memory. */
struct rauc *rauc_create(struct loop *loop, void (*told)(void *data, const struct rauc_versions *versions), void *data);
void rauc_destroy(struct rauc *rauc); /* NULL is fine */

#endif
