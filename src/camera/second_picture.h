/* The smaller picture beside each frame (camera_params.second_width): what any kind of camera says of it. Pure. */
#ifndef PASTCAM_CAMERA_SECOND_PICTURE_H
#define PASTCAM_CAMERA_SECOND_PICTURE_H

#include <stdbool.h>

#include "camera/camera.h"

/* Whether one is asked for that a camera of these frames can be asked for at all: of even size, since chroma has half
 * of it, and no larger than the frames. Else, where one is asked for, description->second_refused says why not. */
bool second_picture_fits(const struct camera_params *params, struct camera_description *description);

/* For a camera that has none: says so where one is asked for. */
void second_picture_refuse(const struct camera_params *params, const char *who, struct camera_description *description);

#endif
