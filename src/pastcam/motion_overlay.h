/* What motion detection has seen, drawn for eyes. */
#ifndef PASTCAM_PASTCAM_MOTION_OVERLAY_H
#define PASTCAM_PASTCAM_MOTION_OVERLAY_H

#include "compose_motion.h"

/* Draws into R,G,B pixels: cells that move tinted red, zones outlined in yellow (green while they move), what is
 * ignored in grey, boxes in red. */
void motion_overlay_draw(uint8_t *rgb, int width, int height, const struct motion_setup *setup,
                         const struct motion *motion);

#endif
