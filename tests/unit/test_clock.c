#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void test_monotonic_never_goes_back(void **state)
{
	(void)state;
	int64_t last = clock_now_ns();
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_now_ns();
		assert_true(now >= last);
		last = now;
	}
}

static void test_the_awake_clock_stands_still_while_nobody_runs(void **state)
{
	(void)state;
	const int64_t tick_ns = CLOCK_AWAKE_TICK_NS;
	struct clock_awake awake = { 0 };
	int64_t now_ns = 1000 * CLOCK_NS_PER_S, begun_ns = clock_awake_step(&awake, now_ns);
	assert_true(begun_ns == now_ns);
	for (int i = 0; i < 100; i++)
		clock_awake_step(&awake, now_ns += tick_ns);
	assert_true(awake.awake_ns == begun_ns + 100 * tick_ns);
	clock_awake_step(&awake, now_ns += 3600 * CLOCK_NS_PER_S);
	assert_true(awake.awake_ns == begun_ns + 102 * tick_ns);
	/* Somebody who is always late still sees time pass, at half its pace here. */
	for (int i = 0; i < 100; i++)
		clock_awake_step(&awake, now_ns += 4 * tick_ns);
	assert_true(awake.awake_ns == begun_ns + 302 * tick_ns);
}

static void test_wall_of_keeps_distances(void **state)
{
	(void)state;
	/* Ten seconds cover whatever this process may have to wait for a processor between two readings. */
	const int64_t slack_ns = 10 * CLOCK_NS_PER_S;
	int64_t before = clock_wall_ns();
	int64_t wall = clock_wall_of(clock_now_ns());
	assert_true(wall >= before - slack_ns && wall <= clock_wall_ns() + slack_ns);

	int64_t distance_ns = wall - clock_wall_of(clock_now_ns() - 3600 * CLOCK_NS_PER_S);
	assert_true(distance_ns > 3600 * CLOCK_NS_PER_S - slack_ns && distance_ns < 3600 * CLOCK_NS_PER_S + slack_ns);
}

static void test_formats_local_time(void **state)
{
	(void)state;
	char text[32];
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	clock_format_local(INT64_C(1767225599) * CLOCK_NS_PER_S, "%Y%m%d_%H%M%S", text, sizeof text);
	assert_string_equal(text, "20260101_005959");
	clock_format_local(INT64_C(1782864000) * CLOCK_NS_PER_S, "%H:%M %z", text, sizeof text);
	assert_string_equal(text, "02:00 +0200");
}

static void test_formats_times_before_1970(void **state)
{
	(void)state;
	char text[32];
	setenv("TZ", "UTC0", 1);
	tzset();
	clock_format_local(-1, "%Y-%m-%d %H:%M:%S", text, sizeof text);
	assert_string_equal(text, "1969-12-31 23:59:59");
	clock_format_local(-CLOCK_NS_PER_S, "%H:%M:%S", text, sizeof text);
	assert_string_equal(text, "23:59:59");
}

static void test_milliseconds_count_forwards_before_1970_too(void **state)
{
	(void)state;
	assert_int_equal(clock_millisecond(INT64_C(1042000000)), 42);
	assert_int_equal(clock_millisecond(-1), 999);
	assert_int_equal(clock_millisecond(-CLOCK_NS_PER_S), 0);
	assert_int_equal(clock_millisecond(-INT64_C(1250000000)), 750);
}

static void assert_repeats(const char *zone, int64_t put_back_s, int64_t length_s)
{
	const int64_t minute_s = 60;
	setenv("TZ", zone, 1);
	tzset();
	for (int64_t at_s = put_back_s - 4 * 3600; at_s < put_back_s + 6 * 3600; at_s += minute_s)
		assert_int_equal(clock_is_repeated(at_s * CLOCK_NS_PER_S), at_s >= put_back_s && at_s < put_back_s + length_s);
}

static void test_tells_where_the_clocks_were_put_back(void **state)
{
	(void)state;
	assert_repeats("CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600);       /* 2026-10-25 01:00 UTC */
	assert_repeats("EST5EDT,M3.2.0,M11.1.0", 1793512800, 3600);           /* 2026-11-01 06:00 UTC */
	assert_repeats("LHST-10:30LHDT-11,M10.1.0,M4.1.0", 1775314800, 1800); /* half an hour, 2026-04-04 15:00 UTC */
	assert_repeats("CLT4CLST3,M9.1.6/24,M4.1.6/24", 1775358000, 3600);    /* over midnight, 2026-04-05 03:00 UTC */
	assert_repeats("CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 0);          /* 2026-03-29: forward */
	assert_repeats("UTC0", 1792890000, 0);
}

static void test_reaches_beyond_2038(void **state)
{
	(void)state;
	char text[32];
	setenv("TZ", "UTC0", 1);
	tzset();
	clock_format_local(INT64_C(2426373841) * CLOCK_NS_PER_S, "%Y%m%d_%H%M%S", text, sizeof text);
	assert_string_equal(text, "20461121_004401");
}

static void test_gives_an_empty_text_when_there_is_no_room(void **state)
{
	(void)state;
	char text[4] = "xyz";
	clock_format_local(0, "%Y-%m-%d", text, sizeof text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monotonic_never_goes_back),
		cmocka_unit_test(test_the_awake_clock_stands_still_while_nobody_runs),
		cmocka_unit_test(test_wall_of_keeps_distances),
		cmocka_unit_test(test_formats_local_time),
		cmocka_unit_test(test_formats_times_before_1970),
		cmocka_unit_test(test_milliseconds_count_forwards_before_1970_too),
		cmocka_unit_test(test_tells_where_the_clocks_were_put_back),
		cmocka_unit_test(test_reaches_beyond_2038),
		cmocka_unit_test(test_gives_an_empty_text_when_there_is_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
