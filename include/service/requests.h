/*
 * Asking for pictures: the one way for all who ask, be it the line protocol, the schedule, motion, a rule or a clip's
 * poster. A request names what, which moment, in which formats and where to; it is refused at once with the reason, or
 * answered once through done.
 */
#ifndef PASTCAM_SERVICE_REQUESTS_H
#define PASTCAM_SERVICE_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/capture.h"
#include "export/jobs.h"
#include "store/frame_ring.h"

enum request_moment {
	REQUEST_NEXT_FRAME, /* the next that arrives, at full resolution; one frame */
	REQUEST_NEAREST,    /* frames around at_ns, or the oldest there are when the past does not reach so far */
	REQUEST_AT,         /* the same, but a moment that is not in the past that is kept is refused; where only video of
	                     * it is left, one frame is decoded from that */
	REQUEST_SINCE,      /* all frames from at_ns on, at most count */
	REQUEST_PINNED,     /* frames that the caller has pinned in the ring; each is pinned once more until it is done */
};

struct request {
	enum job_kind kind;
	enum request_moment moment;
	int64_t at_ns;                     /* monotonic */
	size_t count;                      /* frames, 1 and up; clamped to what the ring may pin */
	const struct frame *const *frames; /* REQUEST_PINNED: count of them, oldest first */
	enum stack_mode stack_mode;        /* JOB_STACK */
	bool mixed;                        /* JOB_STACK: frames of any exposure; else those like the one nearest to at_ns */
	unsigned formats;                  /* set of enum export_format, not empty; one of them for JOB_TO_MEMORY */
	enum job_destination to;
	int width; /* see struct job */
	job_done done;
	void *data;
	uint64_t ticket; /* the caller's own, comes back in the job */
};

struct requests {
	struct jobs *jobs; /* these stay the owner's and outlive it */
	struct capture *capture;
	struct frame_ring *ring, *full_ring; /* full_ring: NULL when the ring is full-size */
	struct packet_ring *packets;         /* the past as video, for single pictures; NULL: none, or it is not decoded */
	int64_t video_interval_ns;           /* the longest from frame to frame of it, by day */
	double framerate;                    /* frames a second by day */
	size_t memory_limit;                 /* JOB_TO_MEMORY is refused while clients hold this many bytes; 0: never */
};

/* 0: done comes, once, on an export worker. Else it never comes, and error says why in the words of a reply:
 * -EBUSY: too many are under way, or too many frames are held; -ESHUTDOWN: jobs are closed; -ENODATA: no frame of that
 * moment; -EINVAL: a width larger than the frame. Any thread. */
int requests_submit(struct requests *requests, const struct request *request, struct error *error);

/* How far the past may lie from what is asked: a frame's time, nanoseconds, as the newest frames come. */
int64_t requests_frame_interval_ns(const struct requests *requests, const struct frame_ring_status *ring);

/* Is there, within a frame's time, a frame of the moment in the frame ring? 0, or -ENODATA with the reason. */
int requests_check_moment(const struct requests *requests, int64_t at_ns, struct error *error);

#endif
