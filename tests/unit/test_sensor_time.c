#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/sensor_time.h"

#define SECOND CLOCK_NS_PER_S

enum { OLDEST_S = 10 };

static int64_t judged(int64_t sensor_ns, int64_t arrival_ns, int64_t boot_ahead_ns)
{
	return sensor_time_monotonic(sensor_ns, arrival_ns, boot_ahead_ns, OLDEST_S * SECOND);
}

static void test_a_monotonic_time_is_taken(void **state)
{
	(void)state;
	assert_int_equal(judged(99 * SECOND, 100 * SECOND, 0), 99 * SECOND);
	assert_int_equal(judged(100 * SECOND, 100 * SECOND, 0), 100 * SECOND);
	assert_int_equal(judged(90 * SECOND, 100 * SECOND, 5000 * SECOND), 90 * SECOND);
}

static void test_a_time_since_boot_is_converted(void **state)
{
	(void)state;
	assert_int_equal(judged(599 * SECOND, 100 * SECOND, 500 * SECOND), 99 * SECOND);
}

static void test_an_impossible_time_gives_the_arrival(void **state)
{
	(void)state;
	assert_int_equal(judged(0, 100 * SECOND, 0), 100 * SECOND);
	assert_int_equal(judged(0, 100 * SECOND, 500 * SECOND), 100 * SECOND);
	assert_int_equal(judged(101 * SECOND, 100 * SECOND, 0), 100 * SECOND);
	assert_int_equal(judged(89 * SECOND, 100 * SECOND, 0), 100 * SECOND);
	assert_int_equal(judged(INT64_C(1700000000) * SECOND, 100 * SECOND, 500 * SECOND), 100 * SECOND);
}

/* Frames at the given share of the interval; returns how many it took to judge them too fast, 0 for never. */
static int frames_until_too_fast(int percent)
{
	struct sensor_pace pace = { .interval_ns = SECOND / 10 };

	for (int i = 1; i <= 1000; i++) {
		if (sensor_pace_is_too_fast(&pace, SECOND + i * (SECOND / 1000) * percent))
			return i;
	}
	return 0;
}

static void test_a_camera_that_keeps_the_rate_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(frames_until_too_fast(100), 0);
	assert_int_equal(frames_until_too_fast(300), 0);
	assert_int_equal(frames_until_too_fast(91), 0);
}

static void test_a_camera_that_is_too_fast_is_found_out(void **state)
{
	(void)state;
	assert_int_equal(frames_until_too_fast(80), 4);
	assert_int_equal(frames_until_too_fast(1), 4);
	assert_int_equal(frames_until_too_fast(0), 4);
}

static void test_one_short_interval_is_no_proof(void **state)
{
	struct sensor_pace pace = { .interval_ns = SECOND / 10 };
	int64_t now_ns = SECOND;

	(void)state;
	for (int i = 0; i < 300; i++) {
		now_ns += i % 3 == 0 ? SECOND / 10 : SECOND / 100;
		assert_false(sensor_pace_is_too_fast(&pace, now_ns));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_monotonic_time_is_taken),
		cmocka_unit_test(test_a_time_since_boot_is_converted),
		cmocka_unit_test(test_an_impossible_time_gives_the_arrival),
		cmocka_unit_test(test_a_camera_that_keeps_the_rate_is_left_alone),
		cmocka_unit_test(test_a_camera_that_is_too_fast_is_found_out),
		cmocka_unit_test(test_one_short_interval_is_no_proof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
