/* What moves without being anybody, and what is found all the same: wind, shadows, white walls, long exposures. */
#include "motion_rig.h"

static const struct square THING = { .x = 20, .y = 40, .side = 10, .level = 130 };

/* To and fro by up to two cells, in gusts. */
static double wind(int frame)
{
	return 1 + sin(frame * 0.9) * (0.5 + 0.5 * sin(frame * 0.07));
}

static void test_texture_that_sways_in_gusts_is_no_motion(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	rig->shifted = WIDTH / 3;
	for (int i = 0; i < 600; i++) {
		rig->shift = i < 100 ? 1 : wind(i); /* calm at first, so that nothing of it is known */
		assert_int_equal(rig_feed(rig, NULL), 0);
	}
	motion_rig_end(rig);
}

static void test_a_camera_that_the_wind_shakes_sees_no_motion(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	rig->shifted = WIDTH;
	for (int i = 0; i < 300; i++) {
		rig->shift = i < 50 ? 1 : wind(i);
		assert_int_equal(rig_feed(rig, NULL), 0);
	}
	motion_rig_end(rig);
}

static void test_who_walks_before_what_sways_is_found(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	int found = 0;
	rig->shifted = WIDTH;
	for (int i = 0; i < 110 && !found; i++) {
		rig->shift = wind(i);
		thing.x += i < 100 ? 0 : 2;
		found = rig_feed(rig, i < 100 ? NULL : &thing) ? i : 0;
	}
	assert_in_range(found, 101, 104);
	motion_rig_end(rig);
}

static void test_a_plain_thing_as_bright_as_the_wall_on_average_is_found(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	int found = 0;
	rig_rest(rig, 50);
	for (int i = 1; i <= 8 && !found; i++) { /* both halves of the same grey */
		const struct square left = { .x = 20 + 2 * i, .y = 40, .side = 40, .level = 85 };
		rig->now_ns += 100000000;
		rig_draw(rig, &left);
		for (int y = 0; y < HEIGHT; y++) /* the right half, which would be darker, is the wall again */
			for (int x = 40 + 2 * i; x < 60 + 2 * i; x++)
				rig->luma[y * WIDTH + x] = (uint16_t)(rig_scene(rig, x, y) * LUMA_GRID_LEVEL);
		found = rig_look(rig) ? i : 0;
	}
	assert_in_range(found, 2, 4);
	motion_rig_end(rig);
}

static void test_the_soft_edge_of_a_shadow_is_no_motion(void **state)
{
	(void)state;
	for (double light = 1; light <= 4; light *= 2) { /* at 4 the camera clips most of the wall until the shadow comes */
		struct motion_rig *rig = motion_rig();
		rig->light = light;
		rig->shadow = -SHADOW_EDGE;
		rig_rest(rig, 50);
		for (; rig->shadow < WIDTH + SHADOW_EDGE; rig->shadow += 1.3)
			assert_int_equal(rig_feed(rig, NULL), 0);
		for (; rig->shadow > -SHADOW_EDGE; rig->shadow -= 0.7)
			assert_int_equal(rig_feed(rig, NULL), 0);
		motion_rig_end(rig);
	}
}

static void test_who_walks_before_a_wall_that_is_clipped_is_found(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = { .x = 20, .y = 40, .side = 10, .level = 15 };
	rig->light = 7;
	rig_rest(rig, 50);
	assert_in_range(rig_walk(rig, &thing, 2, 5), 2, 3);
	motion_rig_end(rig);
}

static void test_what_is_clipped_itself_is_found(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = { .x = 20, .y = 40, .side = 12, .level = 600 }; /* both halves */
	rig_rest(rig, 50);
	assert_in_range(rig_walk(rig, &thing, 2, 5), 2, 3);
	motion_rig_end(rig);
}

/* The thing is a smear of all places that it came through, half as clear as it is. */
static void test_a_smear_is_found(void **state)
{
	(void)state;
	static uint16_t with[CELLS];
	struct motion_rig *rig = motion_rig();
	int found = 0;
	rig->interval_s = 0.5;
	rig_rest(rig, 50);
	for (int i = 1; i <= 6 && !found; i++) {
		uint32_t sums[CELLS] = { 0 };
		rig->now_ns += 500000000;
		for (int k = 0; k < 16; k++) {
			const struct square thing = { .x = 8 + 14 * i + k, .y = 36, .side = 14, .level = 200 };
			rig_draw(rig, &thing);
			for (int at = 0; at < CELLS; at++)
				sums[at] += rig->luma[at];
		}
		for (int at = 0; at < CELLS; at++)
			with[at] = (uint16_t)(sums[at] / 16);
		memcpy(rig->luma, with, sizeof with);
		found = rig_look(rig) ? i : 0;
	}
	assert_in_range(found, 2, 4);
	motion_rig_end(rig);
}

/* The frame, from 1, with which a square that comes further than it is wide is told. */
static int told_of_quick(int side)
{
	struct motion_rig *rig = motion_rig_with("", "", 3, 1, 0);
	struct square thing = { .x = -side, .y = 40, .side = side, .level = 130 };
	rig_rest(rig, 50);
	const int told = rig_walk(rig, &thing, side + 1, 4);
	motion_rig_end(rig);
	return told;
}

static void test_what_is_large_and_quick_is_told_without_delay(void **state)
{
	(void)state;
	assert_int_equal(told_of_quick(30), 3);
	assert_int_equal(told_of_quick(20), 0); /* as drops of rain */
}

static int changed_cells(const struct motion_rig *rig)
{
	const uint8_t *mask = motion_mask(rig->motion);
	int changed = 0;
	for (int i = 0; i < CELLS; i++)
		changed += mask[i];
	return changed;
}

/* A lamp is lit: most of the wall is clipped, until the camera's exposure has followed. */
static void test_what_the_camera_clipped_is_no_past_once_the_picture_has_settled(void **state)
{
	(void)state;
	static const double exposures[] = { 10000, 10000, 8500, 7000, 6000, 5200, 4600, 4200, 4000 };
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	rig_rest(rig, 50);
	rig->light = 3.3;
	for (size_t i = 0; i < sizeof exposures / sizeof *exposures; i++) {
		rig->info.exposure_us = exposures[i];
		assert_int_equal(rig_feed(rig, NULL), 0);
	}
	while (motion_settling(rig->motion))
		assert_int_equal(rig_feed(rig, NULL), 0);
	assert_int_equal(rig_feed(rig, NULL), 0);
	assert_int_equal(changed_cells(rig), 0);
	assert_in_range(rig_walk(rig, &thing, 2, 5), 2, 3);
	motion_rig_end(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texture_that_sways_in_gusts_is_no_motion),
		cmocka_unit_test(test_a_camera_that_the_wind_shakes_sees_no_motion),
		cmocka_unit_test(test_who_walks_before_what_sways_is_found),
		cmocka_unit_test(test_a_plain_thing_as_bright_as_the_wall_on_average_is_found),
		cmocka_unit_test(test_the_soft_edge_of_a_shadow_is_no_motion),
		cmocka_unit_test(test_who_walks_before_a_wall_that_is_clipped_is_found),
		cmocka_unit_test(test_what_is_clipped_itself_is_found),
		cmocka_unit_test(test_a_smear_is_found),
		cmocka_unit_test(test_what_the_camera_clipped_is_no_past_once_the_picture_has_settled),
		cmocka_unit_test(test_what_is_large_and_quick_is_told_without_delay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
