#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/pace.h"

static const int64_t ms = 1000000, interval_ns = 100000000;

/* So many frames of the camera, each of which costs cost_ms when it is taken; returns how many were. */
static int run(struct pace *pace, int frames, int64_t cost_ms)
{
	static int64_t now_ns = 1000000000;
	int taken = 0;
	for (int i = 0; i < frames; i++) {
		now_ns += interval_ns;
		if (!pace_takes(pace, now_ns))
			continue;
		pace_took(pace, now_ns, cost_ms * ms, interval_ns);
		taken++;
	}
	return taken;
}

static void test_all_frames_are_taken_while_they_are_cheap(void **state)
{
	struct pace pace = { 0 };
	(void)state;
	assert_int_equal(run(&pace, 100, 69), 100);
	assert_int_equal(pace_interval_ns(&pace), 0);
}

static void test_frames_that_cost_too_much_leave_a_share_to_others(void **state)
{
	(void)state;
	for (int64_t cost_ms = 71; cost_ms < 1000; cost_ms += 100) {
		struct pace pace = { 0 };
		run(&pace, 1000, cost_ms);
		int taken = run(&pace, 1000, cost_ms);
		assert_true(taken > 0 && (double)taken * (double)cost_ms <= 0.7 * 1000 * 100 + 1);
	}
}

static void test_a_single_dear_frame_changes_nothing(void **state)
{
	struct pace pace = { 0 };
	(void)state;
	run(&pace, 100, 20);
	run(&pace, 1, 500);
	assert_int_equal(run(&pace, 100, 20), 100);
}

static void test_it_ends_when_frames_are_cheap_again_and_not_at_the_border(void **state)
{
	struct pace pace = { 0 };
	(void)state;
	run(&pace, 100, 90);
	assert_true(pace.own_ns > 0);
	run(&pace, 200, 65); /* between: as it was */
	assert_true(pace.own_ns > 0);
	run(&pace, 200, 30);
	assert_int_equal(pace.own_ns, 0);
	run(&pace, 200, 65);
	assert_int_equal(pace.own_ns, 0);
}

static void test_the_change_is_told_once(void **state)
{
	struct pace pace = { 0 };
	int64_t now_ns = interval_ns;
	int changes = 0;
	(void)state;
	for (int i = 0; i < 50; i++)
		changes += pace_took(&pace, now_ns += 2 * interval_ns, 90 * ms, interval_ns);
	assert_int_equal(changes, 1);
	for (int i = 0; i < 50; i++)
		changes += pace_took(&pace, now_ns += 2 * interval_ns, 10 * ms, interval_ns);
	assert_int_equal(changes, 2);
}

static void test_the_slower_of_two_paces_counts(void **state)
{
	struct pace pace = { .asked_ns = 1500 * ms };
	(void)state;
	assert_int_equal(run(&pace, 150, 90), 10);
	assert_int_equal(pace_interval_ns(&pace), 1500 * ms);
	pace.asked_ns = INT64_MAX;
	assert_int_equal(run(&pace, 150, 90), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_frames_are_taken_while_they_are_cheap),
		cmocka_unit_test(test_frames_that_cost_too_much_leave_a_share_to_others),
		cmocka_unit_test(test_a_single_dear_frame_changes_nothing),
		cmocka_unit_test(test_it_ends_when_frames_are_cheap_again_and_not_at_the_border),
		cmocka_unit_test(test_the_change_is_told_once),
		cmocka_unit_test(test_the_slower_of_two_paces_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
