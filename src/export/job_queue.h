/* Jobs that wait, the oldest first. The caller holds the lock. */
#ifndef PASTCAM_EXPORT_JOB_QUEUE_H
#define PASTCAM_EXPORT_JOB_QUEUE_H

#include <stddef.h>

#include "export/jobs.h"

struct queue {
	struct job *first, **end;
};

static inline void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static inline void queue_put(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static inline struct job *queue_take(struct queue *queue)
{
	struct job *job = queue->first;
	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	return job;
}

#endif
