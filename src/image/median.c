/*
 * Two ways, both made of byte operations that a vector does sixteen or more at a time. Few sources are sorted by a
 * network of minimum and maximum, which grows with count * log² count; of many, the median is found bit by bit: it is
 * the largest level that at most half of the sources lie below, which takes eight counts whatever they are.
 */
#include "median.h"

#include <string.h>

enum { SORT_COUNT_MAX = 16 };

/* Counts of so many sources fit a byte. */
enum { COUNT_BATCH = 255 };

static void order(uint8_t *restrict low, uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK; i++) {
		const uint8_t a = low[i], b = high[i];
		low[i] = a < b ? a : b;
		high[i] = a < b ? b : a;
	}
}

/* Batcher's merge exchange for any count (Knuth, The Art of Computer Programming, volume 3, algorithm 5.2.2M). */
static void sort_levels(uint8_t levels[][MEDIAN_BLOCK], size_t count)
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

static void median_by_sorting(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, uint8_t *out)
{
	uint8_t levels[SORT_COUNT_MAX][MEDIAN_BLOCK] = { 0 };
	for (size_t k = 0; k < count; k++)
		memcpy(levels[k], sources[k] + begin, bytes);
	sort_levels(levels, count);
	const uint8_t *lower = levels[(count - 1) / 2], *upper = levels[count / 2];
	for (size_t i = 0; i < bytes; i++)
		out[begin + i] = (uint8_t)((lower[i] + upper[i] + 1) / 2);
}

static void count_below(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, const uint8_t *levels,
                        uint16_t *counts)
{
	memset(counts, 0, bytes * sizeof *counts);
	for (size_t k = 0; k < count; k += COUNT_BATCH) {
		const size_t some = count - k < COUNT_BATCH ? count - k : COUNT_BATCH;
		uint8_t batch[MEDIAN_BLOCK] = { 0 };
		for (size_t j = 0; j < some; j++) {
			const uint8_t *source = sources[k + j] + begin;
			for (size_t i = 0; i < bytes; i++)
				batch[i] = (uint8_t)(batch[i] + (source[i] < levels[i]));
		}
		for (size_t i = 0; i < bytes; i++)
			counts[i] = (uint16_t)(counts[i] + batch[i]);
	}
}

/* The level at place rank (from 0) of the sorted sources. */
static void select_rank(const uint8_t *const sources[], size_t count, size_t rank, size_t begin, size_t bytes,
                        uint8_t *levels)
{
	memset(levels, 0, bytes);
	for (unsigned bit = 128; bit > 0; bit /= 2) {
		uint8_t trial[MEDIAN_BLOCK];
		uint16_t below[MEDIAN_BLOCK];
		for (size_t i = 0; i < bytes; i++)
			trial[i] = (uint8_t)(levels[i] | bit);
		count_below(sources, count, begin, bytes, trial, below);
		for (size_t i = 0; i < bytes; i++)
			levels[i] = below[i] <= rank ? trial[i] : levels[i];
	}
}

static void median_by_counting(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, uint8_t *out)
{
	uint8_t lower[MEDIAN_BLOCK], upper[MEDIAN_BLOCK];
	select_rank(sources, count, (count - 1) / 2, begin, bytes, lower);
	if (count % 2)
		memcpy(upper, lower, bytes);
	else
		select_rank(sources, count, count / 2, begin, bytes, upper);
	for (size_t i = 0; i < bytes; i++)
		out[begin + i] = (uint8_t)((lower[i] + upper[i] + 1) / 2);
}

void median_block(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, uint8_t *out)
{
	if (count <= SORT_COUNT_MAX)
		median_by_sorting(sources, count, begin, bytes, out);
	else
		median_by_counting(sources, count, begin, bytes, out);
}
