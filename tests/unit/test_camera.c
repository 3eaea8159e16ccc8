/* The supervisor's ladder, on a backend that does what the test says and a clock that the test moves. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "camera.h"
#include "camera_backend.h"
#include "clock.h"

#define SECOND CLOCK_NS_PER_S

/* The backend: what it answers next, and what was called. */
static struct fake {
	int open_rc, start_rc, acquire_rc; /* 0: works */
	int frames;                        /* that wait to be acquired */
	uint64_t sequence;
	double exposure_us;
	int dies_after, given; /* so many frames after each start it fails; 0: never */
	int opens, starts, stops, closes, on_loan;
	bool is_open, is_started;
	int fd;
	struct camera_mode mode;
} fake;

static int64_t now_ns;

static int64_t fake_now(void)
{
	return now_ns;
}

static int fake_open(const struct camera_params *params, void **state, struct camera_description *description,
                     struct error *error)
{
	fake.opens++;
	if (fake.open_rc < 0)
		return error_set(error, fake.open_rc, "no camera here");
	assert_false(fake.is_open);
	fake.is_open = true;
	fake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	*state = &fake;
	*description = (struct camera_description){ .model = "fake", .width = params->width, .height = params->height };
	return 0;
}

static int fake_start(void *state, const struct camera_mode *mode, struct error *error)
{
	assert_ptr_equal(state, &fake);
	assert_true(fake.is_open && !fake.is_started);
	fake.starts++;
	if (fake.start_rc < 0)
		return error_set(error, fake.start_rc, "does not start");
	fake.is_started = true;
	fake.given = 0;
	fake.mode = *mode;
	return 0;
}

static int fake_fd(void *state)
{
	return ((struct fake *)state)->fd;
}

static int fake_acquire(void *state, struct camera_frame *frame, struct error *error)
{
	(void)state;
	assert_true(fake.is_started);
	assert_int_equal(fake.on_loan, 0);
	if (fake.acquire_rc < 0)
		return error_set(error, fake.acquire_rc, "broke");
	if (fake.dies_after && fake.given == fake.dies_after)
		return error_set(error, -EIO, "died");
	if (fake.frames == 0)
		return 0;
	fake.frames--;
	fake.given++;
	fake.on_loan++;
	*frame =
	    (struct camera_frame){ .timestamp_ns = now_ns, .sequence = ++fake.sequence, .exposure_us = fake.exposure_us };
	return 1;
}

static void fake_release(void *state, struct camera_frame *frame)
{
	(void)state;
	(void)frame;
	fake.on_loan--;
}

static int fake_set_mode(void *state, const struct camera_mode *mode, char note[256])
{
	(void)state;
	fake.mode = *mode;
	snprintf(note, 256, "noted");
	return 0;
}

static void fake_stop(void *state)
{
	(void)state;
	assert_int_equal(fake.on_loan, 0);
	fake.stops++;
	fake.is_started = false;
}

static void fake_close(void *state)
{
	(void)state;
	assert_false(fake.is_started);
	fake.closes++;
	fake.is_open = false;
	close(fake.fd);
}

static const struct camera_backend fake_backend = {
	.name = "fake",
	.open = fake_open,
	.start = fake_start,
	.fd = fake_fd,
	.acquire = fake_acquire,
	.release = fake_release,
	.set_mode = fake_set_mode,
	.stop = fake_stop,
	.close = fake_close,
};

static struct camera *camera;
static const struct camera_mode video = { .still = false };

/* 10 frames a second, and 4 s of silence beyond a frame's time are a stall. */
static const struct camera_params params = {
	.width = 64, .height = 48, .framerate = 10, .capture_timeout_s = 4, .lost_after_s = 60
};

static int make_camera(void)
{
	struct error error;

	camera = camera_create_on(&fake_backend, fake_now, &params, &video, &error);
	return camera ? 0 : -1;
}

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	now_ns = 1000 * SECOND;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	camera_destroy(camera);
	camera = NULL;
	return fake.is_open || fake.on_loan ? -1 : 0;
}

/* One poll; a frame is given back at once. */
static enum camera_event poll_once(void)
{
	struct camera_frame frame;
	enum camera_event event = camera_poll(camera, &frame);

	if (event == CAMERA_FRAME)
		camera_release(camera, &frame);
	return event;
}

static struct camera_status status_now(void)
{
	struct camera_status status;

	camera_status(camera, &status);
	return status;
}

static void expect_events(const enum camera_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(poll_once(), events[i]);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
}
#define EXPECT(...)                                                                                                    \
	expect_events((const enum camera_event[]){ __VA_ARGS__ },                                                          \
	              sizeof((const enum camera_event[]){ __VA_ARGS__ }) / sizeof(enum camera_event))

static void advance(double seconds)
{
	now_ns += (int64_t)(seconds * (double)SECOND);
}

static void one_frame_comes(void)
{
	fake.frames = 1;
	EXPECT(CAMERA_FRAME);
}

static void it_fails_once(int code)
{
	fake.acquire_rc = code;
	assert_int_equal(poll_once(), CAMERA_TROUBLE);
	fake.acquire_rc = 0;
	assert_int_equal(poll_once(), CAMERA_NOTHING);
}

/* A camera may hang when it is stopped: by then its trouble must be known. */
static void trouble_is_told_before_it_is_answered(void **state)
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

static void frames_flow(void **state)
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

static void gaps_in_the_sequence_are_lost_frames(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	fake.sequence += 3;
	one_frame_comes();
	assert_int_equal(status_now().lost, 3);
}

static void a_restart_begins_a_new_sequence(void **state)
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

static void silence_restarts_the_stream(void **state)
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

static void a_late_poll_with_frames_waiting_is_no_stall(void **state)
{
	(void)state;
	assert_int_equal(make_camera(), 0);
	one_frame_comes();
	advance(100);
	one_frame_comes();
	assert_int_equal(status_now().stalls, 0);
}

static void the_deadline_follows_the_exposure(void **state)
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

static void a_second_stall_reopens(void **state)
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

static void a_vanished_camera_is_not_restarted(void **state)
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

static void reopening_backs_off_to_30_s(void **state)
{
	static const double waits[] = { 1, 2, 4, 8, 16, 30, 30 };

	(void)state;
	fake.open_rc = -ENODEV;
	assert_int_equal(make_camera(), 0);
	EXPECT(CAMERA_TROUBLE);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		int before = fake.opens;
		advance(waits[i] - 0.01);
		assert_int_equal(poll_once(), CAMERA_NOTHING);
		assert_int_equal(fake.opens, before);
		advance(0.02);
		assert_int_equal(poll_once(), CAMERA_NOTHING);
		assert_int_equal(fake.opens, before + 1);
	}
}

static void a_camera_never_seen_is_never_lost(void **state)
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

static void a_camera_that_stays_away_is_lost_once(void **state)
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

static void a_failing_start_is_an_error_not_a_crash(void **state)
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

static void a_camera_that_works_by_moments_is_not_restarted_in_a_tight_loop(void **state)
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

static void a_steady_spell_resets_the_ladder(void **state)
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

static void bad_parameters_make_no_camera(void **state)
{
	struct error error = { 0 };

	(void)state;
	fake.open_rc = -EINVAL;
	camera = camera_create_on(&fake_backend, fake_now, &params, &video, &error);
	assert_null(camera);
	assert_int_equal(error.code, -EINVAL);
	assert_string_equal(error.text, "no camera here");
}

static void a_mode_asked_while_away_is_kept(void **state)
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

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, timeout_ms) == 1;
}

static void the_descriptor_tells_of_the_backend(void **state)
{
	struct error error;

	(void)state;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_false(is_readable(camera_fd(camera), 0));
	eventfd_write(fake.fd, 1);
	assert_true(is_readable(camera_fd(camera), 0));
}

static void the_descriptor_stays_readable_until_there_is_nothing_more(void **state)
{
	struct error error;

	(void)state;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	fake.frames = 2;
	assert_int_equal(poll_once(), CAMERA_FRAME);
	assert_true(is_readable(camera_fd(camera), 60000));
	assert_int_equal(poll_once(), CAMERA_FRAME);
	assert_true(is_readable(camera_fd(camera), 60000));
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_false(is_readable(camera_fd(camera), 0));
}

static void a_camera_that_is_too_fast_lets_the_loop_breathe(void **state)
{
	struct error error;
	int frames = 0;

	(void)state;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	fake.frames = 100;
	for (int turn = 0; turn < 25; turn++) {
		if (turn > 0)
			assert_true(is_readable(camera_fd(camera), 60000));
		int in_a_row = 0;
		while (poll_once() == CAMERA_FRAME)
			in_a_row++;
		assert_int_equal(in_a_row, 4);
		frames += in_a_row;
	}
	assert_int_equal(frames, 100);
	assert_int_equal(status_now().stalls, 0);
}

static void the_descriptor_tells_of_the_deadline(void **state)
{
	struct camera_params hasty = params;
	struct error error;

	(void)state;
	hasty.capture_timeout_s = 0.01;
	camera = camera_create_on(&fake_backend, clock_now_ns, &hasty, &video, &error);
	assert_non_null(camera);
	assert_true(is_readable(camera_fd(camera), 60000));
	EXPECT(CAMERA_TROUBLE);
	assert_int_equal(status_now().stalls, 1);
}

static void the_descriptor_tells_of_a_camera_missing_at_start(void **state)
{
	struct error error;

	(void)state;
	fake.open_rc = -ENODEV;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	assert_true(is_readable(camera_fd(camera), 60000));
	EXPECT(CAMERA_TROUBLE);
}

static void a_thousand_modes_reallocate_nothing(void **state)
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

static void every_state_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(camera_state_text(CAMERA_ABSENT), "absent");
	assert_string_equal(camera_state_text(CAMERA_RUNNING), "running");
	assert_string_equal(camera_state_text(CAMERA_RECOVERING), "recovering");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(frames_flow),
		TEST(gaps_in_the_sequence_are_lost_frames),
		TEST(a_restart_begins_a_new_sequence),
		TEST(trouble_is_told_before_it_is_answered),
		TEST(silence_restarts_the_stream),
		TEST(a_late_poll_with_frames_waiting_is_no_stall),
		TEST(the_deadline_follows_the_exposure),
		TEST(a_second_stall_reopens),
		TEST(a_vanished_camera_is_not_restarted),
		TEST(reopening_backs_off_to_30_s),
		TEST(a_camera_never_seen_is_never_lost),
		TEST(a_camera_that_stays_away_is_lost_once),
		TEST(a_failing_start_is_an_error_not_a_crash),
		TEST(a_camera_that_works_by_moments_is_not_restarted_in_a_tight_loop),
		TEST(a_steady_spell_resets_the_ladder),
		TEST(bad_parameters_make_no_camera),
		TEST(a_mode_asked_while_away_is_kept),
		TEST(the_descriptor_tells_of_the_backend),
		TEST(the_descriptor_stays_readable_until_there_is_nothing_more),
		TEST(a_camera_that_is_too_fast_lets_the_loop_breathe),
		TEST(the_descriptor_tells_of_the_deadline),
		TEST(the_descriptor_tells_of_a_camera_missing_at_start),
		TEST(a_thousand_modes_reallocate_nothing),
		TEST(every_state_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
