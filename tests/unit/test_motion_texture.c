/* What the boundary of a patch that has changed tells: outlines, and borders of what is lit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/motion_texture.h"
#include "media/luma_grid.h"

enum { SIDE = 40, FIRST = 12, LAST = 27 }; /* the patch is a square in the middle */

static struct motion_planes planes;
static uint16_t luma[SIDE * SIDE];

static int set_up(void **state)
{
	(void)state;
	assert_true(motion_planes_init(&planes, SIDE, SIDE));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	motion_planes_finish(&planes);
	return 0;
}

static bool is_within(int x, int y)
{
	return x >= FIRST && x <= LAST && y >= FIRST && y <= LAST;
}

/* A board of that level in a ground of another, and what both are now. */
static struct motion_texture look(int board, int ground, int board_now, int ground_now)
{
	struct motion_texture texture = { 0 };
	for (int i = 0; i < SIDE * SIDE; i++) {
		const bool within = is_within(i % SIDE, i / SIDE);
		planes.background[i] = (uint16_t)((within ? board : ground) * LUMA_GRID_LEVEL);
		planes.least[i] = MOTION_LEAST_ONE;
		planes.changed[i] = within;
		luma[i] = (uint16_t)((within ? board_now : ground_now) * LUMA_GRID_LEVEL);
	}
	for (int i = 0; i < SIDE * SIDE; i++)
		if (planes.changed[i])
			motion_texture_add(&texture, &planes, luma, i % SIDE, i / SIDE);
	return texture;
}

static void test_what_stands_before_a_wall_has_an_outline_all_around(void **state)
{
	(void)state;
	const struct motion_texture texture = look(100, 100, 40, 100);
	assert_true(texture.boundary > 0);
	assert_int_equal(texture.sharp, texture.boundary);
	assert_int_equal(texture.seen, texture.boundary);
}

static void test_a_bright_board_in_a_pool_of_light_has_none(void **state)
{
	(void)state;
	/* Of the dark ground too little comes back for the difference to be seen. */
	assert_int_equal(look(160, 10, 200, 12).sharp, 0);
	assert_int_equal(look(200, 10, 160, 8).sharp, 0);
}

static void test_a_ground_that_the_camera_clips_tells_nothing(void **state)
{
	(void)state;
	const struct motion_texture texture = look(200, 255, 150, 255);
	assert_int_equal(texture.boundary, 0);
	assert_int_equal(texture.sharp, 0);
}

static void test_an_outline_of_the_background_alone_is_not_seen(void **state)
{
	(void)state;
	const struct motion_texture texture = look(160, 100, 100, 100);
	assert_true(texture.sharp > 0);
	assert_int_equal(texture.seen, 0);
	/* New texture all over, and that outline: enough by a steady light, not while it changes. */
	const struct motion_texture covers = { .edges = 100, .boundary = 60, .sharp = 60 };
	assert_true(motion_texture_covers(&covers, 256, 1, false));
	assert_false(motion_texture_covers(&covers, 256, 1, true));
}

static void test_the_opposite_of_the_background_is_asked_for_more_while_the_light_changes(void **state)
{
	(void)state;
	const struct motion_texture opposite = {
		.now_was = -50, .now_now = 100, .was_was = 100, .edges = 200, .boundary = 60, .sharp = 30, .seen = 30
	};
	assert_true(motion_texture_covers(&opposite, 256, 1, false));
	assert_false(motion_texture_covers(&opposite, 256, 1, true));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_stands_before_a_wall_has_an_outline_all_around),
		TEST(test_a_bright_board_in_a_pool_of_light_has_none),
		TEST(test_a_ground_that_the_camera_clips_tells_nothing),
		TEST(test_an_outline_of_the_background_alone_is_not_seen),
		TEST(test_the_opposite_of_the_background_is_asked_for_more_while_the_light_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
