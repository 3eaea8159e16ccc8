/*
 * A clip while something moves: the first zone in which motion starts begins one, or makes the one under way longer,
 * and what comes after the trigger begins when all zones are still again. The capture thread leaves word; the loop that
 * reads it asks the recorder. Word is kept as a state and a count, so that none of it is lost however much comes.
 */
#ifndef PASTCAM_SERVICE_MOTION_CLIPS_H
#define PASTCAM_SERVICE_MOTION_CLIPS_H

#include "base/loop.h"
#include "capture/recorder.h"
#include "detect/motion.h"

struct motion_clips;

/* loop and recorder stay the caller's. NULL without memory or descriptors. */
struct motion_clips *motion_clips_create(struct loop *loop, struct recorder *recorder, struct error *error);
/* After the loop has ended. NULL is fine. */
void motion_clips_destroy(struct motion_clips *clips);

/* Each start and end of motion in a zone, called that; waits for no other thread and allocates nothing. Of NULL: does
 * nothing. Capture thread. */
void motion_clips_event(struct motion_clips *clips, const struct motion_event *event, const char *zone);

#endif
