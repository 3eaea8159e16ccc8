/* Only for effects*.c. */
#ifndef PASTCAM_CAMERA_EFFECTS_PRIVATE_H
#define PASTCAM_CAMERA_EFFECTS_PRIVATE_H

#include "effects.h"

/* Where a walker is who is so far through the picture; may reach beyond it. */
struct scene_rect walker_rect(const struct effect *effect, int width, int height, double through);

#endif
