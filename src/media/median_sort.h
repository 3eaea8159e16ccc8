/* Sorts a few of a block's levels in registers. Through memory, storing would take most of the time. Private to
 * src/media. */
#ifndef PASTCAM_MEDIA_MEDIAN_SORT_H
#define PASTCAM_MEDIA_MEDIAN_SORT_H

#include "four_bytes.h"
#include "stack_block.h"

/* As many as registers hold, or nearly. */
#ifdef HAVE_FOUR_BYTES
enum { MEDIAN_FEW = 4 };
#else
enum { MEDIAN_FEW = 16 };
#endif

#ifdef HAVE_FOUR_BYTES

typedef uint32_t median_lane;

static KERNEL_PART median_lane median_lane_at(const uint8_t *from)
{
	return four_bytes(from);
}

static KERNEL_PART void median_put(median_lane lane, uint8_t *to)
{
	put_four_bytes(lane, to);
}

static KERNEL_PART median_lane median_smaller(median_lane a, median_lane b)
{
	return smaller_of_four(a, b);
}

static KERNEL_PART median_lane median_larger(median_lane a, median_lane b)
{
	return larger_of_four(b, a);
}

#else

typedef uint8_t median_lane;

static KERNEL_PART median_lane median_lane_at(const uint8_t *from)
{
	return *from;
}

static KERNEL_PART void median_put(median_lane lane, uint8_t *to)
{
	*to = lane;
}

static KERNEL_PART median_lane median_smaller(median_lane a, median_lane b)
{
	return a < b ? a : b;
}

static KERNEL_PART median_lane median_larger(median_lane a, median_lane b)
{
	return a < b ? b : a;
}

#endif

/* Puts the smallest of each byte of the sources into the first row, and so on. count: 1 to MEDIAN_FEW. */
void median_sort_few(const uint8_t *const sources[], size_t count, uint8_t (*rows)[MEDIAN_BLOCK_BYTES]);

#endif
