#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/settling.h"

static const int64_t FRAME = 100000000;

static struct settling begun(void)
{
	struct settling settling;
	settling_begin(&settling, 0);
	return settling;
}

static void test_nothing_settles_before_a_switch(void **state)
{
	(void)state;
	struct settling settling = { 0 };
	assert_false(settling_update(&settling, FRAME, 255, 1));
}

static void test_two_frames_alike_have_settled(void **state)
{
	(void)state;
	struct settling settling = begun();
	assert_true(settling_update(&settling, FRAME, 255, 800000));
	assert_true(settling_update(&settling, 2 * FRAME, 180, 90000));
	assert_true(settling_update(&settling, 3 * FRAME, 120, 60000));
	assert_true(settling_update(&settling, 4 * FRAME, 118, 50000)); /* it looks the same, but is still on its way */
	assert_false(settling_update(&settling, 5 * FRAME, 115, 49000));
	assert_false(settling_update(&settling, 6 * FRAME, 255, 1));
}

static void test_white_frames_are_not_settled_by_being_alike(void **state)
{
	(void)state;
	struct settling settling = begun();
	for (int i = 1; i < 20; i++)
		assert_true(settling_update(&settling, i * FRAME, 255, 800000));
}

static void test_of_unknown_exposure_the_mean_alone_decides(void **state)
{
	(void)state;
	struct settling settling = begun();
	assert_true(settling_update(&settling, FRAME, 120, 0));
	assert_false(settling_update(&settling, 2 * FRAME, 121, 0));
}

static void test_black_frames_have_settled(void **state)
{
	(void)state;
	struct settling settling = begun();
	assert_true(settling_update(&settling, FRAME, 0, 800000));
	assert_false(settling_update(&settling, 2 * FRAME, 0, 800000));
}

static void test_it_ends_however_white_the_scene_is(void **state)
{
	(void)state;
	struct settling settling = begun();
	assert_true(settling_update(&settling, SETTLING_MAX_NS - 1, 255, 1));
	assert_false(settling_update(&settling, SETTLING_MAX_NS, 255, 1));
}

/* light is the mean at 100 ms and gain 8. */
static void test_exposure_begins_where_the_light_says(void **state)
{
	static const struct {
		double light, exposure_us, gain;
	} rows[] = {
		{ 110, 1e5, 8 },  /* all there is */
		{ 20, 1e5, 8 },   /* and not more */
		{ 220, 1e5, 4 },  /* gain goes first */
		{ 880, 1e5, 1 },  /* until it is one */
		{ 8800, 1e4, 1 }, /* then exposure */
		{ 1e9, 100, 1 },  /* which has a least */
		{ 0, 1e5, 8 },    /* black knows nothing */
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		double exposure_us, gain;
		settling_start_exposure(rows[i].light, 1e5, 8, &exposure_us, &gain);
		assert_true(fabs(exposure_us - rows[i].exposure_us) < 1e-3 && fabs(gain - rows[i].gain) < 1e-6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_settles_before_a_switch),
		cmocka_unit_test(test_two_frames_alike_have_settled),
		cmocka_unit_test(test_white_frames_are_not_settled_by_being_alike),
		cmocka_unit_test(test_of_unknown_exposure_the_mean_alone_decides),
		cmocka_unit_test(test_black_frames_have_settled),
		cmocka_unit_test(test_it_ends_however_white_the_scene_is),
		cmocka_unit_test(test_exposure_begins_where_the_light_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
