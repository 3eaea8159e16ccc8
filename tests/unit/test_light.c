/* The light model and its traces. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "camera/light.h"

static int read_text(const char *text, struct light_trace *trace, struct error *error)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	assert_non_null(file);
	int result = light_trace_read(file, "evening.csv", trace, error);
	fclose(file);
	return result;
}

static void test_the_constant(void **state)
{
	(void)state;
	assert_float_equal(light_mean(1, 1e5, 8), 20, 1e-6);
	assert_float_equal(light_mean(0.25, 2e6, 6), 75, 1e-6);
}

static void test_clipping_begins_when_twice_the_mean_does(void **state)
{
	(void)state;
	assert_float_equal(light_clipped_share(125), 0, 1e-6);
	assert_float_equal(light_clipped_share(250), 0.5, 1e-6);
	assert_true(light_clipped_share(1e9) > 0.999);
}

static void test_automatic_exposure_reaches_its_aim_in_a_few_frames(void **state)
{
	(void)state;
	for (double lux = 6; lux < 1e5; lux *= 3) {
		struct light_auto automatic;
		light_auto_init(&automatic, 10, 300);
		for (int i = 0; i < 20; i++)
			light_auto_step(&automatic, fmin(light_mean(lux, automatic.exposure_us, automatic.gain), 255));
		assert_float_equal(light_mean(lux, automatic.exposure_us, automatic.gain), LIGHT_AUTO_MEAN, 1);
		assert_true(automatic.exposure_us <= 1e5);
	}
}

static void test_automatic_exposure_ends_at_its_longest(void **state)
{
	(void)state;
	struct light_auto automatic;
	light_auto_init(&automatic, 10, 0);
	assert_float_equal(automatic.exposure_us, 1e5, 1e-6);
	assert_float_equal(automatic.gain, 8, 1e-6);
	light_auto_step(&automatic, 0);
	assert_float_equal(automatic.exposure_us, 1e5, 1e-6);
	assert_float_equal(automatic.gain, 8, 1e-6);
}

static void test_headers_comments_and_blanks_are_passed_over(void **state)
{
	(void)state;
	struct light_trace trace;
	assert_int_equal(read_text("# dusk\r\n\r\nt_s,lux\r\n 0 , 1e2 \r\n\n# more\n10.5,+.5", &trace, NULL), 0);
	assert_int_equal(trace.count, 2);
	assert_float_equal(trace.points[0].lux, 100, 0);
	assert_float_equal(trace.points[1].t_s, 10.5, 0);
	assert_float_equal(trace.points[1].lux, 0.5, 0);
	light_trace_free(&trace);
	light_trace_free(&trace);
}

static void test_bad_lines_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} CASES[] = {
		{ "", "no lines" },
		{ "# nothing\n\nt_s,lux\n", "no lines" },
		{ "0,1\nlux,2\n", "line 2: expected" },
		{ "a,b\nc,d\n", "line 2: expected" },
		{ "0\n", "line 1: expected" },
		{ "0;1\n", "line 1: expected" },
		{ "0,1,2\n", "line 1: expected" },
		{ "0,\n", "line 1: expected" },
		{ "0,nan\n", "line 1: expected" },
		{ "0,inf\n", "line 1: expected" },
		{ "0,1e999\n", "line 1: expected" },
		{ "0x10,1\n", "line 1: expected" },
		{ "0,-1\n", "line 1: light below zero" },
		{ "0,1\n\n0,2\n", "line 3: the time does not rise" },
		{ "0,1\n1e9,2\n", "line 2: more than 31 days" },
	};
	for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
		struct light_trace trace;
		struct error error = { 0 };
		assert_int_equal(read_text(CASES[i].text[0] ? CASES[i].text : "\n", &trace, &error), -EINVAL);
		assert_null(trace.points);
		assert_non_null(strstr(error.text, CASES[i].words));
		assert_non_null(strstr(error.text, "evening.csv"));
	}
}

static void test_a_line_without_end_is_refused(void **state)
{
	(void)state;
	char line[1000];
	memset(line, '1', sizeof line - 1);
	line[sizeof line - 1] = '\0';
	struct light_trace trace;
	struct error error;
	assert_int_equal(read_text(line, &trace, &error), -EINVAL);
	assert_non_null(strstr(error.text, "line 1: too long"));
}

static void test_light_is_averaged_over_the_exposure(void **state)
{
	(void)state;
	struct light_trace trace;
	assert_int_equal(read_text("10,0\n20,100\n20.5,100\n21,0\n", &trace, NULL), 0);
	size_t cursor = 0;
	assert_float_equal(light_trace_mean(&trace, &cursor, 0, 10), 0, 1e-6);
	assert_float_equal(light_trace_mean(&trace, &cursor, 5, 15), 12.5, 1e-6);
	assert_float_equal(light_trace_mean(&trace, &cursor, 12, 12), 20, 1e-6);
	assert_float_equal(light_trace_mean(&trace, &cursor, 12, 14), 30, 1e-6);
	/* 10 s of 50, half a second of 100, half of 50, none for the rest. */
	cursor = 0;
	assert_float_equal(light_trace_mean(&trace, &cursor, 10, 30), 28.75, 1e-6);
	assert_float_equal(light_trace_mean(&trace, &cursor, 20.75, 45.75), 0.25, 1e-6);
	assert_float_equal(light_trace_mean(&trace, &cursor, 1000, 1001), 0, 1e-6);
	light_trace_free(&trace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_constant),
		cmocka_unit_test(test_clipping_begins_when_twice_the_mean_does),
		cmocka_unit_test(test_automatic_exposure_reaches_its_aim_in_a_few_frames),
		cmocka_unit_test(test_automatic_exposure_ends_at_its_longest),
		cmocka_unit_test(test_headers_comments_and_blanks_are_passed_over),
		cmocka_unit_test(test_bad_lines_are_named),
		cmocka_unit_test(test_a_line_without_end_is_refused),
		cmocka_unit_test(test_light_is_averaged_over_the_exposure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
