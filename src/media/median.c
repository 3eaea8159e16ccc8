/*
 * Two ways, both made of byte operations that a vector does sixteen or more at a time. Few sources are sorted by a
 * network of minimum and maximum, which grows with count * log² count; of many, the median is found bit by bit: it is
 * the largest level that at most half of the sources lie below, which takes eight counts whatever they are.
 */
#include <string.h>

#include "stack_block.h"

enum { SORT_COUNT_MAX = 16 };

/* Counts of so many sources fit a byte. */
enum { COUNT_BATCH = 255 };

static void order(uint8_t *restrict low, uint8_t *restrict high)
{
	for (size_t i = 0; i < STACK_BLOCK_BYTES; i++) {
		const uint8_t a = low[i], b = high[i];
		low[i] = a < b ? a : b;
		high[i] = a < b ? b : a;
	}
}

/* Batcher's merge exchange for any count (Knuth, The Art of Computer Programming, volume 3, algorithm 5.2.2M). */
static void sort_levels(uint8_t levels[][STACK_BLOCK_BYTES], size_t count)
{
	size_t top = 1;
	while (2 * top < count)
		top *= 2;
	for (size_t p = top; p > 0; p /= 2) {
		size_t q = top, r = 0, distance = p;
		for (;;) {
			for (size_t i = 0; i + distance < count; i++)
				if ((i & p) == r)
					order(levels[i], levels[i + distance]);
			if (q == p)
				break;
			distance = q - p;
			q /= 2;
			r = p;
		}
	}
}

static void average(const uint8_t *lower, const uint8_t *upper, size_t bytes, uint8_t *restrict out)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)((lower[i] + upper[i] + 1) / 2);
}

static void by_sorting(const struct stack_block *block, uint8_t *restrict out)
{
	uint8_t levels[SORT_COUNT_MAX][STACK_BLOCK_BYTES];
	for (size_t k = 0; k < block->count; k++) {
		memcpy(levels[k], stack_block_source(block, k), block->bytes);
		memset(levels[k] + block->bytes, 0, STACK_BLOCK_BYTES - block->bytes);
	}
	sort_levels(levels, block->count);
	average(levels[(block->count - 1) / 2], levels[block->count / 2], block->bytes, out);
}

/* Adds to counts how many of the sources [first, last) lie below the levels. */
static void count_batch(const struct stack_block *block, size_t first, size_t last, const uint8_t *restrict levels,
                        uint16_t *restrict counts)
{
	const size_t bytes = block->bytes;
	uint8_t batch[STACK_BLOCK_BYTES] = { 0 };
	for (size_t k = first; k < last; k++) {
		const uint8_t *source = stack_block_source(block, k);
		for (size_t i = 0; i < bytes; i++)
			batch[i] = (uint8_t)(batch[i] + (source[i] < levels[i]));
	}
	for (size_t i = 0; i < bytes; i++)
		counts[i] = (uint16_t)(counts[i] + batch[i]);
}

static void count_below(const struct stack_block *block, const uint8_t *levels, uint16_t *counts)
{
	memset(counts, 0, block->bytes * sizeof *counts);
	for (size_t k = 0; k < block->count; k += COUNT_BATCH)
		count_batch(block, k, block->count - k < COUNT_BATCH ? block->count : k + COUNT_BATCH, levels, counts);
}

/* The levels at place rank (from 0) of the sorted sources. */
static void select_rank(const struct stack_block *block, size_t rank, uint8_t *levels)
{
	const size_t bytes = block->bytes;
	memset(levels, 0, bytes);
	for (unsigned bit = 128; bit > 0; bit /= 2) {
		uint8_t trial[STACK_BLOCK_BYTES];
		uint16_t below[STACK_BLOCK_BYTES];
		for (size_t i = 0; i < bytes; i++)
			trial[i] = (uint8_t)(levels[i] | bit);
		count_below(block, trial, below);
		for (size_t i = 0; i < bytes; i++)
			levels[i] = below[i] <= rank ? trial[i] : levels[i];
	}
}

/* The levels at the place after rank, where lower is at rank: the same again, or the least of those above. */
static void select_next(const struct stack_block *block, size_t rank, const uint8_t *lower, uint8_t *restrict upper)
{
	const size_t bytes = block->bytes;
	uint8_t above[STACK_BLOCK_BYTES];
	uint16_t not_above[STACK_BLOCK_BYTES];
	for (size_t i = 0; i < bytes; i++)
		above[i] = (uint8_t)(lower[i] + (lower[i] < 255));
	count_below(block, above, not_above);
	memset(upper, 255, bytes);
	for (size_t k = 0; k < block->count; k++) {
		const uint8_t *source = stack_block_source(block, k);
		for (size_t i = 0; i < bytes; i++) {
			const uint8_t candidate = source[i] > lower[i] ? source[i] : 255;
			upper[i] = candidate < upper[i] ? candidate : upper[i];
		}
	}
	for (size_t i = 0; i < bytes; i++)
		upper[i] = not_above[i] > rank + 1 ? lower[i] : upper[i];
}

static void by_counting(const struct stack_block *block, uint8_t *restrict out)
{
	const size_t rank = (block->count - 1) / 2;
	uint8_t lower[STACK_BLOCK_BYTES], upper[STACK_BLOCK_BYTES];
	select_rank(block, rank, lower);
	if (block->count % 2) {
		memcpy(out, lower, block->bytes);
		return;
	}
	select_next(block, rank, lower, upper);
	average(lower, upper, block->bytes, out);
}

void median_block(const struct stack_block *block, uint8_t *restrict out)
{
	if (block->count <= SORT_COUNT_MAX)
		by_sorting(block, out);
	else
		by_counting(block, out);
}
