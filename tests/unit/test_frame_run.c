#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/frame_run.h"

enum { MOST = 8 };

#define MS INT64_C(1000000)

static struct frame made[MOST];
static const struct frame *frames[MOST];

static void put(size_t i, int64_t start_ms, double exposure_us, double gain, bool night)
{
	made[i].info = (struct frame_info){ .id = i + 1,
		                                .timestamp_ns = start_ms * MS,
		                                .exposure_end_ns = start_ms * MS + (int64_t)(exposure_us * 1000),
		                                .exposure_us = exposure_us,
		                                .gain = gain,
		                                .night = night };
	frames[i] = &made[i];
}

static struct frame_run described(size_t count, int64_t interval_ms, const char *spans)
{
	struct frame_run run;
	char text[FRAME_RUN_SPANS_BYTES];
	frame_run_describe(&run, frames, count, interval_ms * MS);
	frame_run_spans(&run, text);
	assert_string_equal(text, spans);
	return run;
}

static void test_frames_that_are_alike_span_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		put(i, (int64_t)i * 100, 10000 + 100 * (double)i, 2, false);
	struct frame_run run = described(4, 100, "");
	assert_float_equal(run.exposure_us, 10150, 0.01);
	assert_float_equal(run.exposure_most_us, 0, 0);
	assert_float_equal(run.gain, 2, 1e-9);
	assert_false(run.night || run.some_night);
	put(0, 0, 2e6, 6, true);
	assert_true(described(1, 100, "").night);
}

static void test_a_gap_is_the_time_without_exposure(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		put(i, (int64_t)i * 100 + (i > 1 ? 3100 : 0), 10000, 2, false);
	described(4, 100, "a gap of 3.2 s");
	described(3, 100, "a gap of 3.2 s");
	frames[0] = &made[1];
	frames[1] = &made[2];
	described(2, 100, "a gap of 3.2 s");
}

static void test_a_slow_pace_is_no_gap(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		put(i, (int64_t)i * 900, 0, 0, false);
	described(4, 100, "");
	for (size_t i = 0; i < 4; i++)
		put(i, (int64_t)i * 2000, 2e6, 6, true);
	described(2, 100, "");
	put(1, 200, 10000, 2, false); /* one frame is lost */
	put(0, 0, 10000, 2, false);
	described(2, 100, "");
}

static void test_a_switch_and_its_exposures_are_told(void **state)
{
	(void)state;
	put(0, 0, 50000, 8, false);
	put(1, 100, 50000, 8, false);
	put(2, 200, 2e6, 6, true);
	put(3, 2200, 2e6, 6, true);
	struct frame_run run =
	    described(4, 100, "the switch to night, exposures from 50000 to 2000000 us, gains from 6.000 to 8.000");
	assert_false(run.night);
	assert_true(run.some_night);
	assert_float_equal(run.exposure_us, 50000, 0);
	assert_float_equal(run.exposure_most_us, 2e6, 0);
	put(4, 4200, 50000, 8, false);
	described(5, 100,
	          "the switch to night, the switch to day, exposures from 50000 to 2000000 us, gains from 6.000 to 8.000");
}

static void test_unknown_exposure_is_equal_to_itself_only(void **state)
{
	(void)state;
	assert_true(frame_values_agree(0, 0));
	assert_false(frame_values_agree(0, 100));
	assert_false(frame_values_agree(100, 0));
	put(0, 0, 0, 0, false);
	put(1, 100, 0, 0, false);
	described(2, 100, "");
	put(1, 100, 10000, 2, false);
	struct frame_run run = described(2, 100, "known and unknown exposures");
	assert_float_equal(run.exposure_us, 0, 0);
	assert_float_equal(run.exposure_most_us, 0, 0);
	assert_false(frame_exposed_alike(frames[0], frames[1]));
}

static void test_alike_is_exposure_and_gain_within_a_few_percent(void **state)
{
	(void)state;
	put(0, 0, 50000, 8, false);
	put(1, 100, 51000, 8, true);
	put(2, 200, 52000, 8, false);
	put(3, 300, 50000, 6, false);
	assert_true(frame_exposed_alike(frames[0], frames[1]));
	assert_false(frame_exposed_alike(frames[0], frames[2]));
	assert_false(frame_exposed_alike(frames[0], frames[3]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_that_are_alike_span_nothing),
		cmocka_unit_test(test_a_gap_is_the_time_without_exposure),
		cmocka_unit_test(test_a_slow_pace_is_no_gap),
		cmocka_unit_test(test_a_switch_and_its_exposures_are_told),
		cmocka_unit_test(test_unknown_exposure_is_equal_to_itself_only),
		cmocka_unit_test(test_alike_is_exposure_and_gain_within_a_few_percent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
