/* When something moves, what is told of it, and what is no motion. */
#include "motion_rig.h"

static const struct square THING = { .x = 20, .y = 40, .side = 10, .level = 130 };

static void test_what_moves_starts_a_motion_and_ends_it_after_the_hold(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	assert_int_equal(rig_rest(rig, 30), 0);
	assert_int_equal(rig_walk(rig, &thing, 2, 3), 2);
	const struct motion_event *start = &rig->events[0];
	assert_true(start->start && start->zone == 0 && start->frame_id == rig->info.id);
	assert_true(start->timestamp_ns == rig->now_ns);
	assert_true(start->score > 0.4 && start->score < 1.2); /* 100 cells of 12288 */
	assert_in_range(start->box[0], ((int)thing.x - 3) * BLOCK, ((int)thing.x + 2) * BLOCK);
	assert_in_range(start->box[1], 39 * BLOCK, 42 * BLOCK);
	assert_in_range(start->box[2], 8 * BLOCK, 14 * BLOCK);
	assert_in_range(start->box[3], 8 * BLOCK, 12 * BLOCK);
	assert_int_equal(rig_walk(rig, &thing, 2, 10), 0);
	int frames = 1;
	while (rig_feed(rig, NULL) == 0)
		frames++;
	assert_false(rig->events[0].start);
	assert_true(rig->events[0].score >= start->score * 0.9);
	assert_in_range(frames, 10, 16); /* hold_s, and what is left behind is active for half a second */
	assert_true(rig->events[0].duration_s > 0.9);
	motion_rig_end(rig);
}

static void test_a_single_odd_frame_is_no_motion(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig_with("", "", 3, 1, 0);
	struct square thing = THING;
	rig_rest(rig, 30);
	rig_walk(rig, &thing, 2, 1);
	assert_int_equal(rig_rest(rig, 30), 0);
	motion_rig_end(rig);
}

static void test_noise_is_no_motion_whatever_it_becomes(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	for (double noise = 0.1; noise < 20; noise *= 1.5) {
		rig->noise = noise;
		assert_int_equal(rig_rest(rig, 50), 0);
	}
	motion_rig_end(rig);
}

static void test_the_exposure_in_steps_is_no_motion(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	rig_rest(rig, 30);
	for (int i = 0; i < 12; i++) {
		rig->info.exposure_us = i % 2 ? 10000 : i % 4 ? 20000 : 5000;
		assert_int_equal(rig_rest(rig, 20), 0);
	}
	motion_rig_end(rig);
}

static void test_light_is_no_motion_with_and_without_a_known_exposure(void **state)
{
	(void)state;
	for (int known = 0; known < 2; known++) {
		struct motion_rig *rig = motion_rig();
		rig_rest(rig, 30);
		if (!known)
			rig->info.gain = 1; /* told no more than before: nothing of the light */
		for (int i = 0; i < 200; i++) {
			rig->light = 1 + 0.5 * sin(i * 0.1);
			assert_int_equal(rig_feed(rig, NULL), 0);
		}
		rig->light = 4;
		assert_int_equal(rig_rest(rig, 30), 0);
		rig->light = 1;
		assert_int_equal(rig_rest(rig, 30), 0);
		motion_rig_end(rig);
	}
}

static void test_lightning_is_no_motion(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	rig_rest(rig, 30);
	for (int i = 0; i < 10; i++) {
		rig->light = 6;
		assert_int_equal(rig_rest(rig, 1 + i % 3), 0);
		rig->light = 1;
		assert_int_equal(rig_rest(rig, 3 + 2 * i), 0);
	}
	motion_rig_end(rig);
}

static void test_motion_is_found_while_the_light_changes(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	rig_rest(rig, 30);
	for (int i = 0; i < 20; i++) {
		rig->light *= 1.02;
		assert_int_equal(rig_feed(rig, NULL), 0);
	}
	int found = 0;
	for (int i = 1; i <= 5 && !found; i++) {
		rig->light *= 1.02;
		thing.x += 2;
		found = rig_feed(rig, &thing) ? i : 0;
	}
	assert_in_range(found, 2, 3);
	motion_rig_end(rig);
}

static void test_what_has_stopped_becomes_background(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	struct motion_zone zone;
	rig_rest(rig, 30);
	assert_int_not_equal(rig_walk(rig, &thing, 2, 10), 0);
	for (int i = 0; i < 60; i++)
		rig_feed(rig, &thing);
	motion_zone(rig->motion, 0, &zone);
	assert_false(zone.moving);
	assert_true(zone.score == 0);
	/* It goes, and is noticed, though what it leaves behind is new too. */
	assert_in_range(rig_walk(rig, &thing, 2, 5), 1, 3);
	motion_rig_end(rig);
}

static void test_a_new_mode_of_the_camera_begins_anew(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	rig_rest(rig, 30);
	rig->info.night = true;
	rig->light = 0.5;
	assert_int_equal(rig_feed(rig, &thing), 0);
	assert_true(motion_settling(rig->motion));
	assert_int_equal(rig_rest(rig, 30), 0);
	assert_false(motion_settling(rig->motion));
	motion_rig_end(rig);
}

static void test_a_stopped_camera_ends_what_moved(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	rig_rest(rig, 30);
	assert_int_not_equal(rig_walk(rig, &thing, 2, 10), 0);
	assert_int_equal(motion_stop(rig->motion, rig->now_ns + 5, rig->events), 1);
	assert_false(rig->events[0].start);
	assert_int_equal(motion_stop(rig->motion, rig->now_ns + 6, rig->events), 0);
	rig->light = 0.3; /* it comes back into another light */
	assert_int_equal(rig_rest(rig, 30), 0);
	motion_rig_end(rig);
}

static void test_frames_out_of_order_are_passed_over(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	rig_rest(rig, 30);
	for (int i = 0; i < 40; i++) {
		rig_feed(rig, NULL);
		const int64_t now_ns = rig->now_ns;
		rig->now_ns -= 700000000;
		rig_draw(rig, &thing); /* as if it jumped to and fro */
		assert_int_equal(rig_look(rig), 0);
		rig->now_ns = now_ns;
	}
	motion_rig_end(rig);
}

static void test_a_clock_that_was_set_back_goes_on(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	rig->now_ns += (int64_t)1e15;
	rig_rest(rig, 30);
	assert_int_not_equal(rig_walk(rig, &thing, 2, 10), 0);
	rig->now_ns = 1;
	rig_rest(rig, 40);
	struct motion_zone zone;
	motion_zone(rig->motion, 0, &zone);
	assert_false(zone.moving);
	thing = THING;
	assert_int_not_equal(rig_walk(rig, &thing, 2, 10), 0);
	motion_rig_end(rig);
}

static void test_nonsense_exposures_neither_cry_nor_blind(void **state)
{
	(void)state;
	static const double NONSENSE[] = { NAN, INFINITY, -1, 0, 1e300, 1e-300, 5, 1e9 };
	struct motion_rig *rig = motion_rig();
	struct square thing = THING;
	uint64_t found = 0;
	for (int i = 0; i < 200; i++) {
		rig_draw(rig, NULL);
		const struct frame_info told = rig->info;
		rig->info.exposure_us = NONSENSE[i % 8];
		rig->info.gain = NONSENSE[(i + 3) % 8];
		rig->now_ns += 100000000;
		assert_int_equal(rig_look(rig), 0);
		rig->info.exposure_us = told.exposure_us;
		rig->info.gain = told.gain;
	}
	for (int i = 0; i < 5; i++) {
		thing.x += 2;
		rig_draw(rig, &thing);
		rig->info.exposure_us = NONSENSE[i];
		rig->now_ns += 100000000;
		found += rig_look(rig);
		rig->info.exposure_us = 10000;
	}
	assert_int_equal(found, 1);
	motion_rig_end(rig);
}

static void test_long_exposures_and_fast_cameras_are_both_followed(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct motion_rig *rig = motion_rig();
		struct square thing = THING;
		rig->interval_s = i ? 2 : 1.0 / 120;
		assert_int_equal(rig_rest(rig, 100), 0);
		assert_in_range(rig_walk(rig, &thing, i ? 15 : 0.5, 6), 2, 4);
		motion_rig_end(rig);
	}
}

static void test_a_grid_too_small_is_refused(void **state)
{
	(void)state;
	struct zones zones;
	struct error error = { 0 };
	const struct zone_defaults defaults = { 50, 0.2 };
	zones_parse(&zones, "", "", &defaults, &error);
	const struct motion_params params = { MOTION_WIDTH_MIN - 1, 100, 4, 2, 1, 0 };
	assert_null(motion_create(&params, &zones, &error));
	assert_non_null(strstr(error.text, "too small"));
	const struct motion_params least = { MOTION_WIDTH_MIN, MOTION_HEIGHT_MIN, 4, 2, 1, 0 };
	struct motion *motion = motion_create(&least, &zones, &error);
	assert_non_null(motion);
	static uint16_t luma[MOTION_WIDTH_MIN * MOTION_HEIGHT_MIN];
	struct motion_event events[MOTION_EVENTS_MAX];
	for (int i = 1; i < 50; i++) {
		luma[i % 100] = (uint16_t)(i * 200);
		motion_frame(motion, luma, &(struct frame_info){ .timestamp_ns = i * INT64_C(100000000) }, events);
	}
	motion_destroy(motion);
	motion_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_moves_starts_a_motion_and_ends_it_after_the_hold),
		cmocka_unit_test(test_a_single_odd_frame_is_no_motion),
		cmocka_unit_test(test_noise_is_no_motion_whatever_it_becomes),
		cmocka_unit_test(test_the_exposure_in_steps_is_no_motion),
		cmocka_unit_test(test_light_is_no_motion_with_and_without_a_known_exposure),
		cmocka_unit_test(test_lightning_is_no_motion),
		cmocka_unit_test(test_motion_is_found_while_the_light_changes),
		cmocka_unit_test(test_what_has_stopped_becomes_background),
		cmocka_unit_test(test_a_new_mode_of_the_camera_begins_anew),
		cmocka_unit_test(test_a_stopped_camera_ends_what_moved),
		cmocka_unit_test(test_frames_out_of_order_are_passed_over),
		cmocka_unit_test(test_a_clock_that_was_set_back_goes_on),
		cmocka_unit_test(test_nonsense_exposures_neither_cry_nor_blind),
		cmocka_unit_test(test_long_exposures_and_fast_cameras_are_both_followed),
		cmocka_unit_test(test_a_grid_too_small_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
