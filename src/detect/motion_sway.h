/*
 * Texture that moves to and fro in its place: leaves in the wind, and all of the picture where the wind shakes the
 * camera or the lens breathes. Private to src/detect.
 *
 * What has been displaced by no more than MOTION_SWAY_REACH cells is found near by in the background, and what was here
 * in the background is found near by in the picture (A. Elgammal, D. Harwood and L. Davis, "Non-parametric Model for
 * Background Subtraction", ECCV 2000, ask the first of these). What covers fails one of them: it brings a brightness
 * that the background has not there, or, as a plain coat before a hedge, takes away those that it had.
 */
#ifndef PASTCAM_DETECT_MOTION_SWAY_H
#define PASTCAM_DETECT_MOTION_SWAY_H

#include "motion_planes.h"

/* In cells, to each side. Beyond it leaves are so far from where they were that the spread must know them. */
enum { MOTION_SWAY_REACH = 2 };

/* Clears of planes->changed what a displacement explains; true when there was any. */
bool motion_sway_clear(struct motion_planes *planes, const uint16_t *luma);

#endif
