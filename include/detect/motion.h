/*
 * Motion, told from changes of light. A pure detector, fed with one small picture of luma a frame (media/luma_grid.h).
 * No I/O, no clock, no log, and no allocation after create: time comes with the frames.
 *
 * Three quantities of each cell are followed, each by steps that are limited, as in Sigma-Delta background estimation
 * (A. Manzanera and J. Richefeu, "A new motion detection algorithm based on Sigma-Delta background estimation", Pattern
 * Recognition Letters 28, 2007): the background, the recent past (of half a second), and the spread of what is usual. A
 * cell is changed when it differs from the background, and active when it differs from the recent past, by more than
 * the spread, the noise of the whole picture as it is measured in this very frame, and the least contrast.
 * What is changed and active in places is motion; a parked car, a lamp that was lit, and the ghost of what has left
 * differ from the background, but are not active.
 *
 * Light is not motion (src/detect/motion_light.h): what the picture's light has been multiplied with is estimated from
 * the parts that keep their texture, and the background follows at once. When it jumps by more than the exposure
 * explains, nothing counts until the picture has settled. A patch that keeps its texture, or has no outline, is lit, not
 * covered, and does not count either (src/detect/motion_texture.h); nor does what is found near by in the background, as
 * leaves in the wind are (src/detect/motion_sway.h).
 *
 * A zone's motion starts when something of its min_area has been followed for min_frames frames, and ends when there
 * was none for hold_s. docs/motion.md argues each.
 */
#ifndef PASTCAM_DETECT_MOTION_H
#define PASTCAM_DETECT_MOTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "detect/zones.h"
#include "media/frame.h"

/* The smallest grid that a picture can be judged on. */
enum { MOTION_WIDTH_MIN = 16, MOTION_HEIGHT_MIN = 12, MOTION_EVENTS_MAX = 2 * ZONES_MAX };

struct motion_params {
	int width, height; /* of the grid, in cells */
	int block;         /* pixels on a cell's side: boxes are told in pixels */
	int min_frames;    /* 1 and up */
	double hold_s, cooldown_s;
};

/* All that it needs to know, as it comes from the configuration. */
struct motion_setup {
	struct motion_params params;
	struct zones zones;
};

struct motion_event {
	bool start; /* else the end */
	int zone;
	double score;      /* start: as below; end: the highest there was */
	int box[4];        /* x, y, width, height in pixels */
	uint64_t frame_id; /* end: of the frame with which it was noticed */
	int64_t timestamp_ns;
	double duration_s; /* end: from the start to the last motion */
};

struct motion_zone {
	bool moving;
	double score; /* the largest thing that moves, in % of the zone; 0: nothing does */
	int box[4];   /* around it, in pixels; zeros where nothing moves */
};

struct motion;

/* zones are copied. NULL: the grid is too small, a zone has no cell, or memory is out. */
struct motion *motion_create(const struct motion_params *params, const struct zones *zones, struct error *error);
void motion_destroy(struct motion *motion);

/* Looks at a frame. luma: width x height cells as in struct luma_grid. A frame that is not newer than the one before is
 * passed over, unless so many come in a row that the clock must be another. Exposure and gain of 0, or nonsense, are
 * unknown. events: room for MOTION_EVENTS_MAX; returns how many there are. */
size_t motion_frame(struct motion *motion, const uint16_t *luma, const struct frame_info *info,
                    struct motion_event *events);

/* The camera stopped, at that time: what moves ends, and the next frame begins a new background. Returns the events. */
size_t motion_stop(struct motion *motion, int64_t timestamp_ns, struct motion_event *events);

/* Of the last frame. */
void motion_zone(const struct motion *motion, int zone, struct motion_zone *state);

/* True while the picture settles and nothing counts. */
bool motion_settling(const struct motion *motion);

/* For eyes: of each cell of the last frame 0, or 1 where it moves. */
const uint8_t *motion_mask(const struct motion *motion);

/* The memory that a detector takes, for the memory budget. */
size_t motion_bytes(int width, int height);

#endif
