#include "motion_sway.h"

#include <string.h>

/* In cells, to each side. Beyond it leaves are so far from where they were that the spread must know them. */
enum { REACH = 2 };

static inline uint16_t lesser(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

static inline uint16_t greater(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

/* Of each column the least and the most in rows [top, bottom]. */
static void extremes_down(const uint16_t *restrict cells, size_t width, size_t top, size_t bottom,
                          uint16_t *restrict least, uint16_t *restrict most)
{
	memcpy(least, cells + top * width, width * sizeof *least);
	memcpy(most, cells + top * width, width * sizeof *most);
	for (size_t y = top + 1; y <= bottom; y++)
		for (size_t x = 0; x < width; x++) {
			const uint16_t cell = cells[y * width + x];
			least[x] = lesser(least[x], cell);
			most[x] = greater(most[x], cell);
		}
}

/* Is value, give or take, among what columns [left, right] have? */
static bool is_among(uint16_t value, int slack, const uint16_t *least, const uint16_t *most, size_t left, size_t right)
{
	uint16_t lowest = least[left], highest = most[left];
	for (size_t x = left + 1; x <= right; x++) {
		lowest = lesser(lowest, least[x]);
		highest = greater(highest, most[x]);
	}
	return value + slack >= lowest && value <= highest + slack;
}

static size_t clear_row(struct motion_planes *planes, const uint16_t *luma, size_t y)
{
	const size_t width = (size_t)planes->width, last = (size_t)planes->height - 1;
	const size_t top = y > REACH ? y - REACH : 0, bottom = y + REACH < last ? y + REACH : last;
	uint16_t *was_least = planes->extremes, *was_most = was_least + width;
	uint16_t *is_least = was_most + width, *is_most = is_least + width;
	extremes_down(planes->background, width, top, bottom, was_least, was_most);
	extremes_down(luma, width, top, bottom, is_least, is_most);
	size_t cleared = 0;
	for (size_t x = 0, at = y * width; x < width; x++, at++) {
		if (!planes->changed[at])
			continue;
		const size_t left = x > REACH ? x - REACH : 0, right = x + REACH < width ? x + REACH : width - 1;
		const int slack = motion_planes_threshold(planes, at) / 2;
		if (!is_among(luma[at], slack, was_least, was_most, left, right) ||
		    !is_among(planes->background[at], slack, is_least, is_most, left, right))
			continue;
		planes->changed[at] = 0;
		cleared++;
	}
	return cleared;
}

size_t motion_sway_clear(struct motion_planes *planes, const uint16_t *luma)
{
	const size_t width = (size_t)planes->width;
	size_t cleared = 0;
	for (size_t y = 0; y < (size_t)planes->height; y++)
		if (memchr(planes->changed + y * width, 1, width))
			cleared += clear_row(planes, luma, y);
	return cleared;
}
