#include "motion_planes.h"

#include <stdlib.h>
#include <string.h>

#include "media/kernel.h"
#include "media/luma_grid.h"
#include "motion_cell.h"
#include "motion_sway.h"

/* The spread is what a cell's straying, taken from the nearer of background and recent past, seldom passes: it rises
 * four times as quickly as it falls, which of noise leaves 1.2 deviations, so CELL_SPREADS are about 2.4 of them; 3x3
 * majority does the rest. It is pulled by no more than two thresholds at once, so that a passer-by leaves little of a
 * mark while a tree that sways becomes usual within seconds, and stays so between gusts. */
enum { SPREAD_FALLS_SLOWER = 2, SPREAD_MOST = 4000, SPREAD_AT_FIRST = LUMA_GRID_LEVEL / 2 };
enum { NOISE_STEP = 16, NOISE_BINS = 256, NOISE_BIN = 8 };

enum { MAJORITY = 5 };

static size_t squares_of(int width, int height)
{
	return (size_t)(width / MOTION_SQUARE) * (size_t)(height / MOTION_SQUARE);
}

bool motion_planes_init(struct motion_planes *planes, int width, int height)
{
	const size_t count = (size_t)width * (size_t)height;
	*planes = (struct motion_planes){ .width = width, .height = height, .count = count };
	uint16_t **const words[] = { &planes->background, &planes->recent, &planes->unlit, &planes->spread,
		                         &planes->least };
	uint8_t **const bytes[] = { &planes->changed, &planes->active };
	bool complete = true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		complete &= (*words[i] = calloc(count, sizeof(uint16_t))) != NULL;
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
		complete &= (*bytes[i] = calloc(count, 1)) != NULL;
	planes->scratch = calloc(count + 2 * (size_t)width, 1);
	planes->squares_before = calloc(squares_of(width, height), sizeof *planes->squares_before);
	planes->squares_now = calloc(squares_of(width, height), sizeof *planes->squares_now);
	planes->row = calloc((size_t)width, sizeof *planes->row);
	planes->extremes = calloc(4 * ((size_t)width + 2 * MOTION_SWAY_REACH), sizeof *planes->extremes);
	return complete && planes->squares_before && planes->squares_now && planes->scratch && planes->row &&
	       planes->extremes;
}

void motion_planes_finish(struct motion_planes *planes)
{
	free(planes->background);
	free(planes->recent);
	free(planes->unlit);
	free(planes->spread);
	free(planes->least);
	free(planes->changed);
	free(planes->active);
	free(planes->squares_before);
	free(planes->squares_now);
	free(planes->scratch);
	free(planes->row);
	free(planes->extremes);
	*planes = (struct motion_planes){ 0 };
}

size_t motion_planes_bytes(int width, int height)
{
	const size_t count = (size_t)width * (size_t)height;
	return count * (5 * sizeof(uint16_t) + 3) + 2 * squares_of(width, height) * sizeof(uint32_t) +
	       (size_t)width * (sizeof(float) + 2) + 4 * ((size_t)width + 2 * MOTION_SWAY_REACH) * sizeof(uint16_t);
}

void motion_planes_begin(struct motion_planes *planes, const uint16_t *luma)
{
	memcpy(planes->background, luma, planes->count * sizeof *luma);
	memcpy(planes->recent, luma, planes->count * sizeof *luma);
	for (size_t i = 0; i < planes->count; i++)
		planes->spread[i] = SPREAD_AT_FIRST << CELL_SPREAD_SHIFT;
	planes->relit = false;
}

void motion_planes_forget(struct motion_planes *planes)
{
	memcpy(planes->background, planes->recent, planes->count * sizeof *planes->background);
}

void motion_planes_relight(struct motion_planes *planes, bool relit)
{
	if (relit && !planes->relit)
		memcpy(planes->unlit, planes->recent, planes->count * sizeof *planes->unlit);
	planes->relit = relit;
}

uint16_t motion_planes_noise(const struct motion_planes *planes, const uint16_t *luma)
{
	uint32_t bins[NOISE_BINS] = { 0 };
	size_t samples = 0, seen = 0, bin = 0;
	/* A step that is odd to the width takes cells of all columns. */
	for (size_t i = 0; i < planes->count; i += NOISE_STEP + 1, samples++) {
		const unsigned moved = cell_apart(luma[i], planes->recent[i]) / NOISE_BIN;
		bins[moved < NOISE_BINS ? moved : NOISE_BINS - 1]++;
	}
	while (bin < NOISE_BINS - 1 && (seen += bins[bin]) * 2 < samples)
		bin++;
	return (uint16_t)(bin * NOISE_BIN + NOISE_BIN / 2);
}

uint16_t motion_planes_threshold(const struct motion_planes *planes, size_t cell)
{
	return cell_threshold(planes->background[cell], planes->spread[cell], planes->least[cell], planes->noise);
}

/* value, so much nearer to aim. */
static inline uint16_t towards(uint16_t value, uint16_t aim, uint16_t step)
{
	return (uint16_t)(aim > value ? value + step : value - step);
}

KERNEL static size_t count_set(const uint8_t *mask, size_t count)
{
	enum { NARROW_MOST = 32768 }; /* that 16 bits can count */
	size_t set = 0;
	for (size_t begin = 0; begin < count; begin += NARROW_MOST) {
		const size_t end = count - begin < NARROW_MOST ? count : begin + NARROW_MOST;
		uint16_t few = 0;
		for (size_t i = begin; i < end; i++)
			few = (uint16_t)(few + mask[i]);
		set += few;
	}
	return set;
}

/* Parameters, since compilers take their word for what does not overlap of parameters alone. */
KERNEL static void compare_cells(const uint16_t *restrict luma, const uint16_t *restrict least,
                                 uint16_t *restrict background, uint16_t *restrict recent, uint16_t *restrict spread,
                                 uint8_t *restrict changed, uint8_t *restrict active, size_t count,
                                 struct motion_rates rates, uint16_t noise)
{
	const uint16_t by_active = cell_divisor(rates.active), by_still = cell_divisor(rates.still);
	const uint16_t by_rise = cell_divisor(rates.spread);
	const uint16_t by_fall = cell_divisor(rates.spread + SPREAD_FALLS_SLOWER);
	/* Of twice the value, since the recent past may be the last frame. */
	const uint16_t by_recent = cell_divisor(rates.recent + 1), half_recent = (uint16_t)(1 << rates.recent >> 1);
	for (size_t i = 0; i < count; i++) {
		const uint16_t now = luma[i], far = cell_apart(now, background[i]), moved = cell_apart(now, recent[i]);
		const uint16_t threshold = cell_threshold(background[i], spread[i], least[i], noise);
		const uint16_t most = (uint16_t)(2 * cell_lesser(threshold, LUMA_GRID_MOST));
		const uint16_t pull = cell_lesser(far, most),
		               stray = cell_lesser(cell_lesser(pull, (uint16_t)(2 * moved)), SPREAD_MOST);
		const uint16_t is_changed = far > threshold, is_active = moved > threshold;
		/* At least a unit, which is the step of Sigma-Delta, where rounding would leave none. */
		const uint16_t pulled = cell_divide(pull, cell_choose(is_active, by_active, by_still));
		const uint16_t step = cell_lesser(far, (uint16_t)(pulled + 1));
		const uint16_t aim = (uint16_t)(stray << CELL_SPREAD_SHIFT), by = cell_apart(aim, spread[i]);
		const uint16_t spread_step = cell_divide(by, cell_choose(aim > spread[i], by_rise, by_fall));
		const uint16_t twice = (uint16_t)(2 * (moved + half_recent));
		changed[i] = (uint8_t)is_changed;
		active[i] = (uint8_t)is_active;
		background[i] = towards(background[i], now, step);
		spread[i] = aim > spread[i] ? (uint16_t)(spread[i] + spread_step) : (uint16_t)(spread[i] - spread_step);
		recent[i] = towards(recent[i], now, cell_divide(twice, cell_choose(moved > 0, by_recent, 0)));
	}
}

KERNEL static void follow(uint16_t *restrict cells, const uint16_t *restrict luma, size_t count, int rate)
{
	const uint16_t by = cell_divisor(rate + 1), half = (uint16_t)(1 << rate >> 1);
	for (size_t i = 0; i < count; i++) {
		const uint16_t apart = cell_apart(luma[i], cells[i]), twice = (uint16_t)(2 * (apart + half));
		cells[i] = towards(cells[i], luma[i], cell_divide(twice, cell_choose(apart > 0, by, 0)));
	}
}

struct motion_counts motion_planes_compare(struct motion_planes *planes, const uint16_t *luma,
                                           const struct motion_rates *rates, uint16_t noise)
{
	const size_t count = planes->count;
	planes->noise = noise;
	planes->recent_rate = rates->recent;
	compare_cells(luma, planes->least, planes->background, planes->recent, planes->spread, planes->changed,
	              planes->active, count, *rates, noise);
	if (planes->relit)
		follow(planes->unlit, luma, count, rates->recent);
	return (struct motion_counts){ count_set(planes->changed, count), count_set(planes->active, count) };
}

/* out: of each cell how many of itself and its neighbours to both sides are set. */
KERNEL static void add_sides(const uint8_t *row, size_t width, uint8_t *restrict out)
{
	out[0] = (uint8_t)(row[0] + row[1]);
	for (size_t x = 1; x + 1 < width; x++)
		out[x] = (uint8_t)(row[x - 1] + row[x] + row[x + 1]);
	out[width - 1] = (uint8_t)(row[width - 2] + row[width - 1]);
}

/* out: 1 where three rows have five or more in a column. Sums stay bytes, of which a processor takes most at a time. */
KERNEL static void vote(const uint8_t *rows, size_t width, uint8_t *restrict out)
{
	for (size_t x = 0; x < width; x++) {
		const uint8_t sum = (uint8_t)(rows[x] + rows[width + x] + rows[2 * width + x]);
		out[x] = sum >= MAJORITY;
	}
}

void motion_planes_majority(struct motion_planes *planes, uint8_t *mask)
{
	const size_t width = (size_t)planes->width, height = (size_t)planes->height;
	for (size_t y = 0; y < height; y++)
		add_sides(mask + y * width, width, planes->scratch + (y + 1) * width);
	for (size_t y = 0; y < height; y++)
		vote(planes->scratch + y * width, width, mask + y * width);
}
