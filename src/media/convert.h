/* Camera layouts into R,G,B. Private to src/media and its tests and benches. */
#ifndef PASTCAM_MEDIA_CONVERT_H
#define PASTCAM_MEDIA_CONVERT_H

#include "media/frame.h"

/*
 * The colour equations of ITU-R BT.601 and BT.709 in fixed point: levels are counted in 1/32 (CONVERT_FRACTION_BITS),
 * so that luma plus chroma of any input fits 16 bits, and a coefficient is multiplied with a sample of 8.8 bits, of
 * which the upper half of the product is kept. The result is within 0.6 levels of the equations in floating point,
 * rounding included.
 */
enum { CONVERT_FRACTION_BITS = 5 };

struct convert_matrix {
	uint16_t luma;
	int16_t red_v, green_u, green_v, blue_u;
	int16_t offset; /* black level and rounding */
};

struct convert_matrix convert_matrix_of(enum colour_matrix matrix, bool full_range);

/* Converts the whole image into tight rows of R,G,B. Returns the sum of all bytes written. */
uint64_t convert_image(const struct image *image, uint8_t *rgb);

/* One row of averages, count samples of 8.8 bits a plane (Y, U, V, or R, G, B where matrix is NULL), into R,G,B bytes.
 */
void convert_averages(const struct convert_matrix *matrix, uint16_t *const planes[3], size_t count, uint8_t *rgb);

#endif
