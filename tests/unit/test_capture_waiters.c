/* Who asks for the next picture: it comes, or the answer says why it does not. */
#include <pthread.h>

#include "capture_rig.h"

static void done(void *data, const struct job *job)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	(void)data;
	pthread_mutex_lock(&lock);
	seen.code = job->error.code;
	snprintf(seen.text, sizeof seen.text, "%s", job->error.text);
	seen.id = job->first.id;
	pthread_mutex_unlock(&lock);
	atomic_fetch_add(&seen.times, 1);
	loop_stop(loop);
}

static struct job *want(void)
{
	struct job *job = jobs_admit(jobs, JOB_SINGLE, JOB_TO_FILES, 1);
	assert_non_null(job);
	job->formats = EXPORT_NPY;
	job->done = done;
	capture_request_next_frame(capture, job);
	return job;
}

static void wait_for_answers(int times)
{
	while (atomic_load(&seen.times) < times)
		run(5);
	while (!jobs_idle(jobs))
		run(1);
}

static void test_who_wants_gets_the_next_frame(void **state)
{
	(void)state;
	begin(100);
	give(5);
	want();
	want();
	run(20);
	assert_int_equal(atomic_load(&seen.times), 0);
	give(1);
	wait_for_answers(2);
	assert_int_equal(seen.code, 0);
	assert_int_equal(seen.id, 6);
	assert_int_equal(scratch_count(folder), 2);
}

static void test_no_frame_in_time_is_an_answer(void **state)
{
	(void)state;
	begin(0.02);
	give(1);
	want();
	wait_for_answers(1);
	assert_int_equal(seen.code, -ETIMEDOUT);
	assert_non_null(strstr(seen.text, "no frame came within 0.0 s"));
	give(1);
	want();
	fake.frames = 1;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	wait_for_answers(2);
	assert_int_equal(seen.code, 0);
}

static void test_without_a_camera_the_answer_comes_at_once(void **state)
{
	(void)state;
	fake.open_rc = -ENODEV;
	begin(1000);
	want();
	wait_for_answers(1);
	assert_int_equal(seen.code, -ENODEV);
	assert_string_equal(seen.text, "no camera: it is not plugged in");
	assert_int_equal(status().camera.state, CAMERA_ABSENT);
}

static void test_a_camera_that_goes_away_refuses_who_waits(void **state)
{
	(void)state;
	begin(1000);
	give(2);
	want();
	run(5);
	fake.broken = true;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	run(20);
	want(); /* and who comes now is refused at once */
	wait_for_answers(2);
	assert_int_equal(seen.code, -ENODEV);
	const struct frame *frames[2];
	assert_int_equal(frame_ring_pin_nearest(ring, 0, 2, frames), 2); /* the past is still there */
	frame_ring_release(ring, frames, 2);
}

/* A dark frame makes it night, a white one day: automatic exposure has the camera now. */
static void begin_day(double frame_timeout_s)
{
	night_threshold = 60;
	begin(frame_timeout_s);
	give(1);
	run(5);
	memset(pixels, 255, sizeof pixels);
	give(1);
	assert_false(status().night.night);
	assert_false(status().newest.settling);
}

static void test_who_wants_a_picture_waits_until_exposure_has_settled(void **state)
{
	(void)state;
	begin_day(100);
	want();
	give(3);
	assert_true(status().newest.settling);
	memset(pixels, 120, sizeof pixels);
	give(1);
	assert_true(status().newest.settling);
	run(20);
	assert_int_equal(atomic_load(&seen.times), 0);
	give(1);
	assert_false(status().newest.settling);
	wait_for_answers(1);
	assert_int_equal(seen.code, 0);
	assert_int_equal(seen.id, status().newest.id);
}

/* White is better than nothing. */
static void test_who_has_waited_for_half_of_the_time_gets_what_there_is(void **state)
{
	(void)state;
	begin_day(1);
	want();
	while (atomic_load(&seen.times) == 0) {
		give(1);
		assert_true(status().newest.settling);
	}
	assert_int_equal(seen.code, 0);
}

static void test_a_pause_refuses_who_waits_and_is_told(void **state)
{
	(void)state;
	begin(100);
	give(1);
	want();
	run(20);
	capture_set_pace(capture, INT64_MAX, "memory is short");
	wait_for_answers(1);
	assert_int_equal(seen.code, -EAGAIN);
	assert_string_equal(seen.text, "capture is paused: memory is short");
	want(); /* who asks meanwhile is told at once */
	run(20);
	wait_for_answers(2);
	assert_string_equal(seen.text, "capture is paused: memory is short");
	assert_true(status().pace_ns == INT64_MAX && status().paused_since_ns != 0);
	assert_string_equal(status().pace_why, "memory is short");
	capture_set_pace(capture, 0, "");
	want();
	give(1);
	wait_for_answers(3);
	assert_int_equal(seen.code, 0);
	assert_true(status().pace_ns == 0 && status().paused_since_ns == 0);
}

static void test_a_small_ring_still_saves_full_pictures(void **state)
{
	(void)state;
	frame_ring_destroy(ring);
	ring = new_ring(WIDTH / 4, HEIGHT / 4);
	full_ring = new_ring(WIDTH, HEIGHT);
	begin(100);
	give(3);
	struct frame_ring_status full;
	frame_ring_status(full_ring, &full);
	assert_int_equal(full.committed, 0); /* nobody wants them: nobody pays for them */
	want();
	give(1);
	wait_for_answers(1);
	assert_int_equal(seen.code, 0);
	assert_int_equal(seen.id, 4);
	assert_int_equal(atomic_load(&seen.pinned), 1); /* the frame was pinned in the full ring */
	frame_ring_status(full_ring, &full);
	assert_int_equal(full.committed, 1);
	assert_int_equal(status().frames, 4);
}

static void test_the_end_answers_who_waits(void **state)
{
	(void)state;
	begin(1000);
	give(1);
	want();
	capture_destroy(capture);
	capture = NULL;
	while (atomic_load(&seen.times) == 0)
		usleep(1000);
	assert_int_equal(seen.code, -ESHUTDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURE(test_who_wants_gets_the_next_frame),
		CAPTURE(test_no_frame_in_time_is_an_answer),
		CAPTURE(test_without_a_camera_the_answer_comes_at_once),
		CAPTURE(test_a_camera_that_goes_away_refuses_who_waits),
		CAPTURE(test_who_wants_a_picture_waits_until_exposure_has_settled),
		CAPTURE(test_who_has_waited_for_half_of_the_time_gets_what_there_is),
		CAPTURE(test_a_pause_refuses_who_waits_and_is_told),
		CAPTURE(test_a_small_ring_still_saves_full_pictures),
		CAPTURE(test_the_end_answers_who_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
