#include "area_weighted.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "media/kernel.h"

/* Sums of bytes whose weights add up to so much fit 16 bits, and 24; averages are made of in single precision. */
enum { ROWS_NARROW_MAX = 257, SINGLE_MAX = 65793, SMALL_MAX = 4096 };

typedef float lanes __attribute__((vector_size(AREA_LANES * sizeof(float))));
typedef double wide_lanes __attribute__((vector_size(AREA_LANES * sizeof(double))));
typedef int32_t whole_lanes __attribute__((vector_size(AREA_LANES * sizeof(int32_t))));

static size_t common_divisor(size_t a, size_t b)
{
	while (b > 0) {
		const size_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

struct area_span area_span_of(size_t index, size_t in, size_t out, size_t step)
{
	const size_t divisor = common_divisor(in, step * out), length = in / divisor, whole = step * out / divisor;
	const size_t begin = index * length, end = begin + length;
	const size_t first = begin / whole, last = (end - 1) / whole;
	return (struct area_span){
		.first = first,
		.count = last - first + 1,
		.first_weight = (uint32_t)(min_size(end, (first + 1) * whole) - begin),
		.weight = (uint32_t)whole,
		.last_weight = (uint32_t)(end - last * whole),
		.total = (uint32_t)length,
	};
}

static uint32_t weight_at(const struct area_span *span, size_t index)
{
	return index == 0 ? span->first_weight : index + 1 < span->count ? span->weight : span->last_weight;
}

static size_t round_up(size_t taps)
{
	return (taps + AREA_LANES - 1) / AREA_LANES * AREA_LANES;
}

bool area_columns_make(struct area_columns *columns, size_t in, size_t out, size_t step)
{
	for (size_t x = 0; x < out; x++) {
		const struct area_span span = area_span_of(x, in, out, step);
		columns->taps = span.count > columns->taps ? span.count : columns->taps;
		columns->total = span.total; /* of each the same */
	}
	columns->room = round_up(columns->taps);
	columns->first = malloc(out * sizeof *columns->first);
	columns->weights = calloc(out * columns->room + AREA_LANES, sizeof *columns->weights);
	columns->narrow = calloc(out * columns->room + AREA_LANES, sizeof *columns->narrow);
	if (!columns->first || !columns->weights || !columns->narrow)
		return false;
	for (size_t x = 0; x < out; x++) {
		const struct area_span span = area_span_of(x, in, out, step);
		columns->first[x] = (uint32_t)span.first;
		for (size_t i = 0; i < span.count; i++) {
			columns->weights[x * columns->room + i] = (float)weight_at(&span, i);
			columns->narrow[x * columns->room + i] = (uint16_t)weight_at(&span, i);
		}
	}
	return true;
}

void area_columns_release(struct area_columns *columns)
{
	free(columns->first);
	free(columns->weights);
	free(columns->narrow);
}

size_t area_columns_beyond(const struct area_columns *columns)
{
	return AREA_LANES * (columns->room + 1);
}

struct area_weighted_rows area_weighted_rows_of(const uint8_t *row, size_t stride, const struct area_span *span,
                                                size_t done)
{
	struct area_weighted_rows rows = { .count = min_size(span->count - done, AREA_ROWS_AT_ONCE) };
	for (size_t y = 0; y < rows.count; y++) {
		rows.row[y] = row + (done + y) * stride;
		rows.weight[y] = weight_at(span, done + y);
	}
	return rows;
}

static KERNEL_PART void weigh_narrow(const struct area_weighted_rows *rows, size_t count, bool adds, size_t bytes,
                                     float *restrict sums)
{
	for (size_t i = 0; i < bytes; i++) {
		uint16_t sum = (uint16_t)(rows->row[0][i] * (uint16_t)rows->weight[0]);
		for (size_t y = 1; y < count; y++)
			sum = (uint16_t)(sum + rows->row[y][i] * (uint16_t)rows->weight[y]);
		sums[i] = adds ? sums[i] + (float)sum : (float)sum;
	}
}

KERNEL static void weigh_wide(const struct area_weighted_rows *rows, size_t count, bool adds, size_t bytes,
                              float *restrict sums)
{
	for (size_t y = 0; y < count; y++) {
		const uint8_t *restrict row = rows->row[y];
		const float weight = (float)rows->weight[y];
		if (y == 0 && !adds)
			for (size_t i = 0; i < bytes; i++)
				sums[i] = (float)row[i] * weight;
		else
			for (size_t i = 0; i < bytes; i++)
				sums[i] += (float)row[i] * weight;
	}
}

static KERNEL_PART void weigh_by(const struct area_weighted_rows *rows, size_t count, bool adds, size_t bytes,
                                 float *sums)
{
	switch (count) {
	case 1:
		weigh_narrow(rows, 1, adds, bytes, sums);
		break;
	case 2:
		weigh_narrow(rows, 2, adds, bytes, sums);
		break;
	case 3:
		weigh_narrow(rows, 3, adds, bytes, sums);
		break;
	default:
		weigh_narrow(rows, AREA_ROWS_AT_ONCE, adds, bytes, sums);
	}
}

KERNEL static void weigh_first(const struct area_weighted_rows *rows, size_t count, size_t bytes, float *sums)
{
	weigh_by(rows, count, false, bytes, sums);
}

KERNEL static void weigh_more(const struct area_weighted_rows *rows, size_t count, size_t bytes, float *sums)
{
	weigh_by(rows, count, true, bytes, sums);
}

void area_weigh_rows(const uint8_t *row, size_t stride, const struct area_span *span, size_t bytes, float *sums)
{
	for (size_t done = 0; done < span->count; done += AREA_ROWS_AT_ONCE) {
		const struct area_weighted_rows rows = area_weighted_rows_of(row, stride, span, done);
		if (span->total > ROWS_NARROW_MAX)
			weigh_wide(&rows, rows.count, done > 0, bytes, sums);
		else if (done == 0)
			weigh_first(&rows, rows.count, bytes, sums);
		else
			weigh_more(&rows, rows.count, bytes, sums);
	}
}

static KERNEL_PART lanes load(const float *from)
{
	lanes values;
	memcpy(&values, from, sizeof values);
	return values;
}

struct row {
	const float *sums;
	const uint32_t *first;
	const float *weights;
	size_t taps, room, count;
};

/* taps and unit_bytes: constants where the compiler is to write the loop out. */
static KERNEL_PART void add_pixels(struct row row, size_t taps, size_t unit_bytes, float *restrict out)
{
	for (size_t x = 0; x < row.count; x++, row.weights += row.room) {
		const float *pixel = row.sums + (size_t)row.first[x] * unit_bytes;
		lanes sum = load(pixel) * row.weights[0];
		for (size_t i = 1; i < taps; i++)
			sum += load(pixel + i * unit_bytes) * row.weights[i];
		memcpy(out + AREA_LANES * x, &sum, sizeof sum);
	}
}

static KERNEL_PART void add_pixels_of(struct row row, size_t unit_bytes, float *restrict out)
{
	switch (row.taps) {
	case 2:
		add_pixels(row, 2, unit_bytes, out);
		break;
	case 3:
		add_pixels(row, 3, unit_bytes, out);
		break;
	case 4:
		add_pixels(row, 4, unit_bytes, out);
		break;
	default:
		add_pixels(row, row.taps, unit_bytes, out);
	}
}

static KERNEL_PART void add_pairs(struct row row, size_t taps, float *restrict out)
{
#pragma GCC unroll 4
	for (size_t x = 0; x < row.count; x++, row.weights += row.room) {
		const float *pair = row.sums + (size_t)row.first[x] * 2;
		lanes weights = load(row.weights);
		lanes sum = load(pair) * __builtin_shufflevector(weights, weights, 0, 0, 1, 1);
		for (size_t i = 2; i < taps; i += 2) {
			weights = load(row.weights + i);
			sum += load(pair + 2 * i) * __builtin_shufflevector(weights, weights, 0, 0, 1, 1);
		}
		memcpy(out + AREA_LANES * x, &sum, sizeof sum);
	}
}

static KERNEL_PART void add_bytes(struct row row, size_t taps, float *restrict out)
{
#pragma GCC unroll 4
	for (size_t x = 0; x < row.count; x++, row.weights += row.room) {
		const float *byte = row.sums + row.first[x];
		lanes sum = load(byte) * load(row.weights);
		for (size_t i = AREA_LANES; i < taps; i += AREA_LANES)
			sum += load(byte + i) * load(row.weights + i);
		memcpy(out + AREA_LANES * x, &sum, sizeof sum);
	}
}

KERNEL static void add_columns(struct row row, size_t unit_bytes, float *out)
{
	if (unit_bytes == 4)
		add_pixels_of(row, 4, out);
	else if (unit_bytes == 3)
		add_pixels_of(row, 3, out);
	else if (unit_bytes == 2 && row.taps <= 2)
		add_pairs(row, 2, out);
	else if (unit_bytes == 2 && row.taps <= 4)
		add_pairs(row, 4, out);
	else if (unit_bytes == 2)
		add_pairs(row, row.taps, out);
	else if (row.taps <= AREA_LANES)
		add_bytes(row, AREA_LANES, out);
	else
		add_bytes(row, row.taps, out);
}

/* scale: 256 / (what the weights in sum add up to). What is added lifts whole quotients above the error of the
 * multiplication, and is too little to reach the next 1/256. */
static KERNEL_PART uint16_t area_average_of(double sum, double scale)
{
	return (uint16_t)(int32_t)((sum + 1.0 / 1024) * scale);
}

/* Of the reckoning that the header argues for. */
enum precision { SUMS_SINGLE, EXACT_SINGLE, LEVELS_SINGLE };

static enum precision precision_of(uint64_t total, bool levels)
{
	if (total > SMALL_MAX)
		return SUMS_SINGLE;
	if ((total & (total - 1)) == 0)
		return EXACT_SINGLE;
	return levels ? LEVELS_SINGLE : SUMS_SINGLE;
}

/* The sum of a byte of a unit. */
static KERNEL_PART float sum_of(const float *out, size_t unit_bytes, size_t byte)
{
	if (unit_bytes == 1)
		return out[0] + out[1] + (out[2] + out[3]);
	return unit_bytes == 2 ? out[byte] + out[byte + 2] : out[byte];
}

static KERNEL_PART void average(const float *restrict sums, size_t unit_bytes, size_t byte, size_t count, double scale,
                                uint16_t *restrict averages)
{
	for (size_t x = 0; x < count; x++)
		averages[x] = area_average_of((double)sum_of(sums + AREA_LANES * x, unit_bytes, byte), scale);
}

static KERNEL_PART void average_small(const float *restrict sums, size_t unit_bytes, size_t byte, size_t count,
                                      float offset, float scale, uint16_t *restrict averages)
{
	for (size_t x = 0; x < count; x++)
		averages[x] = (uint16_t)(int32_t)((sum_of(sums + AREA_LANES * x, unit_bytes, byte) + offset) * scale);
}

static KERNEL_PART void average_any(const float *sums, size_t unit_bytes, size_t byte, size_t count, uint64_t total,
                                    enum precision precision, uint16_t *averages)
{
	const float scale = 256.0F / (float)total;
	if (precision == EXACT_SINGLE)
		average_small(sums, unit_bytes, byte, count, 0, scale, averages);
	else if (precision == LEVELS_SINGLE)
		average_small(sums, unit_bytes, byte, count, 0.25F, scale, averages);
	else
		average(sums, unit_bytes, byte, count, 256.0 / (double)total, averages);
}

KERNEL static void average_byte(const float *sums, size_t unit_bytes, size_t byte, size_t count, uint64_t total,
                                enum precision precision, uint16_t *averages)
{
	if (unit_bytes == 1)
		average_any(sums, 1, 0, count, total, precision, averages);
	else if (unit_bytes == 2)
		average_any(sums, 2, byte, count, total, precision, averages);
	else
		average_any(sums, 4, byte, count, total, precision, averages);
}

/* Where sums are beyond single precision. */
KERNEL static void average_large(const struct row *row, size_t unit_bytes, size_t byte, double scale,
                                 uint16_t *averages)
{
	for (size_t x = 0; x < row->count; x++) {
		const float *sample = row->sums + row->first[x] * unit_bytes + byte, *weights = row->weights + x * row->room;
		double sum = 0;
		for (size_t i = 0; i < row->taps; i++)
			sum += (double)sample[i * unit_bytes] * (double)weights[i];
		averages[x] = area_average_of(sum, scale);
	}
}

/* The same for all bytes of a unit of three or four. */
static KERNEL_PART void average_pixels_large_of(const struct row *row, size_t unit_bytes, double scale,
                                                uint16_t *const averages[AREA_LANES])
{
	for (size_t x = 0; x < row->count; x++) {
		const float *pixel = row->sums + (size_t)row->first[x] * unit_bytes, *weights = row->weights + x * row->room;
		wide_lanes sum = { 0 };
		for (size_t i = 0; i < row->taps; i++)
			sum += __builtin_convertvector(load(pixel + i * unit_bytes), wide_lanes) * (double)weights[i];
		const whole_lanes levels = __builtin_convertvector((sum + 1.0 / 1024) * scale, whole_lanes);
		for (size_t byte = 0; byte < unit_bytes; byte++)
			if (averages[byte])
				averages[byte][x] = (uint16_t)levels[byte];
	}
}

KERNEL static void average_pixels_large(const struct row *row, size_t unit_bytes, double scale,
                                        uint16_t *const averages[AREA_LANES])
{
	if (unit_bytes == 3)
		average_pixels_large_of(row, 3, scale, averages);
	else
		average_pixels_large_of(row, 4, scale, averages);
}

static void average_columns_large(const struct row *row, size_t unit_bytes, uint64_t total,
                                  uint16_t *const averages[AREA_LANES])
{
	const double scale = 256.0 / (double)total;
	if (unit_bytes >= 3) {
		average_pixels_large(row, unit_bytes, scale, averages);
		return;
	}
	for (size_t byte = 0; byte < unit_bytes; byte++)
		if (averages[byte])
			average_large(row, unit_bytes, byte, scale, averages[byte]);
}

void area_average_columns(const struct area_columns *columns, const float *sums, size_t unit_bytes, size_t count,
                          uint32_t rows_total, bool levels, float *lanes_of, uint16_t *const averages[AREA_LANES])
{
	const uint64_t total = (uint64_t)rows_total * columns->total;
	const struct row row = { sums, columns->first, columns->weights, columns->taps, columns->room, count };
	if (total > SINGLE_MAX) {
		average_columns_large(&row, unit_bytes, total, averages);
		return;
	}
	const enum precision precision = precision_of(total, levels);
	add_columns(row, unit_bytes, lanes_of);
	for (size_t byte = 0; byte < unit_bytes; byte++)
		if (averages[byte])
			average_byte(lanes_of, unit_bytes, byte, count, total, precision, averages[byte]);
}
