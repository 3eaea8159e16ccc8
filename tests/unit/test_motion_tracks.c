/* Things that are followed from frame to frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/motion_tracks.h"

enum { LARGE = 100, SIDE = 5 };

static struct motion_tracks tracks;

static int set_up(void **state)
{
	(void)state;
	motion_tracks_begin(&tracks);
	return 0;
}

/* The age of a thing of so many cells that is next seen at column left, with so many cells where something was. */
static int follow(int left, int cells, int stayed, bool is_slow)
{
	const struct motion_pace pace = { .reach = 4, .missed_most = 3, .large_least = LARGE, .is_slow = is_slow };
	const struct motion_blob blob = { .box = { left, 10, left + SIDE, 20 }, .cells = cells, .stayed = stayed };
	int ages[MOTION_BLOBS_MAX];
	motion_tracks_follow(&tracks, &blob, 1, &pace, ages);
	return ages[0];
}

static void follow_nothing(void)
{
	const struct motion_pace pace = { .reach = 4, .missed_most = 3, .large_least = LARGE };
	int ages[MOTION_BLOBS_MAX];
	motion_tracks_follow(&tracks, NULL, 0, &pace, ages);
}

static void test_what_overlaps_with_itself_ages_by_a_frame(void **state)
{
	(void)state;
	assert_int_equal(follow(10, 40, 0, false), 1);
	assert_int_equal(follow(12, 40, 10, false), 2);
	assert_int_equal(follow(14, 40, 10, false), 3);
}

static void test_drops_that_do_not_age_by_half(void **state)
{
	(void)state;
	assert_int_equal(follow(10, 40, 0, false), 1);
	assert_int_equal(follow(18, 40, 9, false), 1);
	assert_int_equal(follow(26, 40, 9, false), 2);
	assert_int_equal(follow(34, 40, 9, false), 2);
	assert_int_equal(follow(42, 40, 9, false), 3);
}

static void test_what_is_large_is_no_drop(void **state)
{
	(void)state;
	assert_int_equal(follow(10, LARGE, 0, false), 1);
	assert_int_equal(follow(18, LARGE, 0, false), 2);
	assert_int_equal(follow(26, LARGE, 0, false), 3);
}

static void test_slow_frames_are_not_asked_for_an_overlap(void **state)
{
	(void)state;
	assert_int_equal(follow(10, 40, 0, true), 1);
	assert_int_equal(follow(18, 40, 0, true), 2);
}

static void test_what_is_far_is_another_thing(void **state)
{
	(void)state;
	assert_int_equal(follow(10, 40, 0, false), 1);
	assert_int_equal(follow(100, 40, 40, false), 1);
}

static void test_what_is_missed_for_too_long_is_forgotten(void **state)
{
	(void)state;
	follow(10, 40, 0, false);
	assert_int_equal(follow(10, 40, 40, false), 2);
	for (int i = 0; i < 3; i++)
		follow_nothing();
	assert_int_equal(follow(10, 40, 40, false), 3);
	for (int i = 0; i < 4; i++)
		follow_nothing();
	assert_int_equal(follow(10, 40, 40, false), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_overlaps_with_itself_ages_by_a_frame, set_up),
		cmocka_unit_test_setup(test_drops_that_do_not_age_by_half, set_up),
		cmocka_unit_test_setup(test_what_is_large_is_no_drop, set_up),
		cmocka_unit_test_setup(test_slow_frames_are_not_asked_for_an_overlap, set_up),
		cmocka_unit_test_setup(test_what_is_far_is_another_thing, set_up),
		cmocka_unit_test_setup(test_what_is_missed_for_too_long_is_forgotten, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
