/* What the boundary of a patch that has changed tells: outlines, and borders of what is lit. */
#include <math.h>
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

/* Of a board that has come into the picture, where the recent past, the picture's quarter in it, had that before. */
static struct motion_texture look_back(int board, int ground)
{
	planes.recent_rate = 2;
	for (int i = 0; i < SIDE * SIDE; i++) {
		const bool within = is_within(i % SIDE, i / SIDE);
		planes.recent[i] = (uint16_t)((3 * (within ? board : ground) + (within ? 160 : 100)) * LUMA_GRID_LEVEL / 4);
	}
	return look(100, 100, 160, 100);
}

static double likeness_of_the_past(const struct motion_texture *texture)
{
	return texture->now_past / fmax(sqrt(texture->now_now * texture->past_past), 1);
}

static void test_what_has_come_to_light_and_stays_is_known_from_the_frames_before(void **state)
{
	(void)state;
	const struct motion_texture stayed = look_back(160, 100), fainter = look_back(130, 100);
	const struct motion_texture came = look_back(100, 100);
	assert_true(likeness_of_the_past(&stayed) > 0.99);
	assert_true(likeness_of_the_past(&fainter) > 0.99);
	assert_true(fabs(likeness_of_the_past(&came)) < 0.01);
	assert_true(motion_texture_covers(&stayed, 256, 1, false));
	assert_false(motion_texture_covers(&stayed, 256, 1, true));
	assert_true(motion_texture_covers(&came, 256, 1, true));
}

static void test_the_frames_before_are_asked_in_the_light_that_they_had(void **state)
{
	(void)state;
	look_back(160, 100);
	motion_planes_relight(&planes, true);
	for (int i = 0; i < SIDE * SIDE; i++) /* a gain that was wrong has taken the board from it */
		planes.recent[i] = 100 * LUMA_GRID_LEVEL;
	const struct motion_texture texture = look(100, 100, 160, 100);
	assert_true(likeness_of_the_past(&texture) > 0.99);
	assert_false(motion_texture_covers(&texture, 256, 1, true));
}

static void test_what_the_frames_before_have_clipped_may_have_been_the_same(void **state)
{
	(void)state;
	planes.recent_rate = 2;
	for (int i = 0; i < SIDE * SIDE; i++)
		planes.recent[i] = 250 * LUMA_GRID_LEVEL;
	const struct motion_texture texture = look(100, 100, 240, 100);
	assert_true(likeness_of_the_past(&texture) > 0.99);
}

static void test_without_frames_before_nothing_is_known_of_them(void **state)
{
	(void)state;
	look_back(160, 100);
	planes.recent_rate = 0;
	const struct motion_texture texture = look(100, 100, 160, 100);
	assert_true(fabs(likeness_of_the_past(&texture)) < 0.01);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_what_stands_before_a_wall_has_an_outline_all_around),
		TEST(test_a_bright_board_in_a_pool_of_light_has_none),
		TEST(test_a_ground_that_the_camera_clips_tells_nothing),
		TEST(test_an_outline_of_the_background_alone_is_not_seen),
		TEST(test_what_has_come_to_light_and_stays_is_known_from_the_frames_before),
		TEST(test_the_frames_before_are_asked_in_the_light_that_they_had),
		TEST(test_what_the_frames_before_have_clipped_may_have_been_the_same),
		TEST(test_without_frames_before_nothing_is_known_of_them),
		TEST(test_the_opposite_of_the_background_is_asked_for_more_while_the_light_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
