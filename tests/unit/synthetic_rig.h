/* The synthetic camera through its vtable, on real time but without a word about how long anything took: frames are
 * awaited, at most for ten seconds. */
#ifndef PASTCAM_TEST_SYNTHETIC_RIG_H
#define PASTCAM_TEST_SYNTHETIC_RIG_H

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/camera_backend.h"
#include "camera/light.h"
#include "camera/synthetic/scene.h"
#include "media/luma.h"

enum { WIDTH = 160, HEIGHT = 120 };

static const struct camera_backend *const BACKEND = &camera_backend_synthetic;
static const struct camera_mode VIDEO = { .still = false };

struct rig {
	struct camera_params params;
	struct camera_description description;
	void *state;
};

static inline int rig_open(struct rig *rig, const char *faults)
{
	if (rig->params.framerate <= 0)
		rig->params.framerate = 200;
	rig->params.backend = CAMERA_SYNTHETIC;
	rig->params.width = WIDTH;
	rig->params.height = HEIGHT;
	rig->params.faults = faults;
	struct error error;
	return BACKEND->open(&rig->params, &rig->state, &rig->description, &error);
}

static inline void rig_start(struct rig *rig, const char *faults, struct camera_mode mode)
{
	assert_int_equal(rig_open(rig, faults), 0);
	assert_int_equal(BACKEND->start(rig->state, &mode, NULL), 0);
}

static inline void rig_end(struct rig *rig)
{
	BACKEND->stop(rig->state);
	BACKEND->close(rig->state);
	rig->state = NULL;
}

/* 1, -errno, or 0 when a thousand times there was nothing. */
static inline int await(struct rig *rig, struct camera_frame *frame)
{
	int result = 0;
	for (int i = 0; result == 0 && i < 1000; i++) {
		struct pollfd waiting = { .fd = BACKEND->fd(rig->state), .events = POLLIN };
		assert_int_equal(poll(&waiting, 1, 10000), 1);
		struct error error;
		result = BACKEND->acquire(rig->state, frame, &error);
	}
	return result;
}

/* Takes frames until something else comes, and returns that. */
static inline int await_trouble(struct rig *rig)
{
	struct camera_frame frame;
	int result;
	while ((result = await(rig, &frame)) == 1)
		BACKEND->release(rig->state, &frame);
	return result;
}

/* The faults of these tests come again and again, so that a slow machine misses none; one that comes back at once is
 * healed once more. Their period must not go into the time that await waits for nothing (5 s), or it comes back at once
 * for ever. */
static inline void restart_until_a_frame_comes(struct rig *rig)
{
	struct camera_frame frame;
	do {
		BACKEND->stop(rig->state);
		assert_int_equal(BACKEND->start(rig->state, &VIDEO, NULL), 0);
	} while (await(rig, &frame) != 1);
	BACKEND->release(rig->state, &frame);
}

static inline double frame_mean(const struct camera_frame *frame)
{
	return luma_mean(frame->image.plane[0], frame_bytes(frame->image.width, frame->image.height));
}

static inline uint32_t burnt_in(const struct camera_frame *frame)
{
	uint32_t number;
	assert_true(scene_read_number(frame->image.plane[0], frame->image.width, frame->image.height, WIDTH, &number));
	return number;
}

#endif
