#include "frame_waiters.h"

#include <errno.h>

int frame_waiters_init(struct frame_waiters *waiters, struct jobs *jobs, struct error *error)
{
	*waiters = (struct frame_waiters){
		.jobs = jobs,
		.arrivals = mailbox_create(JOBS_MAX, sizeof(struct job *), error),
	};
	return waiters->arrivals ? 0 : -ENOMEM;
}

void frame_waiters_finish(struct frame_waiters *waiters)
{
	if (!waiters->arrivals)
		return;
	frame_waiters_refuse(waiters, INT64_MAX, -ESHUTDOWN, "pastcam is stopping");
	mailbox_destroy(waiters->arrivals);
}

void frame_waiters_add(struct frame_waiters *waiters, struct job *job)
{
	if (mailbox_put(waiters->arrivals, &job))
		return;
	error_set(&job->error, -EBUSY, "too many pictures are being saved: ask again");
	jobs_submit(waiters->jobs, job);
}

void frame_waiters_wake(struct frame_waiters *waiters)
{
	mailbox_wake(waiters->arrivals);
}

int frame_waiters_fd(const struct frame_waiters *waiters)
{
	return mailbox_fd(waiters->arrivals);
}

static void collect(struct frame_waiters *waiters)
{
	for (struct job *job; mailbox_take(waiters->arrivals, &job);) {
		job->next = waiters->first;
		waiters->first = job;
	}
}

bool frame_waiters_any(struct frame_waiters *waiters)
{
	collect(waiters);
	return waiters->first != NULL;
}

int64_t frame_waiters_since_ns(struct frame_waiters *waiters, int64_t now_ns)
{
	int64_t since_ns = INT64_MAX;
	collect(waiters);
	for (struct job *job = waiters->first; job; job = job->next) {
		if (job->waiting_ns == 0)
			job->waiting_ns = now_ns;
		if (job->waiting_ns < since_ns)
			since_ns = job->waiting_ns;
	}
	return since_ns;
}

/* Takes those that wait since waiting_before_ns or longer off the list. */
static struct job *take(struct frame_waiters *waiters, int64_t waiting_before_ns)
{
	struct job *taken = NULL;
	collect(waiters);
	for (struct job **link = &waiters->first; *link;) {
		struct job *job = *link;
		bool is_new = job->waiting_ns == 0 && waiting_before_ns != INT64_MAX;
		if (is_new || job->waiting_ns > waiting_before_ns) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		job->next = taken;
		taken = job;
	}
	return taken;
}

void frame_waiters_serve(struct frame_waiters *waiters, struct frame_ring *ring, const struct frame *frame)
{
	for (struct job *job = take(waiters, INT64_MAX), *next; job; job = next) {
		next = job->next;
		job->ring = ring;
		if (frame_ring_pin_frame(ring, frame) == 0) {
			job->frames[0] = frame;
			job->frame_count = 1;
		} else {
			error_set(&job->error, -EBUSY, "too many pictures are being saved: ask again");
		}
		jobs_submit(waiters->jobs, job);
	}
}

void frame_waiters_refuse(struct frame_waiters *waiters, int64_t waiting_before_ns, int code, const char *why)
{
	for (struct job *job = take(waiters, waiting_before_ns), *next; job; job = next) {
		next = job->next;
		error_set(&job->error, code, "%s", why);
		jobs_submit(waiters->jobs, job);
	}
}
