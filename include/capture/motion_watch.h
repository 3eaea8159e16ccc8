/*
 * Looks for motion in each frame that is taken in, and tells of it. It works on the capture thread, right after a frame
 * is in the past and those who waited for it are served: a third of a millisecond a frame of 1024x768 where taking it
 * in takes as long, so that a thread of its own would cost more in handing over than it could save (docs/motion.md).
 *
 * Where the camera makes a smaller picture of each frame, that is what it looks at, and then on a thread of its own:
 * the picture is lent to it (camera/lease.h), so that nothing is copied, and capture goes on at once.
 */
#ifndef PASTCAM_CAPTURE_MOTION_WATCH_H
#define PASTCAM_CAPTURE_MOTION_WATCH_H

#include "camera/lease.h"
#include "detect/motion.h"
#include "media/luma_grid.h"
#include "store/event_log.h"

struct motion_watch;

/* Told of each start and end, and the zone's name, on the capture thread or the watch's own, one at a time: must
 * neither wait nor allocate. */
typedef void (*motion_listener)(void *data, const struct motion_event *event, const char *zone);

/* For frames of frame_width x frame_height, on which setup's grid lies. events outlives it; NULL is fine. NULL: as
 * motion_create. */
struct motion_watch *motion_watch_create(const struct motion_setup *setup, int frame_width, int frame_height,
                                         struct event_log *events, struct error *error);
void motion_watch_destroy(struct motion_watch *watch); /* NULL is fine */

/* Told that motion was switched, by whoever did. */
typedef void (*motion_switch_listener)(void *data, bool on);

/* Before the first frame; NULL: nobody is told. */
void motion_watch_listen(struct motion_watch *watch, motion_listener listener, motion_switch_listener on_switch,
                         void *data);

/* Starts the thread for smaller pictures. Before the first frame. -ENOMEM, or as thread_start. */
int motion_watch_use_second(struct motion_watch *watch, struct error *error);

/* The memory that it takes, for the memory budget. */
size_t motion_watch_bytes(const struct motion_setup *setup, bool use_second);

/* --- on the capture thread; watch may be NULL, then there is nothing to look at --- */

/* To be filled from a frame before it is looked at; NULL: the next frame need not be, there is no watch or it is off.
 */
struct luma_grid *motion_watch_grid(struct motion_watch *watch);
void motion_watch_frame(struct motion_watch *watch, const struct frame_info *info);

/* Whether it looks at smaller pictures like this one, so that the grid need not be filled. */
bool motion_watch_takes(const struct motion_watch *watch, const struct image *second);

/* Looks at the smaller picture of a frame, soon; motion_watch_takes was true for it. lease becomes the watch's. NULL:
 * the camera had none to give, since the watch is behind, and the frame counts as missed. */
void motion_watch_lend(struct motion_watch *watch, struct camera_lease *lease, const struct frame_info *info);

/* Whether anything moves or settles, though it may not be motion yet; always while motion is off, since what nobody
 * looks at may stir. */
bool motion_watch_stirs(const struct motion_watch *watch);

/* The camera stopped working: what moves ends. */
void motion_watch_stop(struct motion_watch *watch);

/* --- on any thread --- */

/* Off: what moves ends, and no frame is looked at. On: as after a start, the picture settles first. EVENT_MOTION_OFF or
 * _ON is published where that is a change. Not for a NULL watch. One thread at a time. */
void motion_watch_switch(struct motion_watch *watch, bool on);

struct motion_watch_zone {
	char name[ZONE_NAME_BYTES];
	struct motion_zone now;
};

struct motion_watch_status {
	bool enabled;  /* there is a watch */
	bool on;       /* and it was not switched off */
	bool settling; /* nothing counts yet */
	bool moving;   /* in any zone */
	int zones;
	struct motion_watch_zone zone[ZONES_MAX];
	uint64_t frames, events; /* looked at; starts of motion, in all zones */
	uint64_t missed;         /* frames not looked at, since it was not done with those before */
	bool second;             /* the last one was looked at in its smaller picture */
	int64_t last_start_ns;   /* monotonic; 0: never */
	double mean_ms;          /* that looking at a frame takes, beyond filling the grid from the frame itself */
};

/* A snapshot, at most one frame old. Of a NULL watch: not enabled. */
void motion_watch_status(struct motion_watch *watch, struct motion_watch_status *status);

#endif
