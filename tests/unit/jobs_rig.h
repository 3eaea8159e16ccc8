/* Jobs on a ring of eight frames, behind a gate that the test holds or lets refuse. */
#ifndef PASTCAM_TEST_JOBS_RIG_H
#define PASTCAM_TEST_JOBS_RIG_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/jobs.h"
#include "scratch.h"

enum { WIDTH = 16, HEIGHT = 8, SLOTS = 16 };

static char folder[SCRATCH_BYTES];
static struct frame_ring *ring;
static struct jobs *jobs;
static struct event_log *events;

/* The gate: its first `hold` visitors wait for go, each after telling held; from visit number refuse_from on it
 * refuses.
 */
static atomic_int visits, hold, refuse_from;
static sem_t held, go;

/* What done was told last, and that it was told. */
static struct {
	sem_t told;
	atomic_int times;
	int code;
	char text[256];
	size_t file_count;
	char paths[SLOTS][FSIO_PATH_BYTES];
	uint64_t ticket, first_id, last_id;
	double bytes_mean;
	struct frame_run run;
	int niceness; /* of the worker */
} seen;

static inline int gate(void *data, dev_t *device, struct error *error)
{
	*device = 0;
	assert_ptr_equal(data, &visits);
	int visit = atomic_fetch_add(&visits, 1) + 1;
	if (visit <= atomic_load(&hold)) {
		sem_post(&held);
		sem_wait(&go);
	}
	int from = atomic_load(&refuse_from);
	return from && visit >= from ? error_set(error, -ENOSPC, "disk full: the gate says so") : 0;
}

static inline void done(void *data, const struct job *job)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	(void)data;
	pthread_mutex_lock(&lock);
	seen.code = job->error.code;
	snprintf(seen.text, sizeof seen.text, "%s", job->error.text);
	seen.file_count = job->file_count;
	for (size_t i = 0; i < SLOTS; i++)
		snprintf(seen.paths[i], FSIO_PATH_BYTES, "%s", i < job->capacity && job->paths[i] ? job->paths[i] : "");
	seen.ticket = job->ticket;
	seen.first_id = job->first.id;
	seen.last_id = job->last.id;
	seen.bytes_mean = job->bytes_mean;
	seen.run = job->run;
	seen.niceness = getpriority(PRIO_PROCESS, 0);
	pthread_mutex_unlock(&lock);
	atomic_fetch_add(&seen.times, 1);
	sem_post(&seen.told);
}

static inline int set_up(void **state)
{
	(void)state;
	struct error error = { 0 };
	scratch_make(folder);
	atomic_store(&visits, 0);
	atomic_store(&hold, 0);
	atomic_store(&refuse_from, 0);
	atomic_store(&seen.times, 0);
	sem_init(&held, 0, 0);
	sem_init(&go, 0, 0);
	sem_init(&seen.told, 0, 0);
	ring = frame_ring_create(SLOTS, WIDTH, HEIGHT, &error);
	events = event_log_create(16, "", &error);
	const struct jobs_params params = {
		.export = { .base_dir = folder, .jpg_quality = 90 },
		.most = JOBS_MAX,
		.frame_bytes = frame_bytes(WIDTH, HEIGHT),
		.events = events,
		.gate = gate,
		.gate_data = &visits,
	};
	jobs = jobs_create(&params, &error);
	struct frame_ring_status ready = { 0 };
	while (ring && ready.touched < SLOTS)
		frame_ring_status(ring, &ready);
	for (uint64_t id = 1; ring && id <= 8; id++) {
		struct frame *frame = frame_ring_lend(ring);
		memset(frame->pixels, (int)id * 10, frame_bytes(WIDTH, HEIGHT));
		frame->info = (struct frame_info){ .id = id, .timestamp_ns = (int64_t)id * 1000 };
		frame_ring_commit(ring, frame);
	}
	return ring && jobs && events ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	jobs_destroy(jobs);
	event_log_destroy(events);
	frame_ring_destroy(ring); /* asserts that nothing is pinned */
	scratch_remove(folder);
	return 0;
}

/* A job with the count newest frames. */
static inline struct job *new_job(enum job_kind kind, size_t count)
{
	struct job *job = jobs_admit(jobs, kind, JOB_TO_FILES, count);
	assert_non_null(job);
	job->formats = EXPORT_NPY;
	job->ring = ring;
	job->done = done;
	job->ticket = 7;
	int pinned = frame_ring_pin_nearest(ring, 1000000, count, job->frames);
	assert_int_equal(pinned, count);
	job->frame_count = count;
	return job;
}

static inline size_t pinned(void)
{
	struct frame_ring_status status;
	frame_ring_status(ring, &status);
	return status.pinned;
}

static inline struct jobs_status status(void)
{
	struct jobs_status now;
	jobs_status(jobs, &now);
	return now;
}

static inline void wait_until_idle(void)
{
	while (!jobs_idle(jobs))
		usleep(1000);
}

#define JOBS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
