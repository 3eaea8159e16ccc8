/*
 * Which frames are taken in: all of them, unless memory is short or taking one in costs too much. Pure. Private to
 * src/capture.
 *
 * Capture runs ahead of everything else, so a frame that costs more than its interval would leave a single core to
 * nothing else. Above PACE_SHARE_MOST of the interval only so many are taken that they cost no more than that.
 */
#ifndef PASTCAM_CAPTURE_PACE_H
#define PASTCAM_CAPTURE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_SHARE_MOST 0.7

struct pace {              /* starts as all zeros */
	int64_t asked_ns;      /* by the memory guard: least time from one frame to the next; INT64_MAX: none are taken */
	int64_t own_ns;        /* for their cost; 0: all are taken */
	int64_t last_taken_ns; /* when; 0: none yet */
	double cost_ns;        /* of processor time, of a frame that is taken: a running mean */
	int frames;            /* in that mean, up to what it remembers */
};

/* Whether a frame that comes now is taken. */
bool pace_takes(const struct pace *pace, int64_t now_ns);

/* A frame was taken, and what it cost; interval_ns: from one frame of the camera to the next. True when own_ns changed
 * from or to 0. */
bool pace_took(struct pace *pace, int64_t now_ns, int64_t cost_ns, int64_t interval_ns);

/* The longer of the two, from one frame taken to the next; 0: all are taken. */
int64_t pace_interval_ns(const struct pace *pace);

#endif
