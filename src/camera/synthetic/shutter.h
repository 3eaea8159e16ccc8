/*
 * When the synthetic camera exposes a frame, for how long and at which gain.
 *
 * Its time line: a frame is exposed from start to due, and waits at due. Its successor is exposed from then on, and is
 * due one frame interval later. The mode is read when an exposure begins, so a change shows from the frame after the
 * one under way. In video the first exposure is taken to have been under way already: the first frame is there at once.
 *
 * Pure: the caller says what time it is.
 */
#ifndef PASTCAM_CAMERA_SHUTTER_H
#define PASTCAM_CAMERA_SHUTTER_H

#include <stdbool.h>
#include <stdint.h>

#include "camera/camera.h"
#include "camera/light.h"

struct shutter {
	double framerate;
	double slowness; /* frame intervals take so many times as long; 1: as they should */
	struct light_auto automatic;
	struct camera_mode mode; /* as asked, within what the camera can */
	/* of the frame under way: */
	int64_t start_ns, due_ns; /* its exposure; due is the end */
	int64_t ended_ns;         /* the exposure before */
	bool still;
	double exposure_us, gain;
};

/* Automatic exposure has converged on this light. */
void shutter_init(struct shutter *shutter, double framerate, double lux);

/* note: as camera_set_mode. */
void shutter_set_mode(struct shutter *shutter, const struct camera_mode *mode, char note[256]);

/* The first frame of a stream. */
void shutter_open(struct shutter *shutter, int64_t now_ns);

/* The frame after the one under way. */
void shutter_next(struct shutter *shutter);

/* Goes to the frame that a camera with so many buffers still has at now_ns, when nobody took the ones before. Returns
 * how many are lost. */
uint64_t shutter_skip_missed(struct shutter *shutter, int64_t now_ns, int buffers);

int64_t shutter_exposure_ns(const struct shutter *shutter);

#endif
