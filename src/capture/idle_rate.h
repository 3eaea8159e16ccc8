/*
 * Which frames become video while nothing moves and nobody asks: a few in a second, and those late. Pure; the caller's
 * lock protects it. Private to src/capture.
 *
 * The frame ring keeps every frame, so at rest a frame is only decided on shortly before it leaves that ring. When rest
 * ends, what is still in there goes in at full rate, and so the past of whatever woke it does.
 */
#ifndef PASTCAM_CAPTURE_IDLE_RATE_H
#define PASTCAM_CAPTURE_IDLE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "media/frame.h"

struct idle_rate {
	int64_t step_ns;      /* from frame to frame at rest; 0: there is no rest */
	int64_t full_from_ns; /* frames from here on go in at full rate; INT64_MAX: at rest */
	bool key_wanted;      /* of the first of those */
};

/* framerate: at rest; 0: no rest. Begins awake. */
void idle_rate_init(struct idle_rate *rate, double framerate);

void idle_rate_rest(struct idle_rate *rate);
/* Frames from from_ns on go in at full rate, those before as at rest, without being late. True: it was at rest. */
bool idle_rate_wake(struct idle_rate *rate, int64_t from_ns);
bool idle_rate_rests(const struct idle_rate *rate);

/* After the frame of taken_ns: the frame to take is the first one later than this. */
int64_t idle_rate_after(const struct idle_rate *rate, int64_t taken_ns);

/* Is what comes after after_ns to wait, since the frame ring, whose frames are of oldest_ns to newest_ns, holds it? */
bool idle_rate_waits(const struct idle_rate *rate, int64_t after_ns, int64_t oldest_ns, int64_t newest_ns);

/* Must the frame after after_ns be a key frame? */
bool idle_rate_key(const struct idle_rate *rate, int64_t after_ns);

/* Were the frames between these two, at rest, left out on purpose? framerate: of idle_rate_init. */
bool idle_rate_left_out(double framerate, const struct frame_info *before, const struct frame_info *after);

#endif
