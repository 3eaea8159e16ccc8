/* Things that are followed from frame to frame, and the zones that they move in. Private to src/detect. */
#ifndef PASTCAM_DETECT_MOTION_TRACKS_H
#define PASTCAM_DETECT_MOTION_TRACKS_H

#include "detect/motion.h"
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
	bool is_slow;    /* nothing is expected to overlap with itself from one frame to the next */
};

/* Follows the blobs of the next frame: ages[i] becomes the frames that blob i was seen in, this one included. A frame
 * in which it overlaps with nothing of the frame before, as drops of rain never do, counts half, unless frames are
 * slow. */
void motion_tracks_follow(struct motion_tracks *tracks, const struct motion_blob *blobs, int count,
                          const struct motion_pace *pace, int ages[MOTION_BLOBS_MAX]);

/* One zone's motion. */
struct motion_zone_watch {
	struct motion_zone state;
	int cells_least;
	bool moving;
	int64_t started_ns, last_ns, ended_ns; /* 0: never */
	double highest;
	int last_box[4]; /* that was not empty */
};

/* With what the zone has seen in a frame (state.score and box): 1 and *event where it starts or ends, else 0. noticed:
 * something in it has been followed long enough. */
int motion_zone_update(struct motion_zone_watch *watch, bool noticed, int64_t now_ns,
                       const struct motion_params *params, struct motion_event *event);

/* The clock was set: what was seen last was seen now. */
void motion_zone_set_clock(struct motion_zone_watch *watch, int64_t now_ns);

/* Ends it, where it moves. */
int motion_zone_end(struct motion_zone_watch *watch, int64_t now_ns, struct motion_event *event);

#endif
