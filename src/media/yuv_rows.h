/*
 * The inner loop of YUV to R,G,B for processors with wide vectors: one or two rows that share their chroma, the sum on
 * the way. To the bit what convert.c does in plain C, which does what is left of a row, and all of it elsewhere.
 * Private to src/media.
 */
#ifndef PASTCAM_MEDIA_YUV_ROWS_H
#define PASTCAM_MEDIA_YUV_ROWS_H

#include "convert.h"

struct yuv_rows {
	enum pixel_format format;
	int count;                /* of rows, 1 or 2; 1 of PIXEL_YUYV */
	const uint8_t *luma[2];   /* of PIXEL_YUYV: all of it */
	const uint8_t *chroma[2]; /* PIXEL_NV12: pairs; PIXEL_YUV420: U, V */
	uint8_t *rgb[2];
	size_t width;
};

/* Converts pixels from the left, a multiple of two, and adds their bytes to sum. Returns how many, 0 where the
 * processor has nothing to offer. */
size_t yuv_rows(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum);

/* Its parts, each where there is such a processor. */
size_t yuv_rows_avx2(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum);
size_t yuv_rows_neon(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum);

#endif
