/* The night controller, frame by frame. Light in the tests is scene light, in the thresholds' unit: "as dark as a day
 * frame of this mean". */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "night.h"

static const int64_t SECOND = 1000000000;

static const struct night_params PARAMS = {
	.enable = true,
	.metric = NIGHT_METRIC_SCENE,
	.dark_threshold = 35,
	.bright_threshold = 55,
	.min_dark_frames = 20,
	.min_bright_frames = 5,
	.min_dwell_s = 60,
	.exposure_us = 2000000,
	.gain = 6,
	.day_exposure_us = 100000,
	.day_gain = 8,
};

/* A camera that does at once what it is asked, by day always at its longest exposure. */
struct rig {
	struct night night;
	int64_t now_ns;
	double clipped; /* share of the scene that is clipped whatever the exposure */
};

static struct rig rig_with(struct night_params params)
{
	struct rig rig = { .now_ns = 1000 * SECOND };
	night_init(&rig.night, &params);
	return rig;
}

static double asked_us(const struct rig *rig)
{
	return (double)(rig->night.active ? rig->night.exposure_us : rig->night.params.day_exposure_us);
}

/* How much brighter than by day, at its longest, a frame of this exposure is. */
static double factor(const struct rig *rig, double exposure_us)
{
	double gain = rig->night.active ? rig->night.params.gain : rig->night.params.day_gain;
	return exposure_us * gain / (1e5 * 8);
}

static enum night_event feed(struct rig *rig, double light)
{
	double exposure_us = asked_us(rig), mean = light * factor(rig, exposure_us);
	struct night_sample sample = {
		.timestamp_ns = rig->now_ns,
		.mean = fmin(mean, 255),
		.clipped = fmax(mean > 255, rig->clipped),
		.exposure_us = exposure_us,
		.gain = rig->night.active ? rig->night.params.gain : rig->night.params.day_gain,
	};
	rig->now_ns += (int64_t)(fmax(exposure_us, 1e5) * 1000);
	return night_update(&rig->night, &sample);
}

static int feed_frames(struct rig *rig, double light, int frames, enum night_event counted)
{
	int count = 0;
	for (int i = 0; i < frames; i++)
		count += feed(rig, light) == counted;
	return count;
}

/* Switches, not steps, in that time. */
static int feed_seconds(struct rig *rig, double light, double seconds)
{
	int switches = 0;
	for (int64_t end_ns = rig->now_ns + (int64_t)(seconds * 1e9); rig->now_ns < end_ns;) {
		enum night_event event = feed(rig, light);
		switches += event == NIGHT_ENTER || event == NIGHT_EXIT;
	}
	return switches;
}

static struct rig at_night(double light)
{
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_seconds(&rig, light, 300), 1);
	assert_true(rig.night.active);
	return rig;
}

static void a_dark_start_needs_the_frames_only(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_frames(&rig, 10, 19, NIGHT_NONE), 19);
	assert_int_equal(feed(&rig, 10), NIGHT_ENTER);
	assert_true(rig.night.active);
}

static void frames_must_be_in_a_row(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(feed_frames(&rig, 10, 19, NIGHT_NONE), 19);
		assert_int_equal(feed(&rig, 40), NIGHT_NONE);
	}
}

static void a_day_ends_after_the_dwell(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_seconds(&rig, 100, 600), 0);
	assert_int_equal(feed_seconds(&rig, 10, 59.5), 0);
	assert_int_equal(feed_seconds(&rig, 10, 1), 1);
	assert_true(rig.night.active);
}

static void a_night_ends_after_the_dwell(void **state)
{
	(void)state;
	struct rig rig = at_night(1);
	assert_int_equal(feed_seconds(&rig, 200, 59.5), 0);
	assert_int_equal(feed_seconds(&rig, 200, 20), 1);
	assert_false(rig.night.active);
}

static void between_the_thresholds_nothing_changes(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_seconds(&rig, 100, 100), 0);
	assert_int_equal(feed_seconds(&rig, 36, 3600), 0);
	rig = at_night(20);
	assert_int_equal(feed_seconds(&rig, 54, 3600), 0);
}

static void one_odd_frame_changes_nothing(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	feed_seconds(&rig, 100, 100);
	assert_int_equal(feed(&rig, 0), NIGHT_NONE);
	assert_int_equal(feed_seconds(&rig, 100, 10), 0);

	for (int odd = 0; odd < 2; odd++) {
		rig = at_night(8);
		int rung = rig.night.rung;
		for (int i = 0; i < 100; i++) {
			assert_int_equal(feed(&rig, odd ? 100000 : 0), NIGHT_NONE);
			assert_int_equal(feed_frames(&rig, 8, 9, NIGHT_NONE), 9);
		}
		assert_int_equal(rig.night.rung, rung);
	}
}

/* Ten seconds of every minute: less than half of the time, so the rest decides. */
static void headlights_neither_end_nor_prevent_a_night(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	feed_seconds(&rig, 100, 100);
	int switches = 0;
	for (int minute = 0; minute < 60; minute++)
		switches += feed_seconds(&rig, 5, 50) + feed_seconds(&rig, 500, 10);
	assert_int_equal(switches, 1);
	assert_true(rig.night.active);
}

static void disabled_is_day_for_good(void **state)
{
	(void)state;
	struct night_params params = PARAMS;
	params.enable = false;
	struct rig rig = rig_with(params);
	assert_int_equal(feed_frames(&rig, 1, 10000, NIGHT_NONE), 10000);
	assert_float_equal(rig.night.light, 1, 1e-9);
	assert_false(rig.night.active);
}

static void light_is_judged_by_the_frame_s_own_exposure(void **state)
{
	(void)state;
	struct night night;
	night_init(&night, &PARAMS);
	/* A tenth of the day's longest exposure at an eighth of its gain: 80 times the light. */
	night_update(&night, &(struct night_sample){ SECOND, 100, 0, 1e4, 1 });
	assert_float_equal(night.light, 8000, 1e-6);
	assert_float_equal(night.level, 8000, 1e-6);
	/* Not reported: the longest, the day's automatics would have taken it. */
	night_update(&night, &(struct night_sample){ 2 * SECOND, 30, 0, 0, 0 });
	assert_float_equal(night.light, 30, 1e-9);
}

/* 34 at the day's longest would be 510 at 2 s and gain 6; three halvings later it is 64, two would give 127. */
static void the_night_begins_well_exposed(void **state)
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

static void the_ladder_follows_the_light(void **state)
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

static void a_passing_car_does_not_move_the_ladder(void **state)
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

static void steady_light_keeps_its_rung(void **state)
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
static void a_lamp_does_not_make_the_ladder_swing(void **state)
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

static void the_camera_s_limits_bound_the_ladder(void **state)
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

/* The camera still delivers frames of the exposure before, bright as day: they were asked for before the night. */
static void frames_of_the_exposure_before_do_not_count(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	feed_frames(&rig, 0.1, 20, NIGHT_NONE);
	int64_t entered_ns = rig.night.event_ns;
	for (int i = 0; i < 5; i++) {
		struct night_sample late = { entered_ns + i * SECOND, 255, 1, 1e5, 8 };
		assert_int_equal(night_update(&rig.night, &late), NIGHT_NONE);
	}
	assert_int_equal(rig.night.over_frames, 0);
	struct night_sample begun_before = { entered_ns - 1, 255, 1, 2e6, 6 };
	night_update(&rig.night, &begun_before);
	assert_int_equal(rig.night.over_frames, 0);
	struct night_sample settled = { entered_ns + 6 * SECOND, 255, 1, 2e6, 6 };
	night_update(&rig.night, &settled);
	assert_int_equal(rig.night.over_frames, 1);
}

/* A camera that never does as asked must not stop the controller for ever. */
static void after_eight_frames_any_exposure_counts(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	feed_frames(&rig, 0.1, 20, NIGHT_NONE);
	int switches = 0;
	for (int i = 0; i < 200; i++) {
		struct night_sample sample = { rig.now_ns + i * SECOND / 2, 200, 0, 1e5, 8 };
		switches += night_update(&rig.night, &sample) == NIGHT_EXIT;
	}
	assert_int_equal(switches, 1);
}

/* A saturated frame tells only that the light is at least so much. */
static void a_saturated_frame_is_no_evidence(void **state)
{
	(void)state;
	struct rig rig = at_night(1);
	rig.night.evidence_s = 30;
	struct night_sample saturated = { rig.now_ns, 255, 1, 2e6, 6 };
	assert_int_equal(night_update(&rig.night, &saturated), NIGHT_NONE);
	assert_float_equal(rig.night.evidence_s, 30, 1e-9);
	struct night_sample dark = { rig.now_ns + 2 * SECOND, 15, 0, 2e6, 6 };
	night_update(&rig.night, &dark);
	assert_float_equal(rig.night.evidence_s, 28, 1e-9);
}

/* The rule of the Python service: so many frames below, or one above; and its flapping. */
static void the_mean_metric_is_the_plain_rule(void **state)
{
	(void)state;
	struct night_params params = PARAMS;
	params.metric = NIGHT_METRIC_MEAN;
	params.min_bright_frames = 1;
	params.min_dwell_s = 0;
	struct rig rig = rig_with(params);
	assert_int_equal(feed_frames(&rig, 30, 19, NIGHT_NONE), 19);
	assert_int_equal(feed(&rig, 30), NIGHT_ENTER);
	assert_int_equal(rig.night.exposure_us, 2000000);
	assert_int_equal(feed(&rig, 30), NIGHT_EXIT);
	assert_true(feed_seconds(&rig, 30, 600) > 100);
}

static void a_stall_is_no_darkness(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	feed_seconds(&rig, 100, 100);
	rig.now_ns += 3600 * SECOND;
	assert_int_equal(feed_frames(&rig, 1, 19, NIGHT_NONE), 19);
}

static uint32_t dice(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Whatever the light does. */
static void the_dwell_holds_in_any_light(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct rig rig = rig_with(PARAMS);
		uint32_t random = seed;
		int64_t last_ns = INT64_MIN / 2;
		double light = 30;
		for (int i = 0; i < 20000; i++) {
			light = dice(&random) % 1000 == 0 ? pow(10, dice(&random) % 6 - 2.0) : light;
			enum night_event event = feed(&rig, dice(&random) % 50 == 0 ? 1e5 : light);
			assert_in_range(rig.night.exposure_us, 100, 2000000);
			if (event != NIGHT_ENTER && event != NIGHT_EXIT)
				continue;
			assert_true(rig.night.event_ns - last_ns >= 60 * SECOND);
			last_ns = rig.night.event_ns;
		}
		assert_true(last_ns > 0);
	}
}

static void events_have_names(void **state)
{
	(void)state;
	assert_string_equal(night_event_text(NIGHT_ENTER), "ENTER");
	assert_string_equal(night_event_text(NIGHT_EXIT), "EXIT");
	assert_string_equal(night_event_text(NIGHT_EXPOSURE), "EXPOSURE");
	assert_string_equal(night_event_text(NIGHT_NONE), "NONE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dark_start_needs_the_frames_only),
		cmocka_unit_test(frames_must_be_in_a_row),
		cmocka_unit_test(a_day_ends_after_the_dwell),
		cmocka_unit_test(a_night_ends_after_the_dwell),
		cmocka_unit_test(between_the_thresholds_nothing_changes),
		cmocka_unit_test(one_odd_frame_changes_nothing),
		cmocka_unit_test(headlights_neither_end_nor_prevent_a_night),
		cmocka_unit_test(disabled_is_day_for_good),
		cmocka_unit_test(light_is_judged_by_the_frame_s_own_exposure),
		cmocka_unit_test(the_night_begins_well_exposed),
		cmocka_unit_test(the_ladder_follows_the_light),
		cmocka_unit_test(a_passing_car_does_not_move_the_ladder),
		cmocka_unit_test(steady_light_keeps_its_rung),
		cmocka_unit_test(a_lamp_does_not_make_the_ladder_swing),
		cmocka_unit_test(the_camera_s_limits_bound_the_ladder),
		cmocka_unit_test(frames_of_the_exposure_before_do_not_count),
		cmocka_unit_test(after_eight_frames_any_exposure_counts),
		cmocka_unit_test(a_saturated_frame_is_no_evidence),
		cmocka_unit_test(the_mean_metric_is_the_plain_rule),
		cmocka_unit_test(a_stall_is_no_darkness),
		cmocka_unit_test(the_dwell_holds_in_any_light),
		cmocka_unit_test(events_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
