/*
 * Pictures at an interval, without anybody asking. On the capture thread's loop.
 *
 * At most one is under way, so that clients keep their places however short the interval and however slow the disk, and
 * no frame is saved twice. What became due meanwhile is one picture, asked for as soon as the one before is done; what
 * is left out beyond that is a fault: told once, until a minute has passed without.
 */
#ifndef PASTCAM_SERVICE_SCHEDULE_H
#define PASTCAM_SERVICE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "service/requests.h"

struct schedule;

struct schedule_params {
	double interval_s; /* over 0 */
	bool use_ring;     /* the newest frame of the ring instead of the next full-resolution one */
	struct loop *loop; /* these stay the caller's */
	struct requests *requests;
};

struct schedule *schedule_create(const struct schedule_params *params, struct error *error);
void schedule_stop(struct schedule *schedule);    /* no more of them; NULL is fine */
void schedule_destroy(struct schedule *schedule); /* after the jobs, which may still answer to it, before the loop */

struct schedule_status {
	uint64_t saved, failed; /* pictures */
	uint64_t left_out;      /* due, and not asked for */
};
void schedule_status(const struct schedule *schedule, struct schedule_status *status); /* any thread; NULL: all 0 */

#endif
