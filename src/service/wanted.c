#include "wanted.h"

#include <errno.h>

#include "lock.h"

void wanted_init(struct wanted *wanted, struct jobs *jobs)
{
	*wanted = (struct wanted){ .jobs = jobs };
	lock_init(&wanted->lock);
}

void wanted_finish(struct wanted *wanted)
{
	wanted_refuse(wanted, INT64_MAX, -ESHUTDOWN, "pastcam is stopping");
	pthread_mutex_destroy(&wanted->lock);
}

void wanted_add(struct wanted *wanted, struct job *job)
{
	pthread_mutex_lock(&wanted->lock);
	job->next = wanted->first;
	wanted->first = job;
	pthread_mutex_unlock(&wanted->lock);
}

bool wanted_any(struct wanted *wanted)
{
	pthread_mutex_lock(&wanted->lock);
	bool any = wanted->first != NULL;
	pthread_mutex_unlock(&wanted->lock);
	return any;
}

int64_t wanted_since_ns(struct wanted *wanted)
{
	int64_t since_ns = INT64_MAX;
	pthread_mutex_lock(&wanted->lock);
	for (const struct job *job = wanted->first; job; job = job->next)
		if (job->asked_ns < since_ns)
			since_ns = job->asked_ns;
	pthread_mutex_unlock(&wanted->lock);
	return since_ns;
}

/* Takes those that asked at asked_before_ns or earlier off the list. */
static struct job *take(struct wanted *wanted, int64_t asked_before_ns)
{
	struct job *taken = NULL;
	pthread_mutex_lock(&wanted->lock);
	for (struct job **link = &wanted->first; *link;) {
		struct job *job = *link;
		if (job->asked_ns > asked_before_ns) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->next = taken;
		taken = job;
	}
	pthread_mutex_unlock(&wanted->lock);
	return taken;
}

void wanted_serve(struct wanted *wanted, struct ring *ring, const struct frame *frame)
{
	for (struct job *job = take(wanted, INT64_MAX), *next; job; job = next) {
		next = job->next;
		job->ring = ring;
		if (ring_pin_frame(ring, frame) == 0) {
			job->frames[0] = frame;
			job->frame_count = 1;
		} else {
			error_set(&job->error, -EBUSY, "too many pictures are being saved: ask again");
		}
		jobs_submit(wanted->jobs, job);
	}
}

void wanted_refuse(struct wanted *wanted, int64_t asked_before_ns, int code, const char *why)
{
	for (struct job *job = take(wanted, asked_before_ns), *next; job; job = next) {
		next = job->next;
		error_set(&job->error, code, "%s", why);
		jobs_submit(wanted->jobs, job);
	}
}
