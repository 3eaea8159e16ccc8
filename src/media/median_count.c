#include "median_count.h"

#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "four_bytes.h"
#include "media/kernel.h"
#include "media/stack.h"
#include "stack_block.h"

enum {
	WIDE = 256, /* bytes of each source at a time: of WIDE_COUNT_MAX at most, so that all stay in the cache */
	MIDDLE = 128,
	NARROW = 64,
	WIDE_COUNT_MAX = 1024,
	MIDDLE_COUNT_MAX = 2048,
	COUNT_BATCH = 252, /* counts of so many fit a byte */
	TOGETHER = 4,
};

_Static_assert(COUNT_BATCH % TOGETHER == 0, "a batch is whole groups");

/* A copy, since in sources that are a power of two apart, as frames are, a block lies in the same few lines of a cache.
 * Levels less 128, because vectors of x86 compare signed bytes alone. */
struct samples {
	int8_t *rows; /* of `bytes` each, count of them rounded up to whole groups */
	size_t count;
};

enum { LEAST = -128, MOST = 127 };

static KERNEL_PART size_t whole_groups(size_t count)
{
	return (count + TOGETHER - 1) / TOGETHER * TOGETHER;
}

/* What makes groups whole is below no level, and above none by nothing. */
static KERNEL_PART void copy_samples(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes,
                                     int8_t *restrict rows)
{
	for (size_t k = 0; k < count; k++, rows += bytes) {
		const uint8_t *source = sources[k] + begin;
		stack_fetch(source + bytes, bytes);
		for (size_t i = 0; i < bytes; i++)
			rows[i] = (int8_t)(source[i] ^ 0x80);
	}
	memset(rows, MOST, (whole_groups(count) - count) * bytes);
}

static KERNEL_PART uint8_t is_below(int8_t sample, int8_t level)
{
	return sample < level ? 1 : 0;
}

/* How many of `count` rows lie below the levels. */
#ifdef HAVE_FOUR_BYTES

static KERNEL_PART void count_rows(const int8_t *rows, size_t count, size_t bytes, const int8_t *levels, uint8_t *batch)
{
	for (size_t i = 0; i < bytes; i += 4) {
		const uint8_t *at = (const uint8_t *)rows + i;
		const uint32_t level = four_bytes((const uint8_t *)levels + i);
		uint32_t below = 0;
		for (size_t k = 0; k < count; k += TOGETHER)
			for (size_t j = 0; j < TOGETHER; j++, at += bytes)
				below += where_below(four_bytes(at), level, 0x01010101);
		put_four_bytes(below, batch + i);
	}
}

#else

static KERNEL_PART void count_rows(const int8_t *restrict rows, size_t count, size_t bytes,
                                   const int8_t *restrict levels, uint8_t *restrict batch)
{
	memset(batch, 0, bytes);
	for (size_t k = 0; k < count; k += TOGETHER, rows += TOGETHER * bytes)
		for (size_t i = 0; i < bytes; i++) {
			const uint8_t one = (uint8_t)(is_below(rows[i], levels[i]) + is_below(rows[bytes + i], levels[i]));
			const uint8_t other =
			    (uint8_t)(is_below(rows[2 * bytes + i], levels[i]) + is_below(rows[3 * bytes + i], levels[i]));
			batch[i] = (uint8_t)(batch[i] + (uint8_t)(one + other));
		}
}

#endif

/* Adds them to counts. */
static KERNEL_PART void count_batch(const int8_t *restrict rows, size_t count, size_t bytes,
                                    const int8_t *restrict levels, uint16_t *restrict counts)
{
	uint8_t batch[WIDE];
	count_rows(rows, count, bytes, levels, batch);
	for (size_t i = 0; i < bytes; i++)
		counts[i] = (uint16_t)(counts[i] + batch[i]);
}

static KERNEL_PART void count_below(const struct samples *samples, size_t bytes, const int8_t *levels, uint16_t *counts)
{
	memset(counts, 0, bytes * sizeof *counts);
	for (size_t k = 0; k < samples->count; k += COUNT_BATCH)
		count_batch(samples->rows + k * bytes, min_size(samples->count - k, COUNT_BATCH), bytes, levels, counts);
}

/* The levels at place rank (from 0) of the sorted sources, and how many sources are not above them: as many as were
 * below the last level that was tried in vain, which is the next one. */
static KERNEL_PART void select_rank(const struct samples *samples, size_t bytes, uint16_t rank, int8_t *restrict levels,
                                    uint16_t *restrict not_above)
{
	for (size_t i = 0; i < bytes; i++) {
		levels[i] = LEAST;
		not_above[i] = (uint16_t)samples->count;
	}
	for (unsigned bit = 128; bit > 0; bit /= 2) {
		int8_t trial[WIDE];
		uint16_t counts[WIDE];
		for (size_t i = 0; i < bytes; i++)
			trial[i] = (int8_t)(uint8_t)((unsigned)levels[i] + bit);
		count_below(samples, bytes, trial, counts);
		for (size_t i = 0; i < bytes; i++)
			levels[i] = counts[i] <= rank ? trial[i] : levels[i];
		for (size_t i = 0; i < bytes; i++)
			not_above[i] = counts[i] <= rank ? not_above[i] : counts[i];
	}
}

/* How far a sample is below MOST; 0 where it is not above the level. */
static KERNEL_PART uint8_t depth_above(int8_t sample, int8_t level)
{
	const uint8_t mask = sample > level ? 0xff : 0; /* compilers vectorise this where they do not a choice of the two */
	return (uint8_t)((sample ^ MOST) & mask);
}

static KERNEL_PART uint8_t larger(uint8_t one, uint8_t other)
{
	return one > other ? one : other;
}

/* The depth of the least of the samples that are above lower; 0 where none is. */
#ifdef HAVE_FOUR_BYTES

static KERNEL_PART void select_above(const struct samples *samples, size_t bytes, const int8_t *lower, uint8_t *depths)
{
	for (size_t i = 0; i < bytes; i += 4) {
		const uint8_t *at = (const uint8_t *)samples->rows + i;
		const uint32_t level = four_bytes((const uint8_t *)lower + i);
		uint32_t depth = 0;
		for (size_t k = 0; k < samples->count; k++, at += bytes) {
			const uint32_t sample = four_bytes(at);
			depth = larger_of_four(depth, where_below(level, sample, sample ^ MOST * 0x01010101U));
		}
		put_four_bytes(depth, depths + i);
	}
}

#else

static KERNEL_PART void select_above(const struct samples *samples, size_t bytes, const int8_t *restrict lower,
                                     uint8_t *restrict depths)
{
	const int8_t *restrict rows = samples->rows;
	memset(depths, 0, bytes);
	for (size_t k = 0; k < samples->count; k += TOGETHER, rows += TOGETHER * bytes)
		for (size_t i = 0; i < bytes; i++) {
			const uint8_t one = larger(depth_above(rows[i], lower[i]), depth_above(rows[bytes + i], lower[i]));
			const uint8_t other =
			    larger(depth_above(rows[2 * bytes + i], lower[i]), depth_above(rows[3 * bytes + i], lower[i]));
			depths[i] = larger(depths[i], larger(one, other));
		}
}

#endif

static KERNEL_PART uint8_t level_of(int8_t level)
{
	return (uint8_t)(level ^ 0x80);
}

static KERNEL_PART uint8_t chosen(bool first, uint8_t one, uint8_t other)
{
	return first ? one : other;
}

/* Where lower is at place rank of the sorted sources, the level at the place after it is the same again, or the least
 * of those above. */
static KERNEL_PART void average_middle(const struct samples *samples, size_t bytes, uint16_t rank, const int8_t *lower,
                                       const uint16_t *restrict not_above, uint8_t *restrict out)
{
	uint8_t depths[WIDE], upper[WIDE];
	select_above(samples, bytes, lower, depths);
	for (size_t i = 0; i < bytes; i++)
		upper[i] = chosen(not_above[i] > rank + 1, level_of(lower[i]), (uint8_t)(255 - depths[i]));
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)((level_of(lower[i]) + upper[i] + 1) / 2);
}

static KERNEL_PART void median_of(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes,
                                  int8_t *rows, uint8_t *restrict out)
{
	const struct samples samples = { .rows = rows, .count = count };
	const uint16_t rank = (uint16_t)((count - 1) / 2);
	int8_t lower[WIDE];
	uint16_t not_above[WIDE];
	copy_samples(sources, count, begin, bytes, rows);
	select_rank(&samples, bytes, rank, lower, not_above);
	if (count % 2 == 0)
		average_middle(&samples, bytes, rank, lower, not_above, out);
	else
		for (size_t i = 0; i < bytes; i++)
			out[i] = level_of(lower[i]);
}

KERNEL static void median_wide(const uint8_t *const sources[], size_t count, size_t begin, int8_t *rows, uint8_t *out)
{
	median_of(sources, count, begin, WIDE, rows, out);
}

KERNEL static void median_middle(const uint8_t *const sources[], size_t count, size_t begin, int8_t *rows, uint8_t *out)
{
	median_of(sources, count, begin, MIDDLE, rows, out);
}

KERNEL static void median_narrow(const uint8_t *const sources[], size_t count, size_t begin, int8_t *rows, uint8_t *out)
{
	median_of(sources, count, begin, NARROW, rows, out);
}

/* Of less than a block. */
static uint8_t median_of_byte(const uint8_t *const sources[], size_t count, size_t at)
{
	uint16_t counts[256] = { 0 };
	for (size_t k = 0; k < count; k++)
		counts[sources[k][at]]++;
	size_t lower = 0, seen = counts[0];
	while (seen <= (count - 1) / 2)
		seen += counts[++lower];
	size_t upper = lower;
	while (seen <= count / 2)
		seen += counts[++upper];
	return (uint8_t)((lower + upper + 1) / 2);
}

static void median_block(const uint8_t *const sources[], size_t count, size_t at, uint8_t *out)
{
	_Alignas(64) int8_t rows[STACK_COUNT_MAX * NARROW];
	_Static_assert(STACK_COUNT_MAX * NARROW >= WIDE_COUNT_MAX * WIDE, "the rows fit either way");
	_Static_assert(STACK_COUNT_MAX * NARROW >= MIDDLE_COUNT_MAX * MIDDLE, "the rows fit each way");
	if (count <= WIDE_COUNT_MAX)
		median_wide(sources, count, at, rows, out + at);
	else if (count <= MIDDLE_COUNT_MAX)
		median_middle(sources, count, at, rows, out + at);
	else
		median_narrow(sources, count, at, rows, out + at);
}

static size_t bytes_at_once(size_t count)
{
	return count <= WIDE_COUNT_MAX ? WIDE : count <= MIDDLE_COUNT_MAX ? MIDDLE : NARROW;
}

void median_count_range(const uint8_t *const sources[], size_t count, size_t begin, size_t end, uint8_t *restrict out)
{
	const size_t bytes = bytes_at_once(count);
	size_t at = begin;
	for (; at + bytes <= end; at += bytes)
		median_block(sources, count, at, out);
	if (at < end && end - begin >= bytes)
		median_block(sources, count, end - bytes, out); /* some of it again */
	else
		for (; at < end; at++)
			out[at] = median_of_byte(sources, count, at);
}
