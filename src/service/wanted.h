/* Jobs that wait for the next frame. Any thread may add; the capture thread serves and refuses. Private to src/service.
 */
#ifndef PASTCAM_WANTED_H
#define PASTCAM_WANTED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "jobs.h"

struct wanted {
	pthread_mutex_t lock;
	struct job *first;
	struct jobs *jobs;
};

void wanted_init(struct wanted *wanted, struct jobs *jobs);
void wanted_finish(struct wanted *wanted);

void wanted_add(struct wanted *wanted, struct job *job);
bool wanted_any(struct wanted *wanted);

/* When the job that has waited longest asked; INT64_MAX when none waits. */
int64_t wanted_since_ns(struct wanted *wanted);

/* Pins frame, just committed to ring, for each that waits, and submits them. */
void wanted_serve(struct wanted *wanted, struct ring *ring, const struct frame *frame);

/* Submits those that asked at asked_before_ns or earlier with code and why as their error. */
void wanted_refuse(struct wanted *wanted, int64_t asked_before_ns, int code, const char *why);

#endif
