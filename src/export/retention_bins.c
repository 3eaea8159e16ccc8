#include "retention_bins.h"

#include <string.h>

void bins_start(struct bins *bins)
{
	bins->cut = INT64_MIN;
	bins->begin = bins->end = 0;
	bins_clear(bins);
}

void bins_clear(struct bins *bins)
{
	bins->least = INT64_MAX;
	bins->newest = INT64_MIN;
	memset(bins->bytes, 0, sizeof bins->bytes);
}

/* Of one bin; the range is wider than an int64_t may say. */
static uint64_t width_of(const struct bins *bins)
{
	uint64_t range = (uint64_t)bins->end - (uint64_t)bins->begin;
	return (range - 1) / BINS_COUNT + 1;
}

void bins_add(struct bins *bins, int64_t age_order, int64_t bytes)
{
	if (age_order < bins->least)
		bins->least = age_order;
	if (age_order > bins->newest)
		bins->newest = age_order;
	if (age_order >= bins->begin && age_order < bins->end)
		bins->bytes[((uint64_t)age_order - (uint64_t)bins->begin) / width_of(bins)] += bytes;
}

/* The range from begin to end, but for what lies outside of all that was added. False when nothing is left. */
static bool set_range(struct bins *bins, int64_t begin, int64_t end)
{
	bins->begin = begin > bins->least ? begin : bins->least;
	bins->end = end <= bins->newest ? end : bins->newest + 1;
	if (bins->begin >= bins->end)
		bins->begin = bins->end = 0;
	return bins->begin < bins->end;
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
	int64_t before = bins->cut, width = (int64_t)width_of(bins);
	if (bin == BINS_COUNT) {
		bins->cut = bins->end;
		return set_range(bins, bins->cut, INT64_MAX) || bins->cut > before;
	}
	bins->cut = bins->begin + (int64_t)bin * width + (width == 1);
	return set_range(bins, bins->cut, width == 1 ? INT64_MAX : bins->cut + width) || bins->cut > before;
}
