/* When the night controller switches, frame by frame. */
#include "night_rig.h"

static void test_a_dark_start_needs_the_frames_only(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_frames(&rig, 10, 19, NIGHT_NONE), 19);
	assert_int_equal(feed(&rig, 10), NIGHT_ENTER);
	assert_true(rig.night.active);
}

static void test_frames_must_be_in_a_row(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(feed_frames(&rig, 10, 19, NIGHT_NONE), 19);
		assert_int_equal(feed(&rig, 40), NIGHT_NONE);
	}
}

static void test_a_day_ends_after_the_dwell(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_seconds(&rig, 100, 600), 0);
	assert_int_equal(feed_seconds(&rig, 10, 59.5), 0);
	assert_int_equal(feed_seconds(&rig, 10, 1), 1);
	assert_true(rig.night.active);
}

static void test_a_night_ends_after_the_dwell(void **state)
{
	(void)state;
	struct rig rig = at_night(1);
	assert_int_equal(feed_seconds(&rig, 200, 59.5), 0);
	assert_int_equal(feed_seconds(&rig, 200, 20), 1);
	assert_false(rig.night.active);
}

static void test_between_the_thresholds_nothing_changes(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_seconds(&rig, 100, 100), 0);
	assert_int_equal(feed_seconds(&rig, 36, 3600), 0);
	rig = at_night(20);
	assert_int_equal(feed_seconds(&rig, 54, 3600), 0);
}

static void test_one_odd_frame_changes_nothing(void **state)
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
static void test_headlights_neither_end_nor_prevent_a_night(void **state)
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

static void test_disabled_is_day_for_good(void **state)
{
	(void)state;
	struct night_params params = PARAMS;
	params.enable = false;
	struct rig rig = rig_with(params);
	assert_int_equal(feed_frames(&rig, 1, 10000, NIGHT_NONE), 10000);
	assert_float_equal(rig.night.light, 1, 1e-9);
	assert_false(rig.night.active);
}

static void test_light_is_judged_by_the_frame_s_own_exposure(void **state)
{
	(void)state;
	struct night night;
	night_init(&night, &PARAMS);
	/* A tenth of the day's longest exposure at an eighth of its gain: 80 times the light. */
	night_update(&night, &(struct night_sample){ SECOND, 100, 0, 1e4, 1 });
	assert_float_equal(night.light, 8000, 1e-6);
	assert_float_equal(night.level, 8000, 1e-6);
	/* An exposure without a gain: the same gain for all. */
	night_update(&night, &(struct night_sample){ 2 * SECOND, 30, 0, 1e4, 0 });
	assert_float_equal(night.light, 300, 1e-9);
}

static void test_of_an_unknown_exposure_the_plain_mean_counts(void **state)
{
	(void)state;
	struct rig rig = rig_with(PARAMS);
	for (int active = 0; active < 2; active++) {
		rig.night.active = active;
		night_update(&rig.night, &(struct night_sample){ SECOND, 30, 0, 0, 0 });
		assert_float_equal(rig.night.light, 30, 1e-9);
		assert_float_equal(rig.night.level, 30, 1e-9);
		night_update(&rig.night, &(struct night_sample){ SECOND, 30, 0, 0, 6 });
		assert_float_equal(rig.night.light, 30, 1e-9);
	}
}

/* Pictures that are replayed obey nobody: the night that dark ones begin ends with bright ones. */
static void test_frames_of_unknown_exposure_leave_the_night(void **state)
{
	(void)state;
	for (enum night_metric metric = NIGHT_METRIC_SCENE; metric <= NIGHT_METRIC_MEAN; metric++) {
		struct night_params params = PARAMS;
		params.metric = metric;
		struct rig rig = rig_with(params);
		int64_t now_ns = rig.now_ns;
		int enters = 0, exits = 0, steps = 0;
		for (int i = 0; i < 6000; i++, now_ns += SECOND / 10) {
			struct night_sample sample = { now_ns, i < 1500 || i >= 4500 ? 20 : 90, 0, 0, 0 };
			enum night_event event = night_update(&rig.night, &sample);
			enters += event == NIGHT_ENTER;
			exits += event == NIGHT_EXIT;
			steps += event == NIGHT_EXPOSURE;
		}
		assert_int_equal(enters, 2);
		assert_int_equal(exits, 1);
		assert_int_equal(steps, 0);
	}
}

/* The camera still delivers frames of the exposure before, bright as day: they were asked for before the night. */
static void test_frames_of_the_exposure_before_do_not_count(void **state)
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
static void test_after_eight_frames_any_exposure_counts(void **state)
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
static void test_a_saturated_frame_is_no_evidence(void **state)
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
static void test_the_mean_metric_is_the_plain_rule(void **state)
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

static void test_a_stall_is_no_darkness(void **state)
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
static void test_the_dwell_holds_in_any_light(void **state)
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

static void test_events_have_names(void **state)
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
		cmocka_unit_test(test_a_dark_start_needs_the_frames_only),
		cmocka_unit_test(test_frames_must_be_in_a_row),
		cmocka_unit_test(test_a_day_ends_after_the_dwell),
		cmocka_unit_test(test_a_night_ends_after_the_dwell),
		cmocka_unit_test(test_between_the_thresholds_nothing_changes),
		cmocka_unit_test(test_one_odd_frame_changes_nothing),
		cmocka_unit_test(test_headlights_neither_end_nor_prevent_a_night),
		cmocka_unit_test(test_disabled_is_day_for_good),
		cmocka_unit_test(test_light_is_judged_by_the_frame_s_own_exposure),
		cmocka_unit_test(test_of_an_unknown_exposure_the_plain_mean_counts),
		cmocka_unit_test(test_frames_of_unknown_exposure_leave_the_night),
		cmocka_unit_test(test_frames_of_the_exposure_before_do_not_count),
		cmocka_unit_test(test_after_eight_frames_any_exposure_counts),
		cmocka_unit_test(test_a_saturated_frame_is_no_evidence),
		cmocka_unit_test(test_the_mean_metric_is_the_plain_rule),
		cmocka_unit_test(test_a_stall_is_no_darkness),
		cmocka_unit_test(test_the_dwell_holds_in_any_light),
		cmocka_unit_test(test_events_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
