/* The zones, and the motion that each has: when it starts, ends, and what is told of it. Private to src/detect. */
#ifndef PASTCAM_DETECT_MOTION_ZONES_H
#define PASTCAM_DETECT_MOTION_ZONES_H

#include "detect/motion.h"
#include "motion_blobs.h"

/* One zone's motion. */
struct motion_zone_watch {
	struct motion_zone state;
	int cells_least; /* of what counts in it */
	bool moving;
	int64_t started_ns, last_ns, ended_ns; /* 0: never */
	double highest;
	int last_box[4]; /* that was not empty */
};

struct motion_zones {
	struct motion_params params;
	struct zones zones;
	struct zone_map map;
	struct motion_zone_watch watch[ZONES_MAX];
	int cells_least; /* of the least demanding zone */
};

/* zones are copied. Negative: a zone has no cell, or memory is out; finish is safe then. */
int motion_zones_init(struct motion_zones *zones, const struct motion_params *params, const struct zones *of,
                      struct error *error);
void motion_zones_finish(struct motion_zones *zones);

/* Of each cell the least contrast that counts: that of the most sensitive of its zones (struct motion_planes). */
void motion_zones_fill_least(const struct motion_zones *zones, uint16_t *least);

/* With what was found in a frame, and for how many frames each has been followed. Returns how many events there are. */
size_t motion_zones_update(struct motion_zones *zones, const struct motion_blobs *blobs, const int *ages,
                           const struct frame_info *info, struct motion_event *events);

/* What moves ends. Returns how many events there are. */
size_t motion_zones_stop(struct motion_zones *zones, int64_t now_ns, uint64_t frame_id, struct motion_event *events);

/* The clock was set: what was seen last was seen now. */
void motion_zones_set_clock(struct motion_zones *zones, int64_t now_ns);

#endif
