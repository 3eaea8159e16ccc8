/* The supervisor's ladder, on a backend that does what the test says and a clock that the test moves. */
#include "camera_rig.h"

/* A camera may hang when it is stopped: by then its trouble must be known. */
static void test_trouble_is_told_before_it_is_answered(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	advance(4.2);
	assert_int_equal(poll_once(), CAMERA_TROUBLE);
	assert_int_equal(fake.stops, 0);
	assert_int_equal(status_now().state, CAMERA_RECOVERING);
	assert_string_equal(status_now().trouble, "no frame for 4.1 s");
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_int_equal(fake.stops, 1);
	assert_int_equal(status_now().restarts, 1);
}

static void test_frames_flow(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	assert_int_equal(status_now().state, CAMERA_RUNNING);
	assert_string_equal(status_now().description.model, "fake");
	fake.frames = 3;
	EXPECT(CAMERA_FRAME, CAMERA_FRAME, CAMERA_FRAME);
	assert_int_equal(status_now().frames, 3);
	assert_int_equal(status_now().lost, 0);
	assert_int_equal(status_now().last_frame_ns, now_ns);
}

static void test_gaps_in_the_sequence_are_lost_frames(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	fake.sequence += 3;
	one_frame_comes();
	assert_int_equal(status_now().lost, 3);
}

static void test_a_restart_begins_a_new_sequence(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	it_fails_once(-EIO);
	fake.sequence = 500;
	fake.frames = 1;
	EXPECT(CAMERA_RECOVERED, CAMERA_FRAME);
	assert_int_equal(status_now().restarts, 1);
	assert_int_equal(status_now().failures, 1);
	assert_int_equal(status_now().lost, 0);
}

static void test_silence_restarts_the_stream(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	advance(4.05);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	advance(0.06);
	EXPECT(CAMERA_TROUBLE);
	assert_int_equal(status_now().state, CAMERA_RECOVERING);
	assert_string_equal(status_now().trouble, "no frame for 4.1 s");
	assert_int_equal(status_now().stalls, 1);
	assert_int_equal(status_now().restarts, 1);
	assert_int_equal(fake.starts, 2);
	assert_int_equal(fake.opens, 1);
	fake.frames = 2;
	EXPECT(CAMERA_RECOVERED, CAMERA_FRAME, CAMERA_FRAME);
	assert_int_equal(status_now().state, CAMERA_RUNNING);
	assert_string_equal(status_now().trouble, "");
}

static void test_a_late_poll_with_frames_waiting_is_no_stall(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	advance(100);
	one_frame_comes();
	assert_int_equal(status_now().stalls, 0);
}

static void test_the_deadline_follows_the_exposure(void **state)
{
	const struct camera_mode night = { .still = true, .exposure_us = 2000000, .gain = 8 };
	char note[256];

	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	assert_int_equal(camera_set_mode(camera, &night, note), 0);
	assert_string_equal(note, "noted");
	assert_true(fake.mode.still);
	advance(5.9);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	fake.exposure_us = 2e6;
	one_frame_comes();
	/* Back to video: the frame under way still takes its 2 s. */
	assert_int_equal(camera_set_mode(camera, &video, note), 0);
	advance(5.9);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	fake.exposure_us = 1e5;
	one_frame_comes();
	advance(4.2);
	EXPECT(CAMERA_TROUBLE);
	assert_int_equal(status_now().stalls, 1);
}

static void test_a_second_stall_reopens(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	advance(4.2);
	EXPECT(CAMERA_TROUBLE);
	/* The first frame after a start may take eight frame times. */
	advance(4.7);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_int_equal(status_now().state, CAMERA_RECOVERING);
	advance(0.2);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_int_equal(status_now().state, CAMERA_ABSENT);
	assert_int_equal(fake.closes, 1);
	advance(0.9);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_int_equal(fake.opens, 1);
	advance(0.2);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_int_equal(fake.opens, 2);
	assert_int_equal(status_now().state, CAMERA_RECOVERING);
	fake.frames = 1;
	EXPECT(CAMERA_RECOVERED, CAMERA_FRAME);
	assert_int_equal(status_now().reopens, 1);
}

static void test_a_vanished_camera_is_not_restarted(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	it_fails_once(-ENODEV);
	assert_int_equal(status_now().restarts, 0);
	assert_int_equal(status_now().state, CAMERA_ABSENT);
	assert_int_equal(fake.closes, 1);
	assert_string_equal(status_now().trouble, "broke");
	assert_string_equal(status_now().description.model, "fake");
}

static void test_reopening_backs_off_to_30_s(void **state)
{
	static const double waits[] = { 1, 2, 4, 8, 16, 30, 30 };

	(void)state;
	fake.open_rc = -ENODEV;
	assert_int_equal(make_camera(), 0);
	EXPECT(CAMERA_TROUBLE);
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		int before = fake.opens;
		advance(waits[i] - 0.01);
		assert_int_equal(poll_once(), CAMERA_NOTHING);
		assert_int_equal(fake.opens, before);
		advance(0.02);
		assert_int_equal(poll_once(), CAMERA_NOTHING);
		assert_int_equal(fake.opens, before + 1);
	}
}

static void test_a_camera_never_seen_is_never_lost(void **state)
{
	(void)state;
	fake.open_rc = -ENODEV;
	assert_int_equal(make_camera(), 0);
	assert_int_equal(status_now().state, CAMERA_ABSENT);
	EXPECT(CAMERA_TROUBLE);
	assert_string_equal(status_now().trouble, "no camera here");
	for (int i = 0; i < 1000; i++) {
		advance(31);
		assert_int_equal(poll_once(), CAMERA_NOTHING);
	}
	fake.open_rc = 0;
	advance(31);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	fake.frames = 1;
	EXPECT(CAMERA_RECOVERED, CAMERA_FRAME);
}

static void test_a_camera_that_stays_away_is_lost_once(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	fake.acquire_rc = fake.open_rc = -ENODEV;
	EXPECT(CAMERA_TROUBLE);
	advance(59.9);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	advance(0.2);
	EXPECT(CAMERA_LOST);
	advance(600);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	/* It returns and goes again: a new outage. */
	fake.open_rc = fake.acquire_rc = 0;
	advance(31);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	fake.frames = 1;
	EXPECT(CAMERA_RECOVERED, CAMERA_FRAME);
	fake.acquire_rc = fake.open_rc = -ENODEV;
	EXPECT(CAMERA_TROUBLE);
	advance(61);
	EXPECT(CAMERA_LOST);
}

static void test_a_failing_start_is_an_error_not_a_crash(void **state)
{
	(void)state;
	fake.start_rc = -EBUSY;
	assert_int_equal(make_camera(), 0);
	assert_int_equal(fake.closes, 1);
	EXPECT(CAMERA_TROUBLE);
	assert_string_equal(status_now().trouble, "does not start");
	assert_int_equal(status_now().failures, 1);
	fake.start_rc = 0;
	advance(1.1);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	fake.frames = 1;
	EXPECT(CAMERA_RECOVERED, CAMERA_FRAME);
}

static void test_a_camera_that_works_by_moments_is_not_restarted_in_a_tight_loop(void **state)
{
	int troubles = 0;

	(void)state;
	fake.dies_after = 1;
	assert_int_equal(make_camera(), 0);
	for (int i = 0; i < 6000; i++) { /* ten minutes, polled ten times a second */
		advance(0.1);
		fake.frames = 1;
		troubles += poll_once() == CAMERA_TROUBLE;
	}
	assert_int_equal(status_now().restarts, 1);
	/* After 1, 2, 4, 8, 16 and then each 30 s: 5 + (600 - 31) / 30. */
	assert_in_range(status_now().reopens, 22, 25);
	assert_in_range(troubles, 22, 26);
}

static void test_a_steady_spell_resets_the_ladder(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	for (unsigned i = 1; i <= 5; i++) {
		one_frame_comes();
		it_fails_once(-EIO);
		assert_int_equal(status_now().restarts, i);
		fake.frames = 1;
		EXPECT(CAMERA_RECOVERED, CAMERA_FRAME);
		advance(3);
		one_frame_comes();
		advance(3);
		one_frame_comes();
		advance(4);
	}
	assert_int_equal(status_now().reopens, 0);
}

static void test_bad_parameters_make_no_camera(void **state)
{
	struct error error = { 0 };

	(void)state;
	fake.open_rc = -EINVAL;
	camera = camera_create_on(&fake_backend, fake_now, &params, &video, &error);
	assert_null(camera);
	assert_int_equal(error.code, -EINVAL);
	assert_string_equal(error.text, "no camera here");
}

static void test_a_mode_asked_while_away_is_kept(void **state)
{
	const struct camera_mode night = { .still = true, .exposure_us = 1000000, .gain = 4 };
	char note[256];

	(void)state;
	fake.open_rc = -ENODEV;
	assert_int_equal(make_camera(), 0);
	EXPECT(CAMERA_TROUBLE);
	assert_true(camera_set_mode(camera, &night, note) < 0);
	assert_string_equal(note, "");
	fake.open_rc = 0;
	advance(1.1);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_true(fake.mode.still);
	assert_int_equal(fake.mode.exposure_us, 1000000);
}

static void test_a_thousand_modes_reallocate_nothing(void **state)
{
	char note[256];

	(void)state;
	assert_int_equal(make_camera(), 0);
	for (int i = 0; i < 1000; i++) {
		const struct camera_mode mode = { .still = i % 2 == 0, .exposure_us = 500000, .gain = 2 };
		assert_int_equal(camera_set_mode(camera, &mode, note), 0);
		one_frame_comes();
	}
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.starts, 1);
	assert_int_equal(fake.stops, 0);
}

/* Each ends the caller's turn, so that a folder full of them cannot keep it from its other work; and is at once to be
 * asked for again. */
static void test_unreadable_pictures_are_told_and_counted_one_a_turn(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	fake.unreadable = 2;
	fake.known = 2;
	fake.frames = 1;
	for (int left = 2; left > 0; left--) {
		char reason[32];
		snprintf(reason, sizeof reason, "picture %d is spoilt", left);
		EXPECT(CAMERA_UNREADABLE);
		assert_string_equal(status_now().unreadable_reason, reason);
	}
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	EXPECT(CAMERA_FRAME);
	assert_int_equal(status_now().unreadable, 2);
	assert_int_equal(status_now().failures, 0);
	assert_string_equal(status_now().trouble, "");
}

static void test_a_camera_with_unreadable_pictures_is_not_silent(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	for (int i = 0; i < 10; i++) {
		advance(3);
		fake.known = 1;
		assert_int_equal(poll_once(), CAMERA_NOTHING);
	}
	assert_int_equal(status_now().stalls, 0);
	advance(4.2);
	assert_int_equal(poll_once(), CAMERA_TROUBLE);
}

static void test_every_state_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(camera_state_text(CAMERA_ABSENT), "absent");
	assert_string_equal(camera_state_text(CAMERA_RUNNING), "running");
	assert_string_equal(camera_state_text(CAMERA_RECOVERING), "recovering");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_frames_flow),
		TEST(test_gaps_in_the_sequence_are_lost_frames),
		TEST(test_a_restart_begins_a_new_sequence),
		TEST(test_trouble_is_told_before_it_is_answered),
		TEST(test_silence_restarts_the_stream),
		TEST(test_a_late_poll_with_frames_waiting_is_no_stall),
		TEST(test_the_deadline_follows_the_exposure),
		TEST(test_a_second_stall_reopens),
		TEST(test_a_vanished_camera_is_not_restarted),
		TEST(test_reopening_backs_off_to_30_s),
		TEST(test_a_camera_never_seen_is_never_lost),
		TEST(test_a_camera_that_stays_away_is_lost_once),
		TEST(test_a_failing_start_is_an_error_not_a_crash),
		TEST(test_a_camera_that_works_by_moments_is_not_restarted_in_a_tight_loop),
		TEST(test_a_steady_spell_resets_the_ladder),
		TEST(test_bad_parameters_make_no_camera),
		TEST(test_a_mode_asked_while_away_is_kept),
		TEST(test_a_thousand_modes_reallocate_nothing),
		TEST(test_unreadable_pictures_are_told_and_counted_one_a_turn),
		TEST(test_a_camera_with_unreadable_pictures_is_not_silent),
		TEST(test_every_state_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
