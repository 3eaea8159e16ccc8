/* The supervisor on a backend that does what the test says and a clock that the test moves. */
#ifndef PASTCAM_TEST_CAMERA_RIG_H
#define PASTCAM_TEST_CAMERA_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/camera.h"
#include "camera/camera_backend.h"

#define SECOND CLOCK_NS_PER_S

/* The backend: what it answers next, and what was called. */
static struct fake {
	int open_rc, start_rc, acquire_rc; /* 0: works */
	int frames;                        /* that wait to be acquired */
	int unreadable, known;             /* pictures before them that cannot be shown: to be told, and told before */
	uint64_t sequence;
	double exposure_us;
	int dies_after, given; /* so many frames after each start it fails; 0: never */
	int opens, starts, stops, closes, on_loan;
	bool is_open, is_started;
	int fd;
	struct camera_mode mode;
} fake;

static int64_t now_ns;

static inline int64_t fake_now(void)
{
	return now_ns;
}

static inline int fake_open(const struct camera_params *params, void **state, struct camera_description *description,
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

static inline int fake_start(void *state, const struct camera_mode *mode, struct error *error)
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

static inline int fake_fd(void *state)
{
	return ((struct fake *)state)->fd;
}

static inline int fake_acquire(void *state, struct camera_frame *frame, struct error *error)
{
	(void)state;
	assert_true(fake.is_started);
	assert_int_equal(fake.on_loan, 0);
	if (fake.acquire_rc < 0)
		return error_set(error, fake.acquire_rc, "broke");
	if (fake.dies_after && fake.given == fake.dies_after)
		return error_set(error, -EIO, "died");
	if (fake.unreadable > 0) {
		error_set(error, -EINVAL, "picture %d is spoilt", fake.unreadable--);
		return CAMERA_ACQUIRED_UNREADABLE;
	}
	if (fake.known > 0) {
		fake.known--;
		return CAMERA_ACQUIRED_UNREADABLE;
	}
	if (fake.frames == 0)
		return 0;
	fake.frames--;
	fake.given++;
	fake.on_loan++;
	*frame = (struct camera_frame){
		.timestamp_ns = now_ns,
		.exposure_end_ns = now_ns + (int64_t)(fake.exposure_us * 1e3),
		.sequence = ++fake.sequence,
		.exposure_us = fake.exposure_us,
	};
	return 1;
}

static inline void fake_release(void *state, struct camera_frame *frame)
{
	(void)state;
	(void)frame;
	fake.on_loan--;
}

static inline int fake_set_mode(void *state, const struct camera_mode *mode, char note[256])
{
	(void)state;
	fake.mode = *mode;
	snprintf(note, 256, "noted");
	return 0;
}

static inline void fake_stop(void *state)
{
	(void)state;
	assert_int_equal(fake.on_loan, 0);
	fake.stops++;
	fake.is_started = false;
}

static inline void fake_close(void *state)
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

static inline int make_camera(void)
{
	struct error error;

	camera = camera_create_on(&fake_backend, fake_now, &params, &video, &error);
	return camera ? 0 : -1;
}

static inline int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	now_ns = 1000 * SECOND;
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	camera_destroy(camera);
	camera = NULL;
	return fake.is_open || fake.on_loan ? -1 : 0;
}

/* One poll; a frame is given back at once. */
static inline enum camera_event poll_once(void)
{
	struct camera_frame frame;
	enum camera_event event = camera_poll(camera, &frame);

	if (event == CAMERA_FRAME)
		camera_release(camera, &frame);
	return event;
}

static inline struct camera_status status_now(void)
{
	struct camera_status status;

	camera_status(camera, &status);
	return status;
}

static inline void expect_events(const enum camera_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(poll_once(), events[i]);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
}
#define EXPECT(...)                                                                                                    \
	expect_events((const enum camera_event[]){ __VA_ARGS__ },                                                          \
	              sizeof((const enum camera_event[]){ __VA_ARGS__ }) / sizeof(enum camera_event))

static inline void advance(double seconds)
{
	now_ns += (int64_t)(seconds * (double)SECOND);
}

static inline void one_frame_comes(void)
{
	fake.frames = 1;
	EXPECT(CAMERA_FRAME);
}

static inline void it_fails_once(int code)
{
	fake.acquire_rc = code;
	assert_int_equal(poll_once(), CAMERA_TROUBLE);
	fake.acquire_rc = 0;
	assert_int_equal(poll_once(), CAMERA_NOTHING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
