/* Measures of light on R,G,B frames. Pure. */
#ifndef PASTCAM_MEDIA_LUMA_H
#define PASTCAM_MEDIA_LUMA_H

#include "media/frame.h"

/* Share (0-1) of pixels that are clipped (any channel >= 250), judged on every eighth row and column: a saturated sky
 * counts, a street lamp hardly does. */
double luma_clipped_share(const struct frame *frame);

/* Mean of all bytes, 0-255, exact; 0 of none. */
double luma_mean(const uint8_t *bytes, size_t count);

/* Sum of all bytes. */
uint64_t luma_sum(const uint8_t *bytes, size_t count);

/* Copies, and returns the sum of the bytes. */
uint64_t luma_copy(const uint8_t *from, size_t count, uint8_t *to);

#endif
