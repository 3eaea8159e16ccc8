/* Things that are followed from frame to frame. Private to src/detect. */
#ifndef PASTCAM_DETECT_MOTION_TRACKS_H
#define PASTCAM_DETECT_MOTION_TRACKS_H

#include "motion_blobs.h"

struct motion_track {
	struct motion_box box;
	int seen;   /* in halves of a frame, see motion_tracks_follow */
	int missed; /* since it was */
};

struct motion_tracks {
	int count;
	struct motion_track track[MOTION_BLOBS_MAX];
};

/* Forgets all. */
void motion_tracks_begin(struct motion_tracks *tracks);

/* How frames follow each other. */
struct motion_pace {
	int reach;       /* how far, in cells, a thing may come between two frames beyond what its size allows */
	int missed_most; /* frames that it may not be seen in between */
	int large_least; /* cells that are more than a drop or a flake has */
	bool is_slow;    /* nothing is expected to overlap with itself from one frame to the next */
};

/* Follows the blobs of the next frame: ages[i] becomes the frames that blob i was seen in, this one included. A frame
 * in which it overlaps with nothing of the frame before, as drops of rain never do, counts half, unless it is large or
 * frames are slow. */
void motion_tracks_follow(struct motion_tracks *tracks, const struct motion_blob *blobs, int count,
                          const struct motion_pace *pace, int ages[MOTION_BLOBS_MAX]);

#endif
