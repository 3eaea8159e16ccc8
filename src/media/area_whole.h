/* Averages where an output pixel covers a power of two of input pixels, the same in both directions: no weights, and
 * sums of 16 bits. Private to src/media. */
#ifndef PASTCAM_MEDIA_AREA_WHOLE_H
#define PASTCAM_MEDIA_AREA_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sums of 16 x 16 bytes fit 16 bits. */
enum { AREA_WHOLE_RATIO_MAX = 16 };

/* Samples of one component among the sums of an output row: `stride` apart; columns x rows of them make an average. */
struct area_samples {
	const uint16_t *sums;
	size_t stride, columns, rows;
};

/* The most frequent cases, straight from the bytes and in one step: count averages of 8.8 bits of 4 x 4 bytes, and
 * of 2 x 2 pairs of bytes, U and V. Rows are stride bytes apart, and 4 x count long. */
void area_average_4x4(const uint8_t *row, size_t stride, size_t count, uint16_t *averages);
void area_average_2x2_pairs(const uint8_t *row, size_t stride, size_t count, uint16_t *const averages[2]);

/* The same of 2 x 2 bytes, and of single pairs. */
void area_average_2x2(const uint8_t *row, size_t stride, size_t count, uint16_t *averages);
void area_split_pairs(const uint8_t *row, size_t count, uint16_t *const averages[2]);

/* Sums of the columns of `rows` rows of bytes. */
void area_sum_rows(const uint8_t *row, size_t stride, size_t rows, size_t bytes, uint16_t *sums);

/* True for powers of two. */
bool area_folds(size_t ratio);

/* Leaves the sums of `columns` neighbouring units, of unit_bytes sums each, at the first of them; what is between is of
 * no use. Every step adds all sums to those at a distance, half of them in vain, but sixteen at a time. */
void area_fold(uint16_t *sums, size_t count, size_t unit_bytes, size_t columns);

/* count averages of 8.8 bits, of folded sums. */
void area_average_folded(const struct area_samples *samples, size_t count, uint16_t *averages);

/* Of sums as area_sum_rows leaves them, of three components at once, which are neighbours in pixels of three or four
 * bytes; in the order of the bytes. One more sum than those of the last pixel must be there. */
void area_average_pixels(const struct area_samples *samples, size_t count, uint16_t *const averages[3]);

#endif
