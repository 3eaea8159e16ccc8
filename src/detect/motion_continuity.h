/*
 * Does a frame go on from the one before? Frames may come out of order or after a gap, from another mode of the camera,
 * or in a light that jumped; then nothing may count until the picture has settled. Private to src/detect.
 */
#ifndef PASTCAM_DETECT_MOTION_CONTINUITY_H
#define PASTCAM_DETECT_MOTION_CONTINUITY_H

#include "media/frame.h"
#include "motion_planes.h"

struct motion_continuity {
	bool begun;              /* there is a frame before, last */
	struct frame_info last;  /* that was looked at */
	double interval_s;       /* between the last two */
	int backwards;           /* frames out of order in a row */
	int settle_frames;       /* since a beginning or a jump of the light; 0: settled */
	int64_t settle_until_ns; /* at least */
};

enum motion_order {
	MOTION_PASSED_OVER, /* not newer than the last */
	MOTION_CLOCK_SET,   /* so many of them that the clock must be another; the past is over */
	MOTION_IN_ORDER
};

enum motion_order motion_continuity_order(struct motion_continuity *continuity, const struct frame_info *info);

/* Is the past that of this frame's picture: of the same mode, and not too long ago? */
bool motion_continuity_holds(const struct motion_continuity *continuity, const struct frame_info *info);

/* Is seen, what the picture's light was multiplied with since the last frame, what the camera's automatics, gently, did
 * to it? Exposures that make no sense explain nothing. */
bool motion_continuity_explains(const struct motion_continuity *continuity, const struct frame_info *info, double seen);

/* The frame becomes the last. */
void motion_continuity_advance(struct motion_continuity *continuity, const struct frame_info *info);

/* From this frame on nothing counts until the picture has settled. */
void motion_continuity_settle(struct motion_continuity *continuity, int64_t now_ns);

/* Counts a frame of which that share is active; true while nothing is to be believed. */
bool motion_continuity_is_settling(struct motion_continuity *continuity, double active_share, int64_t now_ns);

#endif
