#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/latency_histogram.h"

static const int64_t ms = CLOCK_NS_PER_MS;

static bool is_about(double got, double expected)
{
	return got >= expected && got <= expected * 1.1;
}

static void test_percentiles_are_upper_bounds_at_most_a_tenth_above(void **state)
{
	(void)state;
	for (int64_t delay_ms = 1; delay_ms < 1000000; delay_ms = delay_ms * 5 / 3 + 1) {
		struct latency_histogram histogram = { 0 };
		latency_histogram_add(&histogram, delay_ms * ms);
		assert_true(is_about(latency_histogram_percentile_ms(&histogram, 0.5), (double)delay_ms));
	}
}

static void test_what_is_later_than_25_ms_is_told_apart(void **state)
{
	struct latency_histogram histogram = { 0 };
	(void)state;
	for (int i = 0; i < 990; i++)
		latency_histogram_add(&histogram, ms);
	for (int i = 0; i < 10; i++)
		latency_histogram_add(&histogram, 700 * ms);
	assert_true(is_about(latency_histogram_percentile_ms(&histogram, 0.5), 1));
	assert_true(is_about(latency_histogram_percentile_ms(&histogram, 0.999), 700));
}

static void test_none_and_early_and_very_late(void **state)
{
	struct latency_histogram histogram = { 0 };
	(void)state;
	assert_true(latency_histogram_percentile_ms(&histogram, 0.5) == 0);
	latency_histogram_add(&histogram, -5 * ms);
	assert_true(is_about(latency_histogram_percentile_ms(&histogram, 1), 0.1));
	latency_histogram_add(&histogram, INT64_MAX);
	assert_true(latency_histogram_percentile_ms(&histogram, 1) > 1e6);
}

static void test_a_bad_minute_is_forgotten_in_ten(void **state)
{
	struct latency_window window = { 0 };
	int64_t at_ns = 1000 * CLOCK_NS_PER_S;
	(void)state;
	for (int i = 0; i < 600; i++)
		latency_window_add(&window, at_ns += 100 * ms, 5000 * ms);
	for (int minute = 0; minute < 11; minute++) {
		assert_true((latency_window_percentile_ms(&window, 0.999) > 4000) || minute > 4);
		for (int i = 0; i < 600; i++)
			latency_window_add(&window, at_ns += 100 * ms, ms);
	}
	assert_true(is_about(latency_window_percentile_ms(&window, 1), 1));
}

static void test_what_came_before_a_long_silence_is_forgotten_at_once(void **state)
{
	struct latency_window window = { 0 };
	(void)state;
	latency_window_add(&window, 1000 * CLOCK_NS_PER_S, 5000 * ms);
	latency_window_add(&window, 9000 * CLOCK_NS_PER_S, ms);
	assert_true(is_about(latency_window_percentile_ms(&window, 1), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles_are_upper_bounds_at_most_a_tenth_above),
		cmocka_unit_test(test_what_is_later_than_25_ms_is_told_apart),
		cmocka_unit_test(test_none_and_early_and_very_late),
		cmocka_unit_test(test_a_bad_minute_is_forgotten_in_ten),
		cmocka_unit_test(test_what_came_before_a_long_silence_is_forgotten_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
