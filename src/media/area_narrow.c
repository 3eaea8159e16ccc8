#include "area_narrow.h"

#include <endian.h>
#include <string.h>

#include "base/number.h"
#include "media/kernel.h"

/* Sums of bytes whose weights add up to so much fit 16 bits; so does their average of 8.8 bits. */
enum { NARROW_MAX = 256 };

/* Four sums of 16 bits side by side: a vector, or a word, in which none can carry into the next. A weight of four: as
 * it multiplies them. Parts: lanes that the sum of a unit of one byte is left in. */
#if defined __SSE2__ || defined __ARM_NEON
typedef uint16_t four __attribute__((vector_size(AREA_LANES * sizeof(uint16_t))));
#define WEIGHT(weights, i) __builtin_shufflevector(weights, weights, i, i, i, i)
enum { PARTS = AREA_LANES };
#else
typedef uint64_t four;
#define WEIGHT(weights, i) (uint16_t)(le64toh(weights) >> (16 * (i)))
enum { PARTS = 1 };
#endif

static KERNEL_PART four load(const uint16_t *from)
{
	four values;
	memcpy(&values, from, sizeof values);
	return values;
}

static KERNEL_PART void weigh(const struct area_weighted_rows *rows, size_t count, bool adds, size_t bytes,
                              uint16_t *restrict sums)
{
	for (size_t i = 0; i < bytes; i++) {
		uint16_t sum = adds ? sums[i] : 0;
		for (size_t y = 0; y < count; y++)
			sum = (uint16_t)(sum + rows->row[y][i] * (uint16_t)rows->weight[y]);
		sums[i] = sum;
	}
}

static KERNEL_PART void weigh_by(const struct area_weighted_rows *rows, bool adds, size_t bytes, uint16_t *sums)
{
	switch (rows->count) {
	case 1:
		weigh(rows, 1, adds, bytes, sums);
		break;
	case 2:
		weigh(rows, 2, adds, bytes, sums);
		break;
	case 3:
		weigh(rows, 3, adds, bytes, sums);
		break;
	default:
		weigh(rows, AREA_ROWS_AT_ONCE, adds, bytes, sums);
	}
}

KERNEL static void weigh_rows(const struct area_weighted_rows *rows, bool adds, size_t bytes, uint16_t *sums)
{
	if (adds)
		weigh_by(rows, true, bytes, sums);
	else
		weigh_by(rows, false, bytes, sums);
}

void area_narrow_rows(const uint8_t *row, size_t stride, const struct area_span *span, size_t bytes, uint16_t *sums)
{
	for (size_t done = 0; done < span->count; done += AREA_ROWS_AT_ONCE) {
		const struct area_weighted_rows rows = area_weighted_rows_of(row, stride, span, done);
		weigh_rows(&rows, done > 0, bytes, sums);
	}
}

struct row {
	const uint16_t *sums;
	const uint32_t *first;
	const uint16_t *weights;
	size_t taps, room, count;
};

/* Of the first taps, at most four, all of those that weights holds. */
static KERNEL_PART four add_taps(const uint16_t *unit, size_t unit_bytes, size_t taps, four weights)
{
	four sum = load(unit) * WEIGHT(weights, 0) + load(unit + unit_bytes) * WEIGHT(weights, 1);
	if (taps > 2)
		sum += load(unit + 2 * unit_bytes) * WEIGHT(weights, 2);
	if (taps > 3)
		sum += load(unit + 3 * unit_bytes) * WEIGHT(weights, 3);
	return sum;
}

/* taps and unit_bytes: constants where the compiler is to write the loop out. */
static KERNEL_PART void add_units(struct row row, size_t taps, size_t unit_bytes, uint16_t *restrict out)
{
	const size_t room = taps <= AREA_LANES ? AREA_LANES : row.room;
#pragma GCC unroll 4
	for (size_t x = 0; x < row.count; x++, row.weights += room, out += AREA_LANES) {
		const uint16_t *unit = row.sums + (size_t)row.first[x] * unit_bytes;
		four sum = add_taps(unit, unit_bytes, taps, load(row.weights));
		for (size_t i = AREA_LANES; i < taps; i += AREA_LANES)
			sum += add_taps(unit + i * unit_bytes, unit_bytes, AREA_LANES, load(row.weights + i));
		memcpy(out, &sum, sizeof sum);
	}
}

static KERNEL_PART void add_units_of(struct row row, size_t unit_bytes, uint16_t *out)
{
	if (row.taps <= 2)
		add_units(row, 2, unit_bytes, out);
	else if (row.taps == 3)
		add_units(row, 3, unit_bytes, out);
	else
		add_units(row, row.taps, unit_bytes, out);
}

#if defined __SSE2__ || defined __ARM_NEON

static KERNEL_PART void add_bytes(struct row row, size_t taps, uint16_t *restrict out)
{
	const size_t room = taps <= AREA_LANES ? AREA_LANES : row.room;
#pragma GCC unroll 4
	for (size_t x = 0; x < row.count; x++, row.weights += room, out += AREA_LANES) {
		const uint16_t *byte = row.sums + row.first[x];
		four sum = load(byte) * load(row.weights);
		for (size_t i = AREA_LANES; i < taps; i += AREA_LANES)
			sum += load(byte + i) * load(row.weights + i);
		memcpy(out, &sum, sizeof sum);
	}
}

#else

static KERNEL_PART void add_bytes(struct row row, size_t taps, uint16_t *restrict out)
{
	for (size_t x = 0; x < row.count; x++, row.weights += row.room) {
		const uint16_t *byte = row.sums + row.first[x];
		uint16_t sum = 0;
		for (size_t i = 0; i < min_size(taps, row.taps); i++)
			sum = (uint16_t)(sum + byte[i] * row.weights[i]);
		out[AREA_LANES * x] = sum;
	}
}

#endif

KERNEL static void add_narrow_columns(struct row row, size_t unit_bytes, uint16_t *out)
{
	if (unit_bytes == 4)
		add_units_of(row, 4, out);
	else if (unit_bytes == 3)
		add_units_of(row, 3, out);
	else if (unit_bytes == 2)
		add_units_of(row, 2, out);
	else if (row.taps <= AREA_LANES)
		add_bytes(row, AREA_LANES, out);
	else
		add_bytes(row, row.taps, out);
}

/* The sum of a unit that is in one lane, or in parts. */
static KERNEL_PART uint16_t sum_of(const uint16_t *lanes, size_t parts)
{
	return (uint16_t)(parts == 1 ? lanes[0] : lanes[0] + lanes[1] + lanes[2] + lanes[3]);
}

static KERNEL_PART void average(const uint16_t *restrict lanes, size_t parts, size_t count, uint16_t factor,
                                uint16_t *restrict averages)
{
	for (size_t x = 0; x < count; x++)
		averages[x] = (uint16_t)(sum_of(lanes + AREA_LANES * x, parts) * factor);
}

KERNEL static void average_lane(const uint16_t *lanes, size_t parts, size_t count, uint16_t factor, uint16_t *averages)
{
	if (parts == 1)
		average(lanes, 1, count, factor, averages);
	else
		average(lanes, PARTS, count, factor, averages);
}

bool area_is_narrow(const struct area_columns *columns, uint32_t rows_total)
{
	const uint64_t total = (uint64_t)rows_total * columns->total;
	return total <= NARROW_MAX && (total & (total - 1)) == 0;
}

void area_narrow_columns(const struct area_columns *columns, const uint16_t *sums, size_t unit_bytes, size_t count,
                         uint32_t rows_total, uint16_t *lanes, uint16_t *const averages[AREA_LANES])
{
	const struct row row = { sums, columns->first, columns->narrow, columns->taps, columns->room, count };
	const uint16_t factor = (uint16_t)(NARROW_MAX / (rows_total * columns->total));
	add_narrow_columns(row, unit_bytes, lanes);
	for (size_t byte = 0; byte < unit_bytes; byte++)
		if (averages[byte])
			average_lane(lanes + byte, unit_bytes == 1 ? PARTS : 1, count, factor, averages[byte]);
}
