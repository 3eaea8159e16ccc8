/* Where the captures of all cameras are, by the configuration. */
#ifndef PASTCAM_HUB_FOLDERS_H
#define PASTCAM_HUB_FOLDERS_H

#include "hub.h"

struct folders {
	size_t count;
	struct {
		char path[CONFIG_TEXT_BYTES];
		char camera[CAMERA_NAME_BYTES]; /* whose files those are that begin with no camera's name */
	} at[CONFIG_CAMERAS_MAX + 1];
};

/* Each folder once. -ENOMEM, or as config_load. */
int folders_find(const struct hub *hub, struct folders *folders, struct error *error);

#endif
