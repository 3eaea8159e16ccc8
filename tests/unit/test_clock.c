#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void monotonic_never_goes_back(void **state)
{
	(void)state;
	int64_t last = clock_now_ns();
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_now_ns();
		assert_true(now >= last);
		last = now;
	}
}

static void wall_of_keeps_distances(void **state)
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

static void formats_local_time(void **state)
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

static void formats_times_before_1970(void **state)
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

static void gives_an_empty_text_when_there_is_no_room(void **state)
{
	(void)state;
	char text[4] = "xyz";
	clock_format_local(0, "%Y-%m-%d", text, sizeof text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(monotonic_never_goes_back),
		cmocka_unit_test(wall_of_keeps_distances),
		cmocka_unit_test(formats_local_time),
		cmocka_unit_test(formats_times_before_1970),
		cmocka_unit_test(gives_an_empty_text_when_there_is_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
