/* A run of frames, oldest first, of which one picture is made: what they have in common, and what lies between them.
 * Pure. */
#ifndef PASTCAM_MEDIA_FRAME_RUN_H
#define PASTCAM_MEDIA_FRAME_RUN_H

#include "media/frame.h"

struct frame_run {
	/* Where the frames agree within a few percent, their mean, and most is 0; else the least and the most. 0 and 0:
	 * unknown, of one frame at least. */
	double exposure_us, exposure_most_us;
	double gain, gain_most;
	bool some_unknown; /* of some frames the exposure or the gain is known, of others it is not */
	bool night;        /* every frame is a night frame */
	bool some_night;   /* one is, at least */
	bool to_night;     /* a night frame follows a day frame */
	bool to_day;       /* and the other way round */
	int64_t gap_ns;    /* the longest time between two frames that is more than their pace explains; 0: none */
};

/* interval_ns: from one frame to the next, as asked of the camera; 0: unknown, then the shortest in the run counts.
 * count: 1 and up. */
void frame_run_describe(struct frame_run *run, const struct frame *const *frames, size_t count, int64_t interval_ns);

enum { FRAME_RUN_SPANS_BYTES = 192 };

/* "a gap of 3.2 s, the switch to night, exposures from 50000 to 2000000 us"; "" when the frames are alike and without a
 * gap. */
void frame_run_spans(const struct frame_run *run, char text[FRAME_RUN_SPANS_BYTES]);

/* Are exposure and gain of both the same within a few percent? Unknown is equal to unknown only. */
bool frame_exposed_alike(const struct frame *one, const struct frame *other);

/* How far the frame's exposure, [start, end), is from the moment, nanoseconds: 0 when it covers it. */
int64_t frame_distance_ns(const struct frame_info *info, int64_t at_ns);

/* Are the two values equal within a few percent, or both unknown (0)? */
bool frame_values_agree(double one, double other);

#endif
