/*
 * Is a patch that has changed lit, or covered by something? Private to src/detect.
 *
 * Light multiplies what it falls on with a field that is smooth in space. So a patch that is only lit keeps its
 * texture, whatever the gain, and fades out at its boundary; what covers brings a texture of its own, and an outline.
 * Neither alone tells: clipping and tone curves take texture away, a shadow may have a hard edge, and what moves far
 * while a frame is exposed is a smear that the background shows through. So two are weighed together:
 *
 * Likeness is the normalised cross-correlation of the gradients of picture and background, 1 where the texture stayed
 * and 0 where it is another (J. Jacques, C. Jung and S. Musse, "Background Subtraction and Shadow Detection in
 * Grayscale Video Sequences", SIBGRAPI 2005, know shadows by that of brightness).
 *
 * Outline is the share of the boundary at which the difference from the background ends at once, and the light does not
 * explain that it does: it makes less of a difference to what is darker, and none to what the camera clips.
 */
#ifndef PASTCAM_DETECT_MOTION_TEXTURE_H
#define PASTCAM_DETECT_MOTION_TEXTURE_H

#include "motion_planes.h"

struct motion_texture {
	double now_was, now_now, was_was; /* sums of products of gradients that stand out */
	double now_past, past_past;       /* with those of the frames before */
	int edges;                        /* gradients that stand out and are new */
	int boundary, sharp, seen; /* places of the boundary; where it is one; where the picture itself has it, too */
};

/* Adds what a changed cell, at column x of row y, knows. */
void motion_texture_add(struct motion_texture *texture, const struct motion_planes *planes, const uint16_t *luma, int x,
                        int y);

/* Of a patch of so many cells, of which those of every so manieth row were added. is_restless: the light changes there,
 * and with it how well the background is known, so that only such an outline counts as the picture itself shows. */
bool motion_texture_covers(const struct motion_texture *texture, int cells, int every, bool is_restless);

#endif
