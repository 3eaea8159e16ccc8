/*
 * Averages by weights, of any ratio: rows first, then columns. Weights are whole numbers, the ratio's with nothing in
 * common left (8 to 5: an output pixel covers 8, of which a whole input pixel is 5), so that all sums are whole
 * numbers too. Below 2^24 these are exact in single precision, which vectors of every processor multiply and add;
 * larger ones are summed in double precision.
 *
 * An average is its sum by the total of the weights, reckoned in double precision, or in single where that is as good:
 * where the total is a power of two (1024x768 to 640x480), and where only whole levels are asked for, of a total up to
 * 4,096. There the two roundings are off by less than 65,280 / 2^23 < 1/128 of 1/256 level, while a sum plus a quarter
 * is at least 64/4,096 = 1/64 from a half of a level. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_AREA_WEIGHTED_H
#define PASTCAM_MEDIA_AREA_WEIGHTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The neighbours that an output pixel covers in one direction. */
struct area_span {
	size_t first, count;
	uint32_t first_weight, weight, last_weight; /* of those between: weight */
	uint32_t total;
};

/* step: pixels that a sample colours. */
struct area_span area_span_of(size_t index, size_t in, size_t out, size_t step);

/* Spans of all columns, with as many weights each. */
struct area_columns {
	uint32_t *first;
	float *weights;   /* `room` of each output pixel, zeros beyond its own */
	uint16_t *narrow; /* the same, where they fit */
	size_t taps, room;
	uint32_t total;
};

/* False where memory is out; release either way. */
bool area_columns_make(struct area_columns *columns, size_t in, size_t out, size_t step);
void area_columns_release(struct area_columns *columns);

/* Floats beyond the sums of a row that area_average_columns reads, and multiplies by zero. */
size_t area_columns_beyond(const struct area_columns *columns);

/* Some of a span's rows, and their weights. */
enum { AREA_ROWS_AT_ONCE = 4 };

struct area_weighted_rows {
	const uint8_t *row[AREA_ROWS_AT_ONCE];
	uint32_t weight[AREA_ROWS_AT_ONCE];
	size_t count;
};

/* As many as are left behind the `done` first of the span. */
struct area_weighted_rows area_weighted_rows_of(const uint8_t *row, size_t stride, const struct area_span *span,
                                                size_t done);

/* Weighted sums of the columns of the span's rows, which are stride bytes apart from row on. */
void area_weigh_rows(const uint8_t *row, size_t stride, const struct area_span *span, size_t bytes, float *sums);

/* Lanes of an output pixel: of units of one byte, parts of its sum; of two, parts of both sums in turn; of three and
 * four, the sums. */
enum { AREA_LANES = 4 };

/* The sums are of units of unit_bytes bytes, 1 to 4; rows_total: what the weights of the rows add up to. averages: of
 * 8.8 bits, rounded down, count of each byte of a unit; NULL for bytes that are not wanted. levels: the
 * averages will be rounded to whole levels, halves up, and must be good for that alone. lanes: room for AREA_LANES
 * x count. */
void area_average_columns(const struct area_columns *columns, const float *sums, size_t unit_bytes, size_t count,
                          uint32_t rows_total, bool levels, float *lanes, uint16_t *const averages[4]);

#endif
