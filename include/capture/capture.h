/*
 * The capture loop: takes each frame from the camera into the ring, shows it to the night watch, serves those who wait
 * for the next frame. It runs on its loop's thread and never blocks on a disk, an encoder or a socket; after
 * capture_create it allocates nothing, except when the camera comes back with pictures of another size.
 */
#ifndef PASTCAM_CAPTURE_CAPTURE_H
#define PASTCAM_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "camera/camera.h"
#include "capture/motion_watch.h"
#include "capture/night_watch.h"
#include "capture/video.h"
#include "detect/night.h"
#include "export/jobs.h"
#include "media/frame.h"
#include "media/ingest.h"
#include "store/event_log.h"
#include "store/frame_ring.h"

struct capture;

struct capture_params {
	struct loop *loop; /* these stay the caller's and outlive the capture */
	struct camera *camera;
	struct jobs *jobs;
	struct frame_ring *ring;
	struct frame_ring
	    *full_ring; /* for full-resolution pictures when the ring keeps smaller ones; NULL: the ring is full-size */
	enum fit fit;   /* what is done about pictures whose proportions are not the ring's */
	struct motion_watch *motion; /* looks at each frame; NULL is fine */
	struct event_log *events;    /* told of the camera and the night; NULL is fine */
	struct video *video;         /* is told of each frame; NULL is fine */
	struct night_params night;
	double framerate;
	double idle_framerate, idle_after_s; /* of the camera, when nothing has stirred for so long; 0: framerate */
	double frame_timeout_s;          /* how long to wait for a wanted frame beyond the time that one takes */
	void (*camera_lost)(void *data); /* the recovery ladder's last step was reached */
	void *data;
};

struct capture *capture_create(const struct capture_params *params, struct error *error);
void capture_destroy(struct capture *capture); /* refuses what still waits */

/* Submits job with the next frame that arrives, at full resolution, or with the reason why none came. job is admitted,
 * has room for one frame and none yet. Any thread. */
void capture_request_next_frame(struct capture *capture, struct job *job);

/* Takes a frame at most every interval_ns and lets the others go; 0: all of them; INT64_MAX: capture is paused, and who
 * waits for a frame is refused with why. why is copied. Loop's thread. */
void capture_set_pace(struct capture *capture, int64_t interval_ns, const char *why);

/* Something happens that wants the full frame rate, as a trigger does: at most one frame more comes at the idle one. Any
 * thread. */
void capture_stir(struct capture *capture);

/* Writes 1 to fd, an eventfd, whenever a frame has come into the ring; -1: no more. One at a time. Any thread. */
void capture_set_frame_signal(struct capture *capture, int fd);

struct capture_status {
	struct camera_status camera;
	struct night_watch_status night;
	struct frame_info newest;         /* id 0: none yet */
	uint64_t frames;                  /* taken into the ring */
	uint64_t rejected;                /* of a wrong size */
	uint64_t skipped;                 /* let go by the pace */
	bool idle;                        /* nothing stirs: frames come at the idle rate */
	int64_t pace_ns;                  /* least time between frames that are taken; 0: all are, INT64_MAX: none */
	int64_t paused_since_ns;          /* 0: it is not paused */
	char pace_why[192];               /* "" when all are taken */
	uint64_t dropped;                 /* no slot was free: never, by the ring's pin limit */
	double ingest_mean_ms;            /* time that taking a frame in takes */
	double late_p50_ms, late_p999_ms; /* from the end of a frame's exposure until capture turns to it */
};

/* A snapshot, at most one frame old. Any thread. */
void capture_status(struct capture *capture, struct capture_status *status);

#endif
