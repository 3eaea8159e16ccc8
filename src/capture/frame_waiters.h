/* Jobs that wait for the next frame. Any thread may add; the capture thread serves and refuses. Private to src/service.
 */
#ifndef PASTCAM_CAPTURE_FRAME_WAITERS_H
#define PASTCAM_CAPTURE_FRAME_WAITERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "export/jobs.h"

struct frame_waiters {
	pthread_mutex_t lock;
	struct job *first;
	struct jobs *jobs;
};

void frame_waiters_init(struct frame_waiters *waiters, struct jobs *jobs);
void frame_waiters_finish(struct frame_waiters *waiters);

void frame_waiters_add(struct frame_waiters *waiters, struct job *job);
bool frame_waiters_any(struct frame_waiters *waiters);

/* When the job that has waited longest asked; INT64_MAX when none waits. */
int64_t frame_waiters_since_ns(struct frame_waiters *waiters);

/* Pins frame, just committed to ring, for each that waits, and submits them. */
void frame_waiters_serve(struct frame_waiters *waiters, struct frame_ring *ring, const struct frame *frame);

/* Submits those that asked at asked_before_ns or earlier with code and why as their error. */
void frame_waiters_refuse(struct frame_waiters *waiters, int64_t asked_before_ns, int code, const char *why);

#endif
