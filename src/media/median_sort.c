#include "median_sort.h"

/* Batcher's odd-even merge sort (Knuth, The Art of Computer Programming, volume 3, 5.3.4) of so many lanes that there
 * could be MEDIAN_FEW; what is not there is above all others and stays where it is. All but lanes: constants, so that
 * lanes are registers. */
static KERNEL_PART void order(median_lane *lanes, size_t low, size_t high, size_t count)
{
	if (high >= count)
		return;
	const median_lane a = lanes[low], b = lanes[high];
	lanes[low] = median_smaller(a, b);
	lanes[high] = median_larger(a, b);
}

static KERNEL_PART void merge_4(median_lane *lanes, size_t at, size_t step, size_t count)
{
	order(lanes, at, at + 2 * step, count);
	order(lanes, at + step, at + 3 * step, count);
	order(lanes, at + step, at + 2 * step, count);
}

static KERNEL_PART void sort_4(median_lane *lanes, size_t at, size_t count)
{
	order(lanes, at, at + 1, count);
	order(lanes, at + 2, at + 3, count);
	merge_4(lanes, at, 1, count);
}

#ifdef HAVE_FOUR_BYTES

static KERNEL_PART void sort(median_lane *lanes, size_t count)
{
	sort_4(lanes, 0, count);
}

#else

static KERNEL_PART void merge_8(median_lane *lanes, size_t at, size_t step, size_t count)
{
	merge_4(lanes, at, 2 * step, count);
	merge_4(lanes, at + step, 2 * step, count);
	order(lanes, at + step, at + 2 * step, count);
	order(lanes, at + 3 * step, at + 4 * step, count);
	order(lanes, at + 5 * step, at + 6 * step, count);
}

static KERNEL_PART void sort_8(median_lane *lanes, size_t at, size_t count)
{
	sort_4(lanes, at, count);
	sort_4(lanes, at + 4, count);
	merge_8(lanes, at, 1, count);
}

static KERNEL_PART void sort(median_lane *lanes, size_t count)
{
	sort_8(lanes, 0, count);
	if (count <= 8)
		return;
	sort_8(lanes, 8, count);
	merge_8(lanes, 0, 2, count);
	merge_8(lanes, 1, 2, count);
	order(lanes, 1, 2, count);
	order(lanes, 3, 4, count);
	order(lanes, 5, 6, count);
	order(lanes, 7, 8, count);
	order(lanes, 9, 10, count);
	order(lanes, 11, 12, count);
	order(lanes, 13, 14, count);
}

#endif

/* count: a constant. */
static KERNEL_PART void sort_rows(const uint8_t *const sources[], size_t count,
                                  uint8_t (*restrict rows)[MEDIAN_BLOCK_BYTES])
{
	const uint8_t *from[MEDIAN_FEW];
#pragma GCC unroll 32
	for (size_t k = 0; k < count; k++)
		from[k] = sources[k];
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i += sizeof(median_lane)) {
		median_lane lanes[MEDIAN_FEW];
#pragma GCC unroll 32
		for (size_t k = 0; k < count; k++)
			lanes[k] = median_lane_at(from[k] + i);
		sort(lanes, count);
#pragma GCC unroll 32
		for (size_t k = 0; k < count; k++)
			median_put(lanes[k], rows[k] + i);
	}
}

#define CASE(count)                                                                                                    \
	case count:                                                                                                        \
		sort_rows(sources, count, rows);                                                                               \
		break

KERNEL static void sort_few(const uint8_t *const sources[], size_t count, uint8_t (*restrict rows)[MEDIAN_BLOCK_BYTES])
{
	switch (count) {
		CASE(1);
		CASE(2);
		CASE(3);
		CASE(4);
#ifndef HAVE_FOUR_BYTES
		CASE(5);
		CASE(6);
		CASE(7);
		CASE(8);
		CASE(9);
		CASE(10);
		CASE(11);
		CASE(12);
		CASE(13);
		CASE(14);
		CASE(15);
		CASE(16);
#endif
	default:
		break;
	}
}

void median_sort_few(const uint8_t *const sources[], size_t count, uint8_t (*restrict rows)[MEDIAN_BLOCK_BYTES])
{
	sort_few(sources, count, rows);
}
