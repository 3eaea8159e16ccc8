/*
 * Rows of B,G,R and of four bytes a pixel to R,G,B for processors whose vectors take pixels apart, the sum on the way:
 * to the bit what convert.c does in plain C, which does what is left of a row, and all of it elsewhere. Private to
 * src/media.
 */
#ifndef PASTCAM_MEDIA_PACKED_ROWS_H
#define PASTCAM_MEDIA_PACKED_ROWS_H

#include "media/frame.h"

/* Converts pixels of a row from the left, and adds their bytes to sum. Returns how many, 0 where the processor has
 * nothing to offer. format: PIXEL_BGR, PIXEL_RGBX or PIXEL_BGRX. */
size_t packed_row(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum);

/* Its part where there is AVX2. */
size_t packed_row_avx2(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum);

#endif
