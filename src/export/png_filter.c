#include "png_filter.h"

#include <string.h>

enum { PNG_FILTER_SUB = 1, PNG_FILTER_PAETH = 4, PNG_PIXEL_BYTES = 3 };

static inline int16_t png_distance(int16_t a, int16_t b)
{
	return (int16_t)(a > b ? a - b : b - a);
}

/* Whichever of left, up and corner is nearest to left + up - corner; 16-bit and without branches, so that it
 * vectorises. */
static inline uint8_t png_paeth(int16_t left, int16_t up, int16_t corner)
{
	int16_t to_left = png_distance(up, corner);
	int16_t to_up = png_distance(left, corner);
	int16_t to_corner = png_distance((int16_t)(left + up), (int16_t)(2 * corner));
	int16_t nearest = to_up <= to_corner ? up : corner;
	int16_t smaller = to_up <= to_corner ? to_up : to_corner;
	return (uint8_t)(to_left <= smaller ? left : nearest);
}

void png_filter_row(const uint8_t *restrict row, const uint8_t *restrict above, size_t bytes,
                    uint8_t *restrict filtered)
{
	filtered[0] = above == NULL ? PNG_FILTER_SUB : PNG_FILTER_PAETH;
	filtered++;
	for (size_t i = 0; i < PNG_PIXEL_BYTES; i++)
		filtered[i] = (uint8_t)(row[i] - (above == NULL ? 0 : above[i]));
	if (above == NULL) {
		for (size_t i = PNG_PIXEL_BYTES; i < bytes; i++)
			filtered[i] = (uint8_t)(row[i] - row[i - PNG_PIXEL_BYTES]);
		return;
	}
	for (size_t i = PNG_PIXEL_BYTES; i < bytes; i++)
		filtered[i] = (uint8_t)(row[i] - png_paeth(row[i - PNG_PIXEL_BYTES], above[i], above[i - PNG_PIXEL_BYTES]));
}
