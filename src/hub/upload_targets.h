/* Where uploads go: hub.uploads. Pure, but for the files of keys. */
#ifndef PASTCAM_HUB_UPLOAD_TARGETS_H
#define PASTCAM_HUB_UPLOAD_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secret.h"

enum { UPLOAD_TARGETS_MAX = 8, UPLOAD_URL_BYTES = 512, UPLOAD_OBJECT_BYTES = 2048 };

struct upload_target {
	char name[64], row[72];     /* as rules call it, and as rows of deliveries do: "upload NAME" */
	char url[UPLOAD_URL_BYTES]; /* of the bucket, and what names in it begin with; {node}, {camera}, {date} in it */
	char region[64];
	char access_key[SECRET_BYTES], secret_key[SECRET_BYTES];
	bool delete; /* the file here, once it is there */
	double timeout_s;
};

struct upload_targets {
	size_t count;
	struct upload_target at[UPLOAD_TARGETS_MAX];
};

/* json: a list. -EINVAL, and why; -EACCES and the like for files of keys. */
int upload_targets_parse(const char *json, struct upload_targets *targets, struct error *error);

/* -ENOENT. */
int upload_targets_index(const struct upload_targets *targets, const char *name);

/* The address of an object: url with its values, and the last part of path, all of it with %XX where it must be.
 * -EMSGSIZE. */
int upload_object(const struct upload_target *target, const char *node, const char *camera, int64_t time_ms,
                  const char *path, char object[UPLOAD_OBJECT_BYTES]);

#endif
