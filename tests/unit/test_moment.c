#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "net/moment.h"

#define MS INT64_C(1000000)

static void test_seconds_back_and_times(void **state)
{
	(void)state;
	const struct {
		const char *text;
		bool wall;
		int64_t ns;
	} cases[] = {
		{ "now", false, 0 },
		{ "0", false, 0 },
		{ "-0", false, 0 },
		{ "-5", false, 5000 * MS },
		{ "-0.5", false, 500 * MS },
		{ "-999999.999", false, 999999999 * MS },
		{ "1795256095", true, 1795256095000 * MS },
		{ "1795256095.358", true, 1795256095358 * MS },
		{ "2026-11-26T10:15:00Z", true, 1795688100000 * MS },
		{ "2026-11-26T10:15:00", true, 1795688100000 * MS },
		{ "2026-11-26t10:15z", true, 1795688100000 * MS },
		{ "2026-11-26T11:15:00+01:00", true, 1795688100000 * MS },
		{ "2026-11-26T06:45:00.25-0330", true, 1795688100250 * MS },
		{ "2026-11-26T12:15+02", true, 1795688100000 * MS },
		{ "2028-02-29T00:00:00Z", true, 1835395200000 * MS },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct moment moment;
		struct error error = { 0 };
		assert_int_equal(moment_parse(cases[i].text, &moment, &error), 0);
		assert_int_equal(moment.wall, cases[i].wall);
		assert_int_equal(moment.ns, cases[i].ns);
	}
}

static void test_what_is_no_moment_is_explained(void **state)
{
	(void)state;
	const char *const wrong[] = {
		"",
		"-",
		"nan",
		"-inf",
		"1e308",
		"-1e99",
		"0x10",
		"-5,5",
		"-.5",
		"-5.",
		"--5",
		"-5 ",
		"1234567890123456789012345678901234567890",
		"9999999999",
		"-9999999999",
		"9223372036.9",
		"-1.0000000001",
		"2026-11-26",
		"2026-11-26T",
		"2026-11-26T10:15:00+1:00",
		"2026-11-26T10:15:00+15:00",
		"2026-11-26T10:15:00ZZ",
		"2026-13-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"2026-11-26T24:00:00Z",
		"2026-11-26T10:60:00Z",
		"2026-11-26T10:15:61Z",
		"0000-00-00T00:00:00Z",
		"9999-12-31T23:59:59Z",
		":",
	};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct moment moment;
		struct error error = { 0 };
		assert_int_equal(moment_parse(wrong[i], &moment, &error), -EINVAL);
		assert_non_null(strstr(error.text, "is not a moment"));
	}
	struct moment moment;
	struct error error = { 0 };
	assert_int_equal(moment_parse("5", &moment, &error), -EINVAL);
	assert_string_equal(error.text, "at=5 lies in the future: at=-5 is that many seconds ago");
	assert_int_equal(moment_parse("-1000001", &moment, &error), -EINVAL);
	assert_string_equal(error.text, "at=-1000001 is too long ago: at most 1000000 seconds");
}

static void test_a_wall_time_is_turned_by_the_clocks_as_they_stand(void **state)
{
	(void)state;
	const struct moment back = { .ns = 5000 }, wall = { .wall = true, .ns = 1000000 };
	assert_int_equal(moment_monotonic_ns(&back, 20000, 1007000), 15000);
	assert_int_equal(moment_monotonic_ns(&wall, 20000, 1007000), 13000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds_back_and_times),
		cmocka_unit_test(test_what_is_no_moment_is_explained),
		cmocka_unit_test(test_a_wall_time_is_turned_by_the_clocks_as_they_stand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
