/* The capture loop on a real event loop, with a camera that does what the test says. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/camera_backend.h"
#include "capture/capture.h"
#include "scratch.h"

enum { WIDTH = 32, HEIGHT = 16, SLOTS = 8 };

/* The camera: what it gives next. */
static struct {
	int open_rc;
	int open_width, open_height; /* what it says it delivers; 0: as asked */
	int frames;                  /* that wait */
	int width, height;           /* of them */
	bool broken;                 /* acquiring fails */
	uint64_t sequence;
	double exposure_us, gain;
	int fd, on_loan;
} fake;
static uint8_t pixels[2 * WIDTH * 2 * HEIGHT * FRAME_CHANNELS];

static int fake_open(const struct camera_params *params, void **state, struct camera_description *description,
                     struct error *error)
{
	if (fake.open_rc < 0)
		return error_set(error, fake.open_rc, "it is not plugged in");
	fake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	*state = &fake;
	*description = (struct camera_description){
		.model = "fake",
		.width = fake.open_width ? fake.open_width : params->width,
		.height = fake.open_height ? fake.open_height : params->height,
	};
	return 0;
}

static int fake_start(void *state, const struct camera_mode *mode, struct error *error)
{
	(void)state, (void)mode, (void)error;
	return 0;
}

static int fake_fd(void *state)
{
	(void)state;
	return fake.fd;
}

static int fake_acquire(void *state, struct camera_frame *frame, struct error *error)
{
	(void)state;
	uint64_t count;
	if (fake.broken)
		return error_set(error, -ENODEV, "unplugged");
	if (fake.frames == 0) {
		(void)!read(fake.fd, &count, sizeof count);
		return 0;
	}
	fake.frames--;
	fake.on_loan++;
	*frame = (struct camera_frame){
		.image = { .format = PIXEL_RGB,
		           .width = fake.width,
		           .height = fake.height,
		           .plane = { pixels },
		           .stride = { (size_t)fake.width * FRAME_CHANNELS } },
		.timestamp_ns = clock_now_ns(),
		.sequence = ++fake.sequence,
		.exposure_us = fake.exposure_us,
		.gain = fake.gain,
	};
	return 1;
}

static void fake_release(void *state, struct camera_frame *frame)
{
	(void)state, (void)frame;
	fake.on_loan--;
}

static int fake_set_mode(void *state, const struct camera_mode *mode, char note[256])
{
	(void)state, (void)mode, (void)note;
	return 0;
}

static void fake_stop(void *state)
{
	(void)state;
}

static void fake_close(void *state)
{
	(void)state;
	close(fake.fd);
}

static const struct camera_backend backend = { "fake",       fake_open,    fake_start,    fake_fd,
	                                           fake_acquire, fake_release, fake_set_mode, fake_stop,
	                                           fake_close,   NULL,         NULL };

static struct camera_params camera_params;
static struct loop *loop;
static struct camera *camera;
static struct frame_ring *ring, *full_ring;
static struct jobs *jobs;
static struct capture *capture;
static struct event_log *event_log;
static char folder[SCRATCH_BYTES];
static int lost;
static double night_threshold; /* 0: there is no night */

static struct {
	atomic_int times;
	int code;
	char text[256];
	uint64_t id;
	atomic_int pinned; /* while the last job ran */
} seen;

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

/* The worker's view of the frame it is to save. */
static int look(void *data, dev_t *device, struct error *error)
{
	(void)data, (void)device, (void)error;
	struct frame_ring_status status;
	frame_ring_status(full_ring ? full_ring : ring, &status);
	atomic_store(&seen.pinned, (int)status.pinned);
	return 0;
}

static void camera_lost(void *data)
{
	(void)data;
	lost++;
	loop_stop(loop);
}

static struct frame_ring *new_ring(int width, int height)
{
	struct frame_ring *made = frame_ring_create(SLOTS, width, height, NULL);
	struct frame_ring_status status = { 0 };
	assert_non_null(made);
	while (status.touched < SLOTS)
		frame_ring_status(made, &status);
	return made;
}

static int set_up(void **state)
{
	(void)state;
	scratch_make(folder);
	memset(&fake, 0, sizeof fake);
	fake.width = WIDTH;
	fake.height = HEIGHT;
	fake.exposure_us = 1000;
	fake.gain = 2;
	memset(pixels, 50, sizeof pixels);
	atomic_store(&seen.times, 0);
	lost = 0;
	night_threshold = 0;
	camera_params =
	    (struct camera_params){ .width = WIDTH, .height = HEIGHT, .framerate = 50, .capture_timeout_s = 100 };
	loop = loop_create(NULL);
	event_log = event_log_create(8, "", NULL);
	ring = new_ring(WIDTH, HEIGHT);
	full_ring = NULL;
	jobs = jobs_create(&(struct jobs_params){ .export = { .base_dir = folder, .jpg_quality = 90 },
	                                          .most = JOBS_MAX,
	                                          .frame_bytes = 1,
	                                          .gate = look,
	                                          .gate_data = NULL },
	                   NULL);
	return loop && jobs && event_log ? 0 : -1;
}

static void begin(double frame_timeout_s)
{
	struct error error = { 0 };
	camera = camera_create_on(&backend, clock_now_ns, &camera_params, &(struct camera_mode){ .still = false }, &error);
	assert_non_null(camera);
	capture = capture_create(
	    &(struct capture_params){
	        .loop = loop,
	        .camera = camera,
	        .jobs = jobs,
	        .ring = ring,
	        .full_ring = full_ring,
	        .events = event_log,
	        .night = { .enable = night_threshold > 0,
	                   .metric = NIGHT_METRIC_MEAN,
	                   .dark_threshold = night_threshold,
	                   .bright_threshold = night_threshold + 10,
	                   .min_dark_frames = 1,
	                   .min_bright_frames = 1,
	                   .exposure_us = 1000,
	                   .gain = 1 },
	        .framerate = 50,
	        .frame_timeout_s = frame_timeout_s,
	        .camera_lost = camera_lost,
	    },
	    &error);
	assert_non_null(capture);
}

static int tear_down(void **state)
{
	(void)state;
	capture_destroy(capture);
	jobs_destroy(jobs);
	frame_ring_destroy(ring);
	frame_ring_destroy(full_ring);
	camera_destroy(camera);
	loop_destroy(loop);
	event_log_destroy(event_log);
	scratch_remove(folder);
	capture = NULL;
	camera = NULL;
	return 0;
}

static void stop(void *data, uint32_t events)
{
	(void)data, (void)events;
	loop_stop(loop);
}

/* Lets the loop run for some time, or until something stops it. */
static void run(int milliseconds)
{
	struct loop_watch *timer = loop_add_timer(loop, stop, NULL);
	loop_set_timer(timer, (int64_t)milliseconds * CLOCK_NS_PER_MS, 0);
	assert_int_equal(loop_run(loop), 0);
	loop_remove(timer);
}

static struct capture_status status(void)
{
	struct capture_status now;
	capture_status(capture, &now);
	return now;
}

/* The camera gives count frames, which are all looked at. */
static void give(int count)
{
	fake.frames = count;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (fake.frames > 0)
		run(1);
	run(1);
	assert_int_equal(fake.on_loan, 0);
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

static void test_frames_become_the_past(void **state)
{
	(void)state;
	begin(100);
	give(3);
	struct capture_status now = status();
	assert_int_equal(now.frames, 3);
	assert_int_equal(now.newest.id, 3);
	assert_true(now.newest.mean == 50);
	assert_true(now.newest.gain == 2);
	assert_int_equal(now.rejected + now.dropped + now.skipped, 0);
	assert_int_equal(now.camera.state, CAMERA_RUNNING);
	give(20);
	struct frame_ring_status past;
	frame_ring_status(ring, &past);
	assert_int_equal(past.filled, SLOTS);
	assert_int_equal(past.committed, 23);
	assert_true(status().late_p50_ms >= 0 && status().late_p999_ms >= status().late_p50_ms);
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

static void test_a_lost_camera_is_reported_once(void **state)
{
	(void)state;
	camera_params.lost_after_s = 0.03;
	begin(1000);
	give(1);
	fake.broken = true;
	fake.open_rc = -ENODEV;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (lost == 0)
		run(10);
	run(50);
	assert_int_equal(lost, 1);
}

static void test_pictures_of_a_wrong_size_are_not_taken(void **state)
{
	(void)state;
	begin(100);
	give(2);
	fake.width = WIDTH / 2;
	give(3);
	assert_int_equal(status().rejected, 3);
	assert_int_equal(status().frames, 2);
	fake.width = WIDTH;
	give(1);
	assert_int_equal(status().rejected, 3);
	assert_int_equal(status().frames, 3);
	assert_int_equal(status().newest.id, 3);
}

static void test_a_camera_of_another_size_is_fitted_in(void **state)
{
	(void)state;
	fake.open_width = fake.width = 2 * WIDTH;
	fake.open_height = fake.height = 2 * HEIGHT;
	begin(100);
	give(2);
	assert_int_equal(status().frames, 2);
	assert_true(status().newest.mean == 50);
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

static void test_a_smaller_camera_than_the_ring_is_enlarged(void **state)
{
	(void)state;
	fake.open_width = fake.width = WIDTH / 2;
	fake.open_height = fake.height = HEIGHT / 2;
	begin(100);
	give(2);
	assert_int_equal(status().frames, 2);
	assert_true(status().newest.mean == 50);
}

static void test_a_pace_lets_frames_go(void **state)
{
	(void)state;
	begin(100);
	give(1);
	capture_set_pace(capture, INT64_MAX, "memory is short");
	give(4);
	assert_int_equal(status().frames, 1);
	assert_int_equal(status().skipped, 4);
	capture_set_pace(capture, 0, "");
	give(2);
	assert_int_equal(status().frames, 3);
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

/* The events so far are those types. */
static void assert_events(size_t count, const enum event_type *types, struct event *last)
{
	struct event events[8];
	uint64_t cursor = 1;
	assert_int_equal(event_log_read(event_log, &cursor, events, 8), count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(event_type_text(events[i].type), event_type_text(types[i]));
	*last = events[count - 1];
}

static void test_a_camera_that_comes_and_goes_is_told_once_each(void **state)
{
	(void)state;
	const enum event_type types[] = { EVENT_CAMERA_UP, EVENT_CAMERA_DOWN, EVENT_CAMERA_UP };
	struct event last;
	begin(1000);
	give(1);
	assert_events(1, types, &last);
	assert_string_equal(last.label, "fake");
	fake.broken = true;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (status().camera.state == CAMERA_RUNNING)
		run(5);
	assert_events(2, types, &last);
	assert_non_null(strstr(last.reason, "unplugged"));
	fake.broken = false;
	while (status().camera.reopens == 0)
		run(20);
	give(1);
	assert_events(3, types, &last);
}

static void test_a_camera_that_was_never_there_is_told_once(void **state)
{
	(void)state;
	struct event last;
	fake.open_rc = -ENODEV;
	begin(1000);
	run(20);
	assert_events(1, (const enum event_type[]){ EVENT_CAMERA_DOWN }, &last);
	assert_string_equal(last.reason, "it is not plugged in");
}

static void test_the_night_is_told_with_the_frame_that_decided(void **state)
{
	(void)state;
	struct event last;
	night_threshold = 60; /* brighter than the pictures */
	begin(1000);
	give(1);
	assert_events(2, (const enum event_type[]){ EVENT_CAMERA_UP, EVENT_NIGHT_ENTER }, &last);
	assert_int_equal(last.frame_id, 1);
	assert_int_equal(last.monotonic_ns, status().newest.timestamp_ns);
	assert_true(last.score < 60);
}

/* One frame of this exposure. Is it marked as a night frame? */
static bool is_night(double exposure_us, double gain)
{
	fake.exposure_us = exposure_us;
	fake.gain = gain;
	give(1);
	return status().newest.night;
}

static void test_a_frame_is_marked_by_its_own_exposure(void **state)
{
	(void)state;
	night_threshold = 60;
	begin(1000);
	assert_false(is_night(2000, 2)); /* decides */
	assert_true(status().night.night);
	assert_false(is_night(2000, 2)); /* these were under way */
	assert_false(is_night(2000, 2));
	assert_true(is_night(1000, 1));
	memset(pixels, 200, sizeof pixels);
	for (int i = 0; i < 500 && status().night.night; i++)
		assert_true(is_night(1000, 1));
	assert_false(status().night.night);
	assert_true(is_night(1000, 1));
	assert_false(is_night(500, 1));
	assert_false(is_night(1000, 1)); /* automatic exposure may come to be that of the night */
}

static void test_a_camera_that_does_not_change_is_believed_in_the_end(void **state)
{
	(void)state;
	night_threshold = 60;
	begin(1000);
	int frames = 0;
	while (!is_night(2000, 2) && frames < 100)
		frames++;
	assert_in_range(frames, 2, 20);
}

static void test_unknown_exposures_are_marked_by_their_time(void **state)
{
	(void)state;
	night_threshold = 60;
	begin(1000);
	assert_false(is_night(0, 0));
	assert_true(is_night(0, 0)); /* begun after the camera was asked */
}

int main(void)
{
#define CAPTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CAPTURE(test_frames_become_the_past),
		CAPTURE(test_who_wants_gets_the_next_frame),
		CAPTURE(test_no_frame_in_time_is_an_answer),
		CAPTURE(test_without_a_camera_the_answer_comes_at_once),
		CAPTURE(test_a_camera_that_goes_away_refuses_who_waits),
		CAPTURE(test_a_lost_camera_is_reported_once),
		CAPTURE(test_pictures_of_a_wrong_size_are_not_taken),
		CAPTURE(test_a_camera_of_another_size_is_fitted_in),
		CAPTURE(test_who_wants_a_picture_waits_until_exposure_has_settled),
		CAPTURE(test_who_has_waited_for_half_of_the_time_gets_what_there_is),
		CAPTURE(test_a_smaller_camera_than_the_ring_is_enlarged),
		CAPTURE(test_a_pace_lets_frames_go),
		CAPTURE(test_a_pause_refuses_who_waits_and_is_told),
		CAPTURE(test_a_small_ring_still_saves_full_pictures),
		CAPTURE(test_the_end_answers_who_waits),
		CAPTURE(test_a_camera_that_comes_and_goes_is_told_once_each),
		CAPTURE(test_a_camera_that_was_never_there_is_told_once),
		CAPTURE(test_the_night_is_told_with_the_frame_that_decided),
		CAPTURE(test_a_frame_is_marked_by_its_own_exposure),
		CAPTURE(test_a_camera_that_does_not_change_is_believed_in_the_end),
		CAPTURE(test_unknown_exposures_are_marked_by_their_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
