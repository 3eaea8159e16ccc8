/* Jobs that wait for the next frame. Any thread may add; the rest is the capture thread's. Private to src/capture. */
#ifndef PASTCAM_CAPTURE_FRAME_WAITERS_H
#define PASTCAM_CAPTURE_FRAME_WAITERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "export/jobs.h"

struct frame_waiters {
	struct jobs *jobs;
	struct mailbox *arrivals; /* of struct job * */
	struct job *first;        /* those that were taken out of it */
};

int frame_waiters_init(struct frame_waiters *waiters, struct jobs *jobs, struct error *error);
void frame_waiters_finish(struct frame_waiters *waiters); /* refuses who waits; after a failed init too */

void frame_waiters_add(struct frame_waiters *waiters, struct job *job);

/* Readable when somebody was added, or frame_waiters_wake was called (any thread); frame_waiters_any quietens it. */
void frame_waiters_wake(struct frame_waiters *waiters);
int frame_waiters_fd(const struct frame_waiters *waiters);
bool frame_waiters_any(struct frame_waiters *waiters);

/* Since when the job that has waited longest waits; INT64_MAX when none does. Times are the awake clock's (clock.h);
 * those that are new wait since now_ns. */
int64_t frame_waiters_since_ns(struct frame_waiters *waiters, int64_t now_ns);

/* Pins frame, just committed to ring, for each that waits, and submits them. */
void frame_waiters_serve(struct frame_waiters *waiters, struct frame_ring *ring, const struct frame *frame);

/* Submits those that wait since waiting_before_ns or longer with code and why as their error. */
void frame_waiters_refuse(struct frame_waiters *waiters, int64_t waiting_before_ns, int code, const char *why);

#endif
