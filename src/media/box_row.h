/*
 * A row of a picture that is smaller by 2, 3 or 4 both ways, from the camera's bytes to R,G,B in registers, the sum on
 * the way, for processors with wide vectors: to the bit what area.c does in plain C. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_BOX_ROW_H
#define PASTCAM_MEDIA_BOX_ROW_H

#include "convert.h"

enum { BOX_RATIO_MAX = 4, BOX_PIXELS = 32 /* that are made at a time */ };

struct box_row {
	enum pixel_format format; /* all but PIXEL_YUYV */
	size_t ratio;             /* 2, 3 or 4 */
	const uint8_t *plane[3];  /* the first of the rows that are averaged, stride bytes apart */
	size_t stride[3];
	bool odd;     /* the number of the row that is made: by 3, it tells what its two rows of chroma weigh */
	size_t count; /* of pixels that are made */
};

/* Makes the row and adds its bytes to sum. matrix: NULL of R,G,B. False, with nothing done, where the processor has
 * nothing to offer. */
bool box_row(const struct box_row *row, const struct convert_matrix *matrix, uint8_t *rgb, uint64_t *sum);

/* Its parts: BOX_PIXELS times vectors pixels. Of formats of R,G,B, what is read and written reaches up to three pixels
 * further; of others by 3, what is read two. Return the sum. */
uint64_t box_rgb_avx2(const struct box_row *row, size_t vectors, uint8_t *rgb);
uint64_t box_yuv_avx2(const struct box_row *row, const struct convert_matrix *matrix, size_t vectors, uint8_t *rgb);

#endif
