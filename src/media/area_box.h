/*
 * Averages of 2 x 2 and 4 x 4 units, and single pairs of bytes (chroma of half a picture), straight from the bytes, for
 * processors whose vectors take units apart: to the bit what area_whole.c does in plain C. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_AREA_BOX_H
#define PASTCAM_MEDIA_AREA_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct area_box {
	const uint8_t *row; /* the first of `ratio` rows, stride bytes apart */
	size_t stride;
	size_t unit_bytes; /* 1 to 4 */
	size_t ratio;      /* of units, the same in both directions */
};

/* count averages of 8.8 bits, of each byte of a unit; what a fourth byte holds is left out. False, with nothing done,
 * where the processor has nothing to offer, the ratio is another, or count is less than a vector. */
bool area_box(const struct area_box *box, size_t count, uint16_t *const averages[4]);

#endif
