/* Pictures at an interval, without anybody asking. On the capture thread's loop. */
#ifndef PASTCAM_AUTOSAVE_H
#define PASTCAM_AUTOSAVE_H

#include <stdbool.h>

#include "capture.h"
#include "jobs.h"
#include "loop.h"
#include "ring.h"

struct autosave;

struct autosave_params {
	double interval_s; /* over 0 */
	bool use_ring;     /* the newest frame of the ring instead of the next full-resolution one */
	struct loop *loop; /* these stay the caller's */
	struct capture *capture;
	struct jobs *jobs;
	struct ring *ring;
};

struct autosave *autosave_create(const struct autosave_params *params, struct error *error);
void autosave_stop(struct autosave *autosave);    /* no more of them; NULL is fine */
void autosave_destroy(struct autosave *autosave); /* after the jobs, which may still answer to it */

#endif
