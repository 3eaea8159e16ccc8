#include "motion_sway.h"

#include <string.h>

#include "base/number.h"
#include "media/kernel.h"
#include "motion_cell.h"

enum { REACH = MOTION_SWAY_REACH };

/* What brightness there is around each cell of a row, with margins of REACH on both sides: rows are used where they
 * begin to be cells. */
struct around {
	uint16_t *least, *most;
};

/* Inclusive. */
struct part {
	size_t left, right, top, bottom;
};

/* Of each column of the part the least and the most in its rows. */
KERNEL static void extremes_down(const uint16_t *restrict cells, size_t width, const struct part *part,
                                 uint16_t *restrict least, uint16_t *restrict most)
{
	const size_t left = part->left, right = part->right, bottom = part->bottom;
	const uint16_t *top = cells + part->top * width;
	memcpy(least + left, top + left, (right - left + 1) * sizeof *least);
	memcpy(most + left, top + left, (right - left + 1) * sizeof *most);
	for (size_t y = part->top + 1; y <= bottom; y++)
		for (size_t x = left; x <= right; x++) {
			const uint16_t cell = cells[y * width + x];
			least[x] = cell_lesser(least[x], cell);
			most[x] = cell_greater(most[x], cell);
		}
}

/* Beyond the picture's sides there is nothing that its outermost cells have not. */
static void fill_margins(uint16_t *row, size_t width)
{
	for (int i = 1; i <= REACH; i++) {
		row[-i] = row[0];
		row[width - 1 + (size_t)i] = row[width - 1];
	}
}

static void look_around(const uint16_t *cells, size_t width, const struct part *part, const struct around *around)
{
	extremes_down(cells, width, part, around->least, around->most);
	fill_margins(around->least, width);
	fill_margins(around->most, width);
}

/* 1 when value, give or take, is among what the columns up to REACH to both sides of x have. */
static inline uint8_t is_among(uint16_t value, uint16_t slack, const uint16_t *least, const uint16_t *most, size_t x)
{
	uint16_t lowest = least[x], highest = most[x];
	for (size_t i = 1; i <= REACH; i++) {
		lowest = cell_lesser(lowest, cell_lesser(least[x - i], least[x + i]));
		highest = cell_greater(highest, cell_greater(most[x - i], most[x + i]));
	}
	return (uint8_t)((uint16_t)(value + slack) >= lowest) & (uint8_t)(value <= (uint16_t)(highest + slack));
}

/* Parameters, since compilers take their word for what does not overlap of parameters alone. */
KERNEL static bool clear_cells(uint8_t *restrict changed, const uint16_t *restrict luma,
                               const uint16_t *restrict background, const uint16_t *restrict spread,
                               const uint16_t *restrict least, struct around was, struct around is, size_t first,
                               size_t last, uint16_t noise)
{
	uint8_t any = 0;
	for (size_t x = first; x <= last; x++) {
		const uint16_t slack = cell_threshold(background[x], spread[x], least[x], noise) / 2;
		const uint8_t swayed = changed[x] & is_among(luma[x], slack, was.least, was.most, x) &
		                       is_among(background[x], slack, is.least, is.most, x);
		changed[x] = changed[x] ^ swayed;
		any |= swayed;
	}
	return any;
}

static bool clear_row(struct motion_planes *planes, const uint16_t *luma, size_t y, size_t first, size_t last)
{
	const size_t width = (size_t)planes->width, height = (size_t)planes->height, stride = width + 2 * REACH;
	const struct part part = { first > REACH ? first - REACH : 0, min_size(last + REACH, width - 1),
		                       y > REACH ? y - REACH : 0, min_size(y + REACH, height - 1) };
	uint16_t *rows = planes->extremes + REACH;
	const struct around was = { rows, rows + stride }, is = { rows + 2 * stride, rows + 3 * stride };
	look_around(planes->background, width, &part, &was);
	look_around(luma, width, &part, &is);
	return clear_cells(planes->changed + y * width, luma + y * width, planes->background + y * width,
	                   planes->spread + y * width, planes->least + y * width, was, is, first, last, planes->noise);
}

bool motion_sway_clear(struct motion_planes *planes, const uint16_t *luma)
{
	const size_t width = (size_t)planes->width;
	bool any = false;
	for (size_t y = 0; y < (size_t)planes->height; y++) {
		const uint8_t *row = planes->changed + y * width, *first = memchr(row, 1, width);
		if (!first)
			continue;
		const uint8_t *last = memrchr(row, 1, width);
		any |= clear_row(planes, luma, y, (size_t)(first - row), (size_t)(last - row));
	}
	return any;
}
