/* Things that are followed from frame to frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/motion_tracks.h"

enum { LARGE = 100, SMALL = 40, SIDE = 7 };

static struct motion_tracks tracks;

static int set_up(void **state)
{
	(void)state;
	motion_tracks_begin(&tracks);
	return 0;
}

static int follow_box(struct motion_box box, int cells, bool is_slow)
{
	const struct motion_pace pace = { .reach = 4, .missed_most = 3, .large_least = LARGE, .is_slow = is_slow };
	const struct motion_blob blob = { .box = box, .cells = cells };
	int ages[MOTION_BLOBS_MAX];
	motion_tracks_follow(&tracks, &blob, 1, &pace, ages);
	return ages[0];
}

/* The age of a thing of so many cells, SIDE + 1 wide, that is next seen at column left. */
static int follow(int left, int cells, bool is_slow)
{
	return follow_box((struct motion_box){ left, 10, left + SIDE, 20 }, cells, is_slow);
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
	assert_int_equal(follow(10, SMALL, false), 1);
	assert_int_equal(follow(16, SMALL, false), 2); /* a quarter of it does */
	assert_int_equal(follow(22, SMALL, false), 3);
}

static void test_legs_that_come_beside_where_they_were_go_on(void **state)
{
	(void)state;
	/* Of a walker who shows only in part, taller and narrower in turn, in boxes that hardly share a cell of his. */
	assert_int_equal(follow_box((struct motion_box){ 0, 88, 3, 100 }, SMALL, false), 1);
	assert_int_equal(follow_box((struct motion_box){ 2, 90, 5, 99 }, SMALL, false), 2);
	assert_int_equal(follow_box((struct motion_box){ 4, 88, 8, 100 }, SMALL, false), 3);
}

static void test_drops_that_do_not_age_by_half(void **state)
{
	(void)state;
	assert_int_equal(follow(10, SMALL, false), 1);
	assert_int_equal(follow(17, SMALL, false), 1);
	assert_int_equal(follow(24, SMALL, false), 2);
	assert_int_equal(follow(31, SMALL, false), 2);
	assert_int_equal(follow(38, SMALL, false), 3);
}

static void test_a_drop_where_one_was_two_frames_ago_ages_by_half(void **state)
{
	(void)state;
	assert_int_equal(follow(10, SMALL, false), 1);
	follow_nothing();
	assert_int_equal(follow(10, SMALL, false), 1);
}

static void test_what_is_large_is_no_drop(void **state)
{
	(void)state;
	assert_int_equal(follow(10, LARGE, false), 1);
	assert_int_equal(follow(18, LARGE, false), 2);
	assert_int_equal(follow(26, LARGE, false), 3);
}

static void test_slow_frames_are_not_asked_for_an_overlap(void **state)
{
	(void)state;
	assert_int_equal(follow(10, SMALL, true), 1);
	assert_int_equal(follow(18, SMALL, true), 2);
}

static void test_what_is_far_is_another_thing(void **state)
{
	(void)state;
	assert_int_equal(follow(10, SMALL, false), 1);
	assert_int_equal(follow(100, SMALL, false), 1);
}

static void test_what_is_missed_for_too_long_is_forgotten(void **state)
{
	(void)state;
	follow(10, LARGE, false);
	assert_int_equal(follow(10, LARGE, false), 2);
	for (int i = 0; i < 3; i++)
		follow_nothing();
	assert_int_equal(follow(10, LARGE, false), 3);
	for (int i = 0; i < 4; i++)
		follow_nothing();
	assert_int_equal(follow(10, LARGE, false), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_overlaps_with_itself_ages_by_a_frame, set_up),
		cmocka_unit_test_setup(test_legs_that_come_beside_where_they_were_go_on, set_up),
		cmocka_unit_test_setup(test_drops_that_do_not_age_by_half, set_up),
		cmocka_unit_test_setup(test_a_drop_where_one_was_two_frames_ago_ages_by_half, set_up),
		cmocka_unit_test_setup(test_what_is_large_is_no_drop, set_up),
		cmocka_unit_test_setup(test_slow_frames_are_not_asked_for_an_overlap, set_up),
		cmocka_unit_test_setup(test_what_is_far_is_another_thing, set_up),
		cmocka_unit_test_setup(test_what_is_missed_for_too_long_is_forgotten, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
