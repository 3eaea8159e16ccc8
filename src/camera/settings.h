/* The settings of struct camera_settings as a list that a backend can go through. Pure. */
#ifndef PASTCAM_CAMERA_SETTINGS_H
#define PASTCAM_CAMERA_SETTINGS_H

#include <stddef.h>

#include "camera/camera.h"

struct camera_setting {
	const char *name;    /* the configuration's, without "camera." */
	const char *control; /* libcamera's */
	double value;        /* as the control takes it; of words, libcamera's number */
	const char *word;    /* NULL for numbers */
};

enum { CAMERA_SETTINGS_MAX = 12 };

/* Those that ask for anything else than what a camera does by itself. Returns how many. */
size_t camera_settings_list(const struct camera_settings *settings, struct camera_setting list[CAMERA_SETTINGS_MAX]);

/* Appends "name value" to text (of 256 bytes), after a comma. */
void camera_setting_tell(const struct camera_setting *setting, char text[256]);

/* For a backend that can do none of them. */
void camera_settings_refuse(const struct camera_settings *settings, const char *backend,
                            struct camera_description *description);

/* What refused becomes a sentence: "this camera has no …". Nothing where text is empty. */
void camera_settings_explain(const char *who, char text[256]);

#endif
