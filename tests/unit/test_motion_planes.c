/* The passes over all cells, beside what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detect/motion_cell.h"
#include "detect/motion_planes.h"
#include "detect/motion_sway.h"

enum { WIDTH = 331, HEIGHT = 229, CELLS = WIDTH * HEIGHT }; /* nothing is a multiple of what a processor takes */

static struct motion_planes planes;
static uint32_t random_state;

static int set_up(void **state)
{
	(void)state;
	random_state = 1;
	assert_true(motion_planes_init(&planes, WIDTH, HEIGHT));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	motion_planes_finish(&planes);
	return 0;
}

static uint32_t next_random(void)
{
	random_state = random_state * 1664525U + 1013904223U;
	return random_state >> 8;
}

static void test_dividing_by_a_power_of_two_is_a_shift(void **state)
{
	(void)state;
	for (int power = 1; power <= 16; power++)
		for (uint32_t value = 0; value <= UINT16_MAX; value++)
			assert_int_equal(cell_divide((uint16_t)value, cell_divisor(power)), value >> power);
}

static int count_around(const uint8_t *mask, int x, int y)
{
	int count = 0;
	for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < HEIGHT; v++)
		for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < WIDTH; u++)
			count += mask[v * WIDTH + u];
	return count;
}

static void test_five_of_nine_are_a_majority_also_at_the_borders(void **state)
{
	(void)state;
	static uint8_t before[CELLS];
	for (int i = 0; i < CELLS; i++)
		before[i] = planes.changed[i] = next_random() % 2;
	motion_planes_majority(&planes, planes.changed);
	for (int i = 0; i < CELLS; i++)
		assert_int_equal(planes.changed[i], count_around(before, i % WIDTH, i / WIDTH) >= 5);
}

static void test_all_cells_are_counted(void **state)
{
	(void)state;
	static uint16_t luma[CELLS];
	const struct motion_rates rates = { 7, 5, 2, 6 };
	size_t changed = 0, active = 0;
	for (int i = 0; i < CELLS; i++)
		luma[i] = (uint16_t)(100 * LUMA_GRID_LEVEL);
	motion_planes_begin(&planes, luma);
	for (int i = 0; i < CELLS; i++)
		luma[i] = (uint16_t)(luma[i] + (i % 10 ? 50 * LUMA_GRID_LEVEL : 0));
	memset(planes.least, 1, CELLS * sizeof *planes.least);
	const struct motion_counts counts = motion_planes_compare(&planes, luma, &rates, 1);
	for (int i = 0; i < CELLS; i++) {
		changed += planes.changed[i];
		active += planes.active[i];
	}
	assert_int_equal(changed, CELLS - (CELLS + 9) / 10);
	assert_int_equal(counts.changed, changed);
	assert_int_equal(counts.active, active);
}

static void test_the_recent_past_without_its_light_follows_the_picture_alone(void **state)
{
	(void)state;
	static uint16_t luma[CELLS];
	const struct motion_rates rates = { 1, 1, 2, 3 };
	for (int i = 0; i < CELLS; i++)
		luma[i] = 100 * LUMA_GRID_LEVEL;
	motion_planes_begin(&planes, luma);
	motion_planes_relight(&planes, true);
	for (int i = 0; i < CELLS; i++) { /* a light that was measured, and then was not */
		planes.recent[i] /= 2;
		luma[i] = 104 * LUMA_GRID_LEVEL;
	}
	motion_planes_relight(&planes, true);
	motion_planes_compare(&planes, luma, &rates, 1);
	for (int i = 0; i < CELLS; i++)
		assert_int_equal(planes.unlit[i], 101 * LUMA_GRID_LEVEL);
	motion_planes_relight(&planes, false);
	motion_planes_relight(&planes, true);
	assert_memory_equal(planes.unlit, planes.recent, sizeof luma);
}

/* What the passes do in 16 bits, cell by cell as it is meant. */
static uint16_t nearer(int from, int to, int step)
{
	return (uint16_t)(from < to ? from + step : from - step);
}

static int step_of_background(const struct motion_planes *before, int i, int now, int threshold,
                              const struct motion_rates *rates)
{
	const int far = abs(now - before->background[i]), moved = abs(now - before->recent[i]);
	const int pull = far < 2 * threshold ? far : 2 * threshold;
	const int step = (pull >> (moved > threshold ? rates->active : rates->still)) + 1;
	return step < far ? step : far;
}

static void test_each_cell_follows_at_the_rate_that_is_asked_for(void **state)
{
	(void)state;
	static uint16_t luma[CELLS], background[CELLS], recent[CELLS];
	const struct motion_planes before = { .background = background, .recent = recent };
	for (int rate = 1; rate <= 5; rate++) {
		const struct motion_rates rates = { .active = rate + 5, .still = rate + 2, .recent = rate - 1, .spread = rate };
		for (int i = 0; i < CELLS; i++) {
			luma[i] = (uint16_t)(next_random() % (LUMA_GRID_MOST + 1));
			background[i] = planes.background[i] = (uint16_t)(next_random() % (LUMA_GRID_MOST + 1));
			recent[i] = planes.recent[i] = i % 3 ? (uint16_t)(next_random() % (LUMA_GRID_MOST + 1)) : luma[i];
			planes.spread[i] = 0;
			planes.least[i] = MOTION_LEAST_ONE;
		}
		motion_planes_compare(&planes, luma, &rates, 1);
		for (int i = 0; i < CELLS; i++) {
			const int threshold = cell_threshold(background[i], 0, MOTION_LEAST_ONE, 1);
			const int step = step_of_background(&before, i, luma[i], threshold, &rates);
			const int moved = abs(luma[i] - recent[i]);
			assert_int_equal(planes.background[i], nearer(background[i], luma[i], step));
			assert_int_equal(planes.recent[i],
			                 nearer(recent[i], luma[i], (moved + (1 << rates.recent >> 1)) >> rates.recent));
		}
	}
}

static void test_only_what_has_been_displaced_sways(void **state)
{
	(void)state;
	static uint16_t luma[CELLS];
	for (int i = 0; i < CELLS;
	     i++) { /* stripes of four, and in the picture one cell to the right; a thing of its own */
		const int x = i % WIDTH, y = i / WIDTH;
		const bool is_thing = x >= 150 && x < 160 && y >= 100 && y < 110;
		planes.background[i] = (uint16_t)((x / 4 % 2 ? 150 : 50) * LUMA_GRID_LEVEL);
		luma[i] = is_thing ? 220 * LUMA_GRID_LEVEL : planes.background[x > 0 ? i - 1 : i];
		planes.spread[i] = 0;
		planes.least[i] = MOTION_LEAST_ONE;
		planes.changed[i] = luma[i] != planes.background[i] && (y < 50 || x > WIDTH / 2 || is_thing);
	}
	planes.noise = 1;
	assert_true(motion_sway_clear(&planes, luma));
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 1; x < WIDTH - 1; x++)
			assert_int_equal(planes.changed[y * WIDTH + x], x >= 150 && x < 160 && y >= 100 && y < 110);
	assert_false(motion_sway_clear(&planes, luma));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_dividing_by_a_power_of_two_is_a_shift, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_five_of_nine_are_a_majority_also_at_the_borders, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_cells_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_recent_past_without_its_light_follows_the_picture_alone, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(test_each_cell_follows_at_the_rate_that_is_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_what_has_been_displaced_sways, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
