#include "retention_bins.h"

#include <string.h>

/* No age order is less. Where the range grows, a bin begins at a multiple of its width from here. */
#define LEAST_ORDER (INT64_MIN / 2)

void bins_start(struct bins *bins)
{
	bins->cut = INT64_MIN;
	bins->grows = true;
	bins_clear(bins);
}

void bins_clear(struct bins *bins)
{
	bins->least = INT64_MAX;
	bins->newest = INT64_MIN;
	if (bins->grows)
		bins->begin = bins->end = 0;
	memset(bins->bytes, 0, sizeof bins->bytes);
}

/* The range from begin to end, but for what lies outside of all that was added. False when nothing is left. */
static bool set_range(struct bins *bins, int64_t begin, int64_t end)
{
	bins->grows = false;
	bins->begin = begin > bins->least ? begin : bins->least;
	bins->end = end <= bins->newest ? end : bins->newest + 1;
	if (bins->begin >= bins->end) {
		bins->begin = bins->end = 0;
		return false;
	}
	const uint64_t range = (uint64_t)bins->end - (uint64_t)bins->begin; /* wider than an int64_t may say */
	bins->width = (range - 1) / BINS_COUNT + 1;
	return true;
}

/* The number of a bin as if they began with LEAST_ORDER. */
static uint64_t number_of(const struct bins *bins, int64_t age_order)
{
	return ((uint64_t)age_order - (uint64_t)LEAST_ORDER) / bins->width;
}

static void double_width(struct bins *bins)
{
	const uint64_t odd = number_of(bins, bins->begin) % 2;
	for (size_t i = 0; i < BINS_COUNT; i++) {
		const int64_t bytes = bins->bytes[i];
		bins->bytes[i] = 0;
		bins->bytes[(i + odd) / 2] += bytes;
	}
	bins->begin -= (int64_t)(odd * bins->width);
	bins->width *= 2;
}

static void grow_to(struct bins *bins, int64_t age_order)
{
	if (bins->begin == bins->end) {
		bins->width = 1;
		bins->begin = age_order;
	}
	while (number_of(bins, bins->newest) - number_of(bins, bins->least) >= BINS_COUNT)
		double_width(bins);
	if (age_order < bins->begin) {
		const uint64_t further = number_of(bins, bins->begin) - number_of(bins, age_order);
		memmove(bins->bytes + further, bins->bytes, (BINS_COUNT - further) * sizeof bins->bytes[0]);
		memset(bins->bytes, 0, further * sizeof bins->bytes[0]);
		bins->begin -= (int64_t)(further * bins->width);
	}
	bins->end = bins->newest + 1;
}

void bins_add(struct bins *bins, int64_t age_order, int64_t bytes)
{
	if (age_order < bins->least)
		bins->least = age_order;
	if (age_order > bins->newest)
		bins->newest = age_order;
	if (bins->grows)
		grow_to(bins, age_order);
	if (age_order >= bins->begin && age_order < bins->end)
		bins->bytes[((uint64_t)age_order - (uint64_t)bins->begin) / bins->width] += bytes;
}

/* The first bin that does not fit into bytes together with those before it; BINS_COUNT: all fit. */
static size_t first_over(const struct bins *bins, int64_t bytes)
{
	size_t bin = 0;
	for (; bin < BINS_COUNT && bins->bytes[bin] <= bytes; bin++)
		bytes -= bins->bytes[bin];
	return bin;
}

bool bins_narrow(struct bins *bins, int64_t bytes)
{
	if (bins->least > bins->newest)
		return false;
	if (bins->begin == bins->end)
		return set_range(bins, bins->cut, INT64_MAX);
	size_t bin = first_over(bins, bytes);
	int64_t before = bins->cut, width = (int64_t)bins->width;
	if (bin == BINS_COUNT) {
		bins->cut = bins->end;
		return set_range(bins, bins->cut, INT64_MAX) || bins->cut > before;
	}
	bins->cut = bins->begin + (int64_t)bin * width + (width == 1);
	return set_range(bins, bins->cut, width == 1 ? INT64_MAX : bins->cut + width) || bins->cut > before;
}
