/* When capture goes slower, and how soon the synthetic camera follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/synthetic/shutter.h"
#include "capture/camera_rate.h"

#define SECOND CLOCK_NS_PER_S

static void test_it_is_idle_when_nothing_has_stirred_for_so_long(void **state)
{
	(void)state;
	struct camera_rate rate = { .framerate = 1, .after_ns = 10 * SECOND };
	assert_false(camera_rate_update(&rate, 100 * SECOND, false)); /* the first frame counts as stirring */
	assert_false(camera_rate_update(&rate, 110 * SECOND, false));
	assert_true(camera_rate_update(&rate, 111 * SECOND, false));
	assert_true(rate.idle);
	assert_false(camera_rate_update(&rate, 112 * SECOND, false));
	assert_true(rate.idle);
}

static void test_it_wakes_at_once_and_counts_anew(void **state)
{
	(void)state;
	struct camera_rate rate = { .framerate = 1, .after_ns = 10 * SECOND };
	camera_rate_update(&rate, 100 * SECOND, false);
	assert_true(camera_rate_update(&rate, 120 * SECOND, false));
	assert_true(camera_rate_update(&rate, 121 * SECOND, true));
	assert_false(rate.idle);
	assert_false(camera_rate_update(&rate, 131 * SECOND, false));
	assert_true(camera_rate_update(&rate, 132 * SECOND, false));
}

static void test_without_an_idle_rate_it_never_is(void **state)
{
	(void)state;
	struct camera_rate rate = { .framerate = 0, .after_ns = 0 };
	for (int64_t now_ns = SECOND; now_ns < 100 * SECOND; now_ns += SECOND)
		assert_false(camera_rate_update(&rate, now_ns, false));
	assert_false(rate.idle);
}

static int64_t next_interval(struct shutter *shutter)
{
	const int64_t before_ns = shutter->due_ns;
	shutter_next(shutter);
	return shutter->due_ns - before_ns;
}

static void test_a_new_rate_shows_from_the_frame_after_the_one_under_way(void **state)
{
	(void)state;
	struct shutter shutter;
	char note[256];
	shutter_init(&shutter, 10, 400);
	shutter_open(&shutter, 100 * SECOND);
	assert_int_equal(next_interval(&shutter), SECOND / 10);
	shutter_set_mode(&shutter, &(struct camera_mode){ .framerate = 2 }, note);
	assert_int_equal(next_interval(&shutter), SECOND / 2);
	assert_int_equal(next_interval(&shutter), SECOND / 2);
	const int64_t under_way_ns = shutter.due_ns;
	shutter_set_mode(&shutter, &(struct camera_mode){ .framerate = 0 }, note);
	assert_int_equal(shutter.due_ns, under_way_ns);
	assert_int_equal(next_interval(&shutter), SECOND / 10);
	assert_string_equal(note, "");
}

static void test_an_exposure_longer_than_the_interval_sets_the_pace(void **state)
{
	(void)state;
	struct shutter shutter;
	char note[256];
	shutter_init(&shutter, 10, 400);
	shutter_set_mode(&shutter,
	                 &(struct camera_mode){ .still = true, .exposure_us = 2000000, .gain = 4, .framerate = 2 }, note);
	shutter_open(&shutter, 100 * SECOND);
	assert_int_equal(shutter.start_ns, 100 * SECOND);
	assert_int_equal(next_interval(&shutter), 2 * SECOND);
}

static void test_frames_beyond_the_buffers_are_lost_and_counted(void **state)
{
	(void)state;
	struct shutter shutter;
	shutter_init(&shutter, 10, 400);
	shutter_open(&shutter, 100 * SECOND);
	const int64_t due_ns = shutter.due_ns;
	assert_int_equal(shutter_skip_missed(&shutter, due_ns + 3 * SECOND / 10, 4), 0);
	assert_int_equal(shutter_skip_missed(&shutter, due_ns + SECOND, 4), 7);
	assert_int_equal(shutter.due_ns, due_ns + 7 * SECOND / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_idle_when_nothing_has_stirred_for_so_long),
		cmocka_unit_test(test_it_wakes_at_once_and_counts_anew),
		cmocka_unit_test(test_without_an_idle_rate_it_never_is),
		cmocka_unit_test(test_a_new_rate_shows_from_the_frame_after_the_one_under_way),
		cmocka_unit_test(test_an_exposure_longer_than_the_interval_sets_the_pace),
		cmocka_unit_test(test_frames_beyond_the_buffers_are_lost_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
