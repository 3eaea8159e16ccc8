/* Pictures at an interval, without anybody asking. On the capture thread's loop. */
#ifndef PASTCAM_SERVICE_SCHEDULE_H
#define PASTCAM_SERVICE_SCHEDULE_H

#include <stdbool.h>

#include "base/loop.h"
#include "capture/capture.h"
#include "export/jobs.h"
#include "store/frame_ring.h"

struct schedule;

struct schedule_params {
	double interval_s; /* over 0 */
	bool use_ring;     /* the newest frame of the ring instead of the next full-resolution one */
	struct loop *loop; /* these stay the caller's */
	struct capture *capture;
	struct jobs *jobs;
	struct frame_ring *ring;
};

struct schedule *schedule_create(const struct schedule_params *params, struct error *error);
void schedule_stop(struct schedule *autosave);    /* no more of them; NULL is fine */
void schedule_destroy(struct schedule *autosave); /* after the jobs, which may still answer to it */

#endif
