/* Which frames become video while nothing moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/idle_rate.h"

static const int64_t SECOND = INT64_C(1000000000);

/* Of frames that come every interval_ns, a little early or late, how many are taken in count of them. */
static int taken_of(const struct idle_rate *rate, int64_t interval_ns, int count)
{
	int taken = 0;
	int64_t taken_ns = 0, first_ns = SECOND;
	for (int i = 0; i < count; i++) {
		const int64_t at_ns = first_ns + i * interval_ns + i % 3 * interval_ns / 50;
		if (at_ns <= idle_rate_after(rate, taken_ns))
			continue;
		taken_ns = at_ns;
		taken++;
	}
	return taken;
}

static void test_at_rest_a_few_frames_a_second_are_taken(void **state)
{
	(void)state;
	struct idle_rate rate;
	idle_rate_init(&rate, 2);
	idle_rate_rest(&rate);
	assert_int_equal(taken_of(&rate, SECOND / 10, 100), 20);
	assert_int_equal(taken_of(&rate, SECOND / 30, 300), 20);
	assert_int_equal(taken_of(&rate, SECOND, 10), 10); /* slower than that as it is */
}

static void test_awake_all_are_taken_from_the_moment_that_was_wanted(void **state)
{
	(void)state;
	struct idle_rate rate;
	idle_rate_init(&rate, 1);
	idle_rate_rest(&rate);
	assert_true(idle_rate_wake(&rate, 6 * SECOND)); /* five seconds after the first frame */
	assert_false(idle_rate_rests(&rate));
	assert_int_equal(taken_of(&rate, SECOND / 10, 100), 5 + 50);
	assert_false(idle_rate_wake(&rate, 0));
	assert_int_equal(taken_of(&rate, SECOND / 10, 100), 100);
}

static void test_the_first_frame_at_full_rate_is_a_key_frame(void **state)
{
	(void)state;
	struct idle_rate rate;
	idle_rate_init(&rate, 1);
	assert_false(idle_rate_key(&rate, SECOND));
	idle_rate_rest(&rate);
	idle_rate_wake(&rate, 6 * SECOND);
	assert_false(idle_rate_key(&rate, 5 * SECOND));
	const int64_t after_ns = idle_rate_after(&rate, 6 * SECOND - SECOND / 10);
	assert_true(after_ns == 6 * SECOND - 1);
	assert_true(idle_rate_key(&rate, after_ns));
}

static void test_at_rest_a_frame_waits_until_it_is_about_to_leave_the_ring(void **state)
{
	(void)state;
	struct idle_rate rate;
	idle_rate_init(&rate, 1);
	assert_false(idle_rate_waits(&rate, 15 * SECOND, 8 * SECOND, 16 * SECOND));
	idle_rate_rest(&rate);
	assert_true(idle_rate_waits(&rate, 15 * SECOND, 8 * SECOND, 16 * SECOND));
	assert_false(idle_rate_waits(&rate, 9 * SECOND, 8 * SECOND, 16 * SECOND));
	assert_false(idle_rate_waits(&rate, 0, 0, 0)); /* nothing is there yet */
}

static void test_without_an_idle_rate_there_is_no_rest(void **state)
{
	(void)state;
	struct idle_rate rate;
	idle_rate_init(&rate, 0);
	idle_rate_rest(&rate);
	assert_false(idle_rate_rests(&rate));
	assert_int_equal(taken_of(&rate, SECOND / 10, 100), 100);
	assert_true(idle_rate_after(&rate, -5 * SECOND) == -5 * SECOND); /* from before the machine's start on */
}

static struct frame_info frame_at(uint64_t id)
{
	return (struct frame_info){ .id = id, .timestamp_ns = SECOND + (int64_t)id * SECOND / 10 + 30000000 };
}

static void test_what_was_left_out_is_told_from_what_was_lost(void **state)
{
	(void)state;
	struct idle_rate rate;
	idle_rate_init(&rate, 2);
	idle_rate_rest(&rate);
	struct frame_info taken = frame_at(3);
	for (uint64_t id = 4; id < 100; id++) {
		const struct frame_info frame = frame_at(id);
		if (frame.timestamp_ns <= idle_rate_after(&rate, taken.timestamp_ns))
			continue;
		assert_true(idle_rate_left_out(2, &taken, &frame));
		taken = frame;
	}
	const struct frame_info before = frame_at(11), lost = frame_at(13), later = frame_at(18);
	assert_false(idle_rate_left_out(2, &before, &lost));
	assert_false(idle_rate_left_out(2, &before, &later));
	assert_false(idle_rate_left_out(0, &before, &later));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_rest_a_few_frames_a_second_are_taken),
		cmocka_unit_test(test_awake_all_are_taken_from_the_moment_that_was_wanted),
		cmocka_unit_test(test_the_first_frame_at_full_rate_is_a_key_frame),
		cmocka_unit_test(test_at_rest_a_frame_waits_until_it_is_about_to_leave_the_ring),
		cmocka_unit_test(test_what_was_left_out_is_told_from_what_was_lost),
		cmocka_unit_test(test_without_an_idle_rate_there_is_no_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
