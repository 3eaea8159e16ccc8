/*
 * A camera's name: the key under "cameras" in config.json, the stem of its socket and the first part of its file names.
 * Letters, digits, '-' and '_'; it begins with a letter or a digit and has at most 32 of them, so that it is safe in a
 * path, in a systemd unit's name, in a topic and in a URL. Pure, any thread.
 */
#ifndef PASTCAM_BASE_CAMERA_NAME_H
#define PASTCAM_BASE_CAMERA_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { CAMERA_NAME_BYTES = 33 }; /* with the terminator */

bool camera_name_is_good(const char *name, size_t length);

/* What a name must be, as the end of an error: "must be 1 to 32 letters …". */
const char *camera_name_rule(void);

#endif
