#include "recorder_rig.h"

static struct recorder_rig rig;

static int open_on_trigger(void **state)
{
	(void)state;
	rig_open(&rig, VIDEO_ON_TRIGGER, 60);
	return 0;
}

static int open_always(void **state)
{
	(void)state;
	rig_open(&rig, VIDEO_ALWAYS, 60);
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static void expect_clip(const struct recorder_result *result, double seconds, size_t frames)
{
	assert_int_equal(result->error.code, 0);
	assert_int_equal(result->missing, 0);
	assert_int_equal(result->part_count, 1);
	assert_true(result->duration_s > seconds - 0.02 && result->duration_s < seconds + 0.11);
	assert_in_range(result->frames, frames, frames + 1);
}

static void test_a_clip_is_what_was_from_before_until_after(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -4, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 2, 1.5, false, &reply), 0);
	assert_false(reply.extended);
	assert_false(reply.all_there_is);
	rig_put(&rig, 0, 3, 0.1);
	expect_clip(rig_wait(&rig, 1), 3.5, 35);
	assert_int_equal(rig_files(&rig), 1);
	struct recorder_status status;
	recorder_status(rig.recorder, &status);
	assert_int_equal(status.started, 1);
	assert_int_equal(status.finished, 1);
}

/* a lies between two frames: the first one shows from a on, until the second. */
static void test_the_frame_that_shows_at_the_beginning_is_there(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -4.04, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 2, 1, false, &reply), 0);
	rig_put(&rig, 0, 3, 0.1);
	const struct recorder_result *result = rig_wait(&rig, 1);
	assert_int_equal(result->error.code, 0);
	assert_true(result->duration_s > 2.99 && result->duration_s < 3.11);
}

static void test_a_trigger_moves_the_end_and_all_who_wait_are_told(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -2, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), 0);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(rig_clip(&rig, 1, i == 10 ? 2 : 0.5, false, &reply), 0);
		assert_true(reply.extended);
		assert_int_equal(reply.id, 1);
	}
	rig_put(&rig, 0, 3, 0.1);
	expect_clip(rig_wait(&rig, 21), 3, 30);
	assert_int_equal(rig_files(&rig), 1);
}

static void test_stop_ends_it_at_once(void **state)
{
	(void)state;
	struct recorder_reply reply;
	struct error error = { 0 };
	rig_put(&rig, -2, 0, 0.1);
	assert_int_equal(recorder_stop(rig.recorder, &reply, &error), -ENOENT);
	assert_int_equal(rig_clip(&rig, 1, 1e9, false, &reply), 0);
	assert_int_equal(recorder_stop(rig.recorder, &reply, &error), 0);
	assert_int_equal(reply.id, 1);
	rig_put(&rig, 0, 60, 0.5);
	const struct recorder_result *result = rig_wait(&rig, 1);
	assert_int_equal(result->error.code, 0);
	assert_true(result->duration_s < 30);
}

static void test_what_holds_a_clip_decides_when_its_end_begins(void **state)
{
	(void)state;
	struct recorder_reply reply;
	struct recorder_status status;
	rig_put(&rig, -2, 0, 0.1);
	recorder_release(rig.recorder, rig.begun_ns, 1); /* holds nothing */
	assert_int_equal(rig_clip(&rig, 1, 1, true, &reply), 0);
	rig_put(&rig, 0, 10, 0.1);
	assert_int_equal(rig_clip(&rig, 1, 0.5, false, &reply), 0); /* asks for less than the other */
	assert_true(reply.extended);
	recorder_status(rig.recorder, &status);
	assert_string_equal(status.state, "recording");
	assert_int_equal(rig_told(&rig), 0);
	recorder_release(rig.recorder, rig.begun_ns + 11 * CLOCK_NS_PER_S, 0.5);
	rig_put(&rig, 10, 13, 0.1);
	expect_clip(rig_wait(&rig, 2), 12.5, 125);
}

static void test_a_release_takes_nothing_from_who_asked_for_more(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -2, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 1, 4, false, &reply), 0);
	assert_int_equal(rig_clip(&rig, 1, 1, true, &reply), 0);
	recorder_release(rig.recorder, rig.begun_ns, 1);
	rig_put(&rig, 0, 5, 0.1);
	expect_clip(rig_wait(&rig, 2), 5, 50);
}

static void test_clips_may_overlap_and_share_their_past(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -2, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), 0);
	rig_put(&rig, 0, 2, 0.1);
	expect_clip(rig_wait(&rig, 1), 2, 20);
	while (!recorder_is_idle(rig.recorder))
		rig_pause();
	rig.begun_ns += CLOCK_NS_PER_S; /* a second later: both show the second between */
	assert_int_equal(rig_clip(&rig, 2, 1, false, &reply), 0);
	assert_false(reply.extended);
	assert_int_equal(reply.id, 2);
	rig_put(&rig, 1, 3, 0.1);
	expect_clip(rig_wait(&rig, 2), 3, 30);
	assert_int_equal(rig_files(&rig), 2);
}

static void test_more_than_the_past_is_what_there_is_and_told(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -3, 0, 0.1);
	while (video_oldest_ns(rig.video) > rig.begun_ns - 3 * CLOCK_NS_PER_S)
		rig_pause();
	assert_int_equal(rig_clip(&rig, 1e9, 1, false, &reply), 0);
	assert_true(reply.all_there_is);
	assert_true(reply.before_s > 2.9 && reply.before_s < 3.1);
	rig_put(&rig, 0, 2, 0.1);
	expect_clip(rig_wait(&rig, 1), 4, 40);
}

static void test_a_frame_in_two_seconds_is_a_clip_too(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -9, 0, 2);
	assert_int_equal(rig_clip(&rig, 5, 5, false, &reply), 0);
	rig_put(&rig, 1, 8, 2);
	const struct recorder_result *result = rig_wait(&rig, 1);
	assert_int_equal(result->error.code, 0);
	assert_int_equal(result->missing, 0);
	assert_int_equal(result->frames, 6);
	assert_true(result->duration_s > 9.9 && result->duration_s < 12.1);
}

/* It was exposed from before the end on, and comes when that is long past; the frames before it came faster. */
static void test_the_first_long_exposure_of_a_night_is_in_the_clip(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -2, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 1, 0.3, false, &reply), 0);
	nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 700 * CLOCK_NS_PER_MS }, NULL);
	assert_int_equal(rig_told(&rig), 0);
	rig_put(&rig, 0.2, 4, 2);
	const struct recorder_result *result = rig_wait(&rig, 1);
	assert_int_equal(result->error.code, 0);
	assert_int_equal(result->frames, 11);
	assert_true(result->duration_s > 3.1 && result->duration_s < 3.3); /* it is shown until the next one */
}

static void test_what_cannot_be_written_is_told_and_the_next_clip_is_whole(void **state)
{
	(void)state;
	struct recorder_reply reply;
	struct recorder_status status;
	rig.gate_code = -EROFS;
	rig_put(&rig, -2, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), 0);
	const struct recorder_result *result = rig_wait(&rig, 1);
	assert_int_equal(result->error.code, -EROFS);
	assert_string_equal(result->error.text, "the disk says no");
	assert_int_equal(result->part_count, 0);
	while (!recorder_is_idle(rig.recorder))
		rig_pause();
	recorder_status(rig.recorder, &status);
	assert_int_equal(status.failed, 1);
	assert_string_equal(status.last_error, "the disk says no");
	rig.gate_code = 0;
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), 0);
	rig_put(&rig, 0, 3, 0.1);
	expect_clip(rig_wait(&rig, 2), 2, 20);
}

static void test_what_nobody_can_be_promised_is_refused(void **state)
{
	(void)state;
	struct recorder_reply reply;
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), -ENODATA); /* no frame yet */
	rig_put(&rig, -2, 0, 0.1);
	for (int i = 0; i < RECORDER_WAITERS; i++)
		assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), 0);
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), -EBUSY);
	recorder_close(rig.recorder);
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), -ESHUTDOWN);
	rig_put(&rig, 0, 3, 0.1);
	assert_int_equal(rig_wait(&rig, RECORDER_WAITERS)->error.code, 0);
}

static void test_who_waits_when_all_is_given_up_is_told(void **state)
{
	(void)state;
	struct recorder_reply reply;
	rig_put(&rig, -2, 0, 0.1);
	assert_int_equal(rig_clip(&rig, 1, 1, false, &reply), 0);
	recorder_abandon(rig.recorder);
	assert_int_equal(rig_wait(&rig, 1)->error.code, -ESHUTDOWN);
	rig_put(&rig, 0, 3, 0.1);
	recorder_close(rig.recorder);
	while (!recorder_is_idle(rig.recorder))
		rig_pause();
	assert_int_equal(rig_told(&rig), 1); /* once */
}

int main(void)
{
#define ON_TRIGGER(test) cmocka_unit_test_setup_teardown(test, open_on_trigger, close_rig)
#define ALWAYS(test) cmocka_unit_test_setup_teardown(test, open_always, close_rig)
	const struct CMUnitTest tests[] = {
		ON_TRIGGER(test_a_clip_is_what_was_from_before_until_after),
		ALWAYS(test_a_clip_is_what_was_from_before_until_after),
		ON_TRIGGER(test_the_frame_that_shows_at_the_beginning_is_there),
		ALWAYS(test_the_frame_that_shows_at_the_beginning_is_there),
		ON_TRIGGER(test_a_trigger_moves_the_end_and_all_who_wait_are_told),
		ON_TRIGGER(test_stop_ends_it_at_once),
		ON_TRIGGER(test_what_holds_a_clip_decides_when_its_end_begins),
		ALWAYS(test_a_release_takes_nothing_from_who_asked_for_more),
		ON_TRIGGER(test_clips_may_overlap_and_share_their_past),
		ALWAYS(test_clips_may_overlap_and_share_their_past),
		ON_TRIGGER(test_more_than_the_past_is_what_there_is_and_told),
		ALWAYS(test_more_than_the_past_is_what_there_is_and_told),
		ALWAYS(test_a_frame_in_two_seconds_is_a_clip_too),
		ON_TRIGGER(test_a_frame_in_two_seconds_is_a_clip_too),
		ALWAYS(test_the_first_long_exposure_of_a_night_is_in_the_clip),
		ON_TRIGGER(test_what_cannot_be_written_is_told_and_the_next_clip_is_whole),
		ON_TRIGGER(test_what_nobody_can_be_promised_is_refused),
		ON_TRIGGER(test_who_waits_when_all_is_given_up_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
