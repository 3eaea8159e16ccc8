/* What a capture's name tells. Pure. */
#ifndef PASTCAM_HUB_FOUND_FILE_H
#define PASTCAM_HUB_FOUND_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/camera_name.h"

struct found_file {
	char camera[CAMERA_NAME_BYTES]; /* "" when the name begins with none */
	int64_t time_ms;                /* since 1970; the name has local time, to the second */
	int64_t frame;
	bool is_clip;
	int base_length; /* of the name without its extension */
};

/* False when it is no capture's name (docs/protocol.md, Files). */
bool found_file_parse(const char *name, struct found_file *file);

#endif
