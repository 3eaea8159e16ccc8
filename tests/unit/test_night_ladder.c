/* How the night controller exposes. */
#include "night_rig.h"

/* 34 at the day's longest would be 510 at 2 s and gain 6; three halvings later it is 64, two would give 127. */
static void test_the_night_begins_well_exposed(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_frames(&rig, 34, 20, NIGHT_ENTER), 1);
	assert_int_equal(rig.night.rung, 3);
	assert_int_equal(rig.night.exposure_us, 250000);
	rig = rig_with(PARAMS);
	assert_int_equal(feed_frames(&rig, 0.1, 20, NIGHT_ENTER), 1);
	assert_int_equal(rig.night.rung, 0);
	assert_int_equal(rig.night.exposure_us, 2000000);
}

static void test_the_ladder_follows_the_light(void **state)
{
	(void)state;
	struct rig rig = at_night(1);
	double light = 1;
	for (int i = 0; i < 1000; i++) {
		light *= 1.004; /* to 54 */
		feed_frames(&rig, light, 4, NIGHT_NONE);
		double mean = light * factor(&rig, asked_us(&rig));
		assert_in_range((int)mean, rig.night.rung == 0 ? 14 : 55, 180);
	}
	assert_true(rig.night.active);
	assert_int_equal(rig.night.rung, 3);
	for (int i = 0; i < 1000; i++) {
		light /= 1.004;
		feed_frames(&rig, light, 4, NIGHT_NONE);
		double mean = light * factor(&rig, asked_us(&rig));
		assert_in_range((int)mean, rig.night.rung == 0 ? 14 : 50, 180);
	}
	assert_int_equal(rig.night.rung, 0);
}

static void test_a_passing_car_does_not_move_the_ladder(void **state)
{
	(void)state;
	struct rig rig = at_night(1);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(feed_frames(&rig, 1000, 5, NIGHT_NONE), 5);
		assert_int_equal(feed(&rig, 1), NIGHT_NONE);
	}
	assert_int_equal(rig.night.rung, 0);
	assert_int_equal(feed_frames(&rig, 1000, 6, NIGHT_EXPOSURE), 1);
}

static void test_steady_light_keeps_its_rung(void **state)
{
	(void)state;
	for (double light = 0.5; light < 50; light *= 1.05) {
		struct rig rig = at_night(fmin(light, 30));
		feed_frames(&rig, light, 50, NIGHT_NONE);
		assert_int_equal(
		    feed_frames(&rig, light * 1.1, 100, NIGHT_EXPOSURE) + feed_frames(&rig, light, 100, NIGHT_EXPOSURE) > 1, 0);
		assert_int_equal(feed_frames(&rig, light, 100, NIGHT_NONE), 100);
	}
}

/* A lamp clips a tenth of the picture at any exposure of interest; the rest is dark. The ladder may go down, but it
 * must not swing back until the light has fallen. */
static void test_a_lamp_does_not_make_the_ladder_swing(void **state)
{
	(void)state;
	struct rig rig = at_night(2);
	int steps = 0;
	for (int i = 0; i < 200; i++) {
		rig.clipped = rig.night.rung < 2 ? 0.1 : 0;
		steps += feed(&rig, 2) == NIGHT_EXPOSURE;
	}
	assert_int_equal(steps, 2);
	assert_int_equal(rig.night.rung, 2);
	assert_int_equal(feed_frames(&rig, 0.2, 50, NIGHT_EXPOSURE), 1);
	assert_int_equal(rig.night.rung, 0);
}

static void test_the_camera_s_limits_bound_the_ladder(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	night_set_limits(&rig.night, 50000, 400000);
	feed_frames(&rig, 0.01, 20, NIGHT_NONE);
	assert_int_equal(rig.night.exposure_us, 400000);
	feed_frames(&rig, 100000, 40, NIGHT_NONE);
	assert_int_equal(rig.night.exposure_us, 50000);
	assert_true(night_at_shortest(&rig.night));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_night_begins_well_exposed),
		cmocka_unit_test(test_the_ladder_follows_the_light),
		cmocka_unit_test(test_a_passing_car_does_not_move_the_ladder),
		cmocka_unit_test(test_steady_light_keeps_its_rung),
		cmocka_unit_test(test_a_lamp_does_not_make_the_ladder_swing),
		cmocka_unit_test(test_the_camera_s_limits_bound_the_ladder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
