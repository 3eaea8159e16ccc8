#include "export/jobs.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/thread.h"
#include "job_queue.h"
#include "job_run.h"
#include "names_given.h"

enum { ANSWERING_MS = 100, WORKER_COUNT = 2, LANE_ANY = 0, LANE_SINGLES = 1 };

struct jobs {
	struct jobs_params params;
	pthread_mutex_t lock;
	struct thread workers[WORKER_COUNT];
	bool closed, stopping;
	char why_closed[96];
	struct queue singles, series;
	struct job_lane { /* what a worker thread needs to know */
		struct jobs *jobs;
		bool any, is_busy;
		pthread_cond_t wake;
		uint8_t *result; /* room for a stack, on pages of its own */
	} lanes[WORKER_COUNT];
	struct jobs_status status;
	struct job slots[JOBS_MAX];
	struct names_given given;
};

/* For the worker that takes any: the older of the two heads. Singles it leaves to the other, which is more urgent since
 * somebody waits for the picture, as long as that one is free. */
static struct job *take(struct jobs *jobs, const struct job_lane *lane)
{
	bool takes_singles = !lane->any || jobs->lanes[LANE_SINGLES].is_busy;
	struct job *single = takes_singles ? jobs->singles.first : NULL, *series = lane->any ? jobs->series.first : NULL;
	if (single && (!series || single->asked_ns <= series->asked_ns))
		return queue_take(&jobs->singles);
	return series ? queue_take(&jobs->series) : NULL;
}

/* What the worker that would take the job waits for. The other sleeps on: awake, it would take the processor that is
 * free and leave the one that has work to wait for a busy one. Under the lock. */
static pthread_cond_t *wake_of(struct jobs *jobs, bool is_long)
{
	const size_t singles = jobs->lanes[LANE_SINGLES].is_busy ? LANE_ANY : LANE_SINGLES;
	return &jobs->lanes[is_long ? LANE_ANY : singles].wake;
}

static void give_back(struct jobs *jobs, struct job *job)
{
	for (size_t i = 0; job->paths && i < job->capacity; i++)
		free(job->paths[i]);
	if (job->frames != job->one_frame)
		free(job->frames);
	if (job->paths != job->one_path)
		free(job->paths);
	chunk_release(job->bytes);
	packet_ring_close(&job->video);
	free(job->whole_paths);
	pthread_mutex_lock(&jobs->lock);
	job->admitted = job->running = false;
	pthread_mutex_unlock(&jobs->lock);
}

static void note_result(struct jobs *jobs, const struct job *job)
{
	if (job->to == JOB_TO_MEMORY) {
		jobs->status.encoded += job->bytes != NULL;
		return;
	}
	jobs->status.files += job->file_count;
	if (job->error.code == 0) {
		jobs->status.succeeded++;
		return;
	}
	jobs->status.failed++;
	jobs->status.last_error_ns = clock_now_ns();
	memcpy(jobs->status.last_error, job->error.text, sizeof jobs->status.last_error);
}

static void publish_failure(struct jobs *jobs, const struct job *job)
{
	struct event event = { .type = EVENT_PICTURE_FAILED, .frame_id = job->last.id };
	if (job->last.id != 0)
		event.taken_ns = clock_wall_of(job->last.timestamp_ns);
	event_set_text(event.reason, sizeof event.reason, job->error.text);
	export_format_list(job->formats, EXPORT_FORMAT_COUNT, event.formats, sizeof event.formats);
	event_log_publish(jobs->params.events, &event);
}

/* The worker is free before whoever waits is told: the next picture that is asked for must not go to the other one. */
static void answer(struct job_lane *lane, struct job *job)
{
	struct jobs *jobs = lane->jobs;
	pthread_mutex_lock(&jobs->lock);
	lane->is_busy = false;
	note_result(jobs, job);
	bool is_abandoned = job->answered;
	job->answered = true;
	pthread_mutex_unlock(&jobs->lock);
	if (is_abandoned)
		return;
	if (job->error.code != 0 && job->to == JOB_TO_FILES)
		publish_failure(jobs, job);
	job->done(job->data, job);
	give_back(jobs, job);
	pthread_mutex_lock(&jobs->lock);
	jobs->status.running--;
	pthread_mutex_unlock(&jobs->lock);
}

static void work(void *data)
{
	struct job_lane *lane = data;
	struct jobs *jobs = lane->jobs;
	for (;;) {
		pthread_mutex_lock(&jobs->lock);
		struct job *job;
		lane->is_busy = false;
		while ((job = take(jobs, lane)) == NULL && !jobs->stopping)
			pthread_cond_wait(&lane->wake, &jobs->lock);
		lane->is_busy = job != NULL;
		if (job) {
			if (jobs->singles.first)
				pthread_cond_signal(wake_of(jobs, false)); /* the other takes singles now */
			jobs->status.waiting--;
			jobs->status.running++;
			job->running = true;
		}
		struct jobs_params params = jobs->params;
		pthread_mutex_unlock(&jobs->lock);
		if (!job)
			return;
		job_run(&params, job, lane->result);
		answer(lane, job);
	}
}

static bool take_memory(struct job_lane *lane, size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	lane->result = memory == MAP_FAILED ? NULL : memory;
	return lane->result;
}

struct jobs *jobs_create(const struct jobs_params *params, struct error *error)
{
	assert(params->most >= 1 && params->most <= JOBS_MAX);
	struct jobs *jobs = calloc(1, sizeof *jobs);
	if (!jobs) {
		error_set(error, -ENOMEM, "no memory for the export queue");
		return NULL;
	}
	jobs->params = *params;
	names_given_init(&jobs->given);
	jobs->params.export.given = &jobs->given;
	queue_init(&jobs->singles);
	queue_init(&jobs->series);
	lock_init(&jobs->lock);
	for (size_t i = 0; i < WORKER_COUNT; i++) {
		jobs->lanes[i] = (struct job_lane){ .jobs = jobs, .any = i == LANE_ANY };
		pthread_cond_init(&jobs->lanes[i].wake, NULL);
	}
	for (size_t i = 0; i < WORKER_COUNT; i++) {
		if (!take_memory(&jobs->lanes[i], params->frame_bytes)) {
			error_set(error, -ENOMEM, "no memory for stacking");
			jobs_destroy(jobs);
			return NULL;
		}
		int result = thread_start(&jobs->workers[i], "export", i == LANE_SINGLES ? THREAD_STREAM : THREAD_EXPORT, work,
		                          &jobs->lanes[i]);
		if (result < 0) {
			error_set_errno(error, result, "cannot start an export worker");
			jobs_destroy(jobs);
			return NULL;
		}
	}
	return jobs;
}

void jobs_destroy(struct jobs *jobs)
{
	if (!jobs)
		return;
	jobs_close(jobs, "pastcam is stopping");
	pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	for (size_t i = 0; i < WORKER_COUNT; i++)
		pthread_cond_signal(&jobs->lanes[i].wake);
	pthread_mutex_unlock(&jobs->lock);
	for (size_t i = 0; i < WORKER_COUNT; i++)
		thread_join(&jobs->workers[i]);
	for (size_t i = 0; i < WORKER_COUNT; i++) {
		if (jobs->lanes[i].result)
			munmap(jobs->lanes[i].result, jobs->params.frame_bytes);
		pthread_cond_destroy(&jobs->lanes[i].wake);
	}
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}

void jobs_set_camera_model(struct jobs *jobs, const char *model)
{
	pthread_mutex_lock(&jobs->lock);
	snprintf(jobs->params.camera_model, sizeof jobs->params.camera_model, "%s", model);
	pthread_mutex_unlock(&jobs->lock);
}

/* A series, a stack or video takes long: half of the places stay free of them, for single pictures. */
static bool may_admit(const struct jobs *jobs, enum job_kind kind)
{
	size_t half = jobs->params.most / 2, most = half > 0 ? half : 1, long_jobs = 0;
	for (size_t i = 0; i < jobs->params.most; i++)
		long_jobs += jobs->slots[i].admitted && jobs->slots[i].kind != JOB_SINGLE;
	return !jobs->closed && (kind == JOB_SINGLE || long_jobs < most);
}

static struct job *claim_slot(struct jobs *jobs, enum job_kind kind, enum job_destination to)
{
	struct job *job = NULL;
	pthread_mutex_lock(&jobs->lock);
	bool may = may_admit(jobs, kind);
	for (size_t i = 0; may && !job && i < jobs->params.most; i++)
		if (!jobs->slots[i].admitted)
			job = &jobs->slots[i];
	if (job) {
		*job = (struct job){ .admitted = true, .kind = kind, .to = to };
		jobs->status.asked += to == JOB_TO_FILES;
	} else {
		jobs->status.refused++;
	}
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

struct job *jobs_admit(struct jobs *jobs, enum job_kind kind, enum job_destination to, size_t capacity)
{
	assert(capacity > 0);
	struct job *job = claim_slot(jobs, kind, to);
	if (!job)
		return NULL;
	job->owner = jobs;
	job->capacity = capacity;
	job->asked_ns = clock_now_ns();
	job->frames = capacity == 1 ? job->one_frame : calloc(capacity, sizeof *job->frames);
	job->paths = capacity == 1 ? job->one_path : calloc(capacity, sizeof *job->paths);
	if (!job->frames || !job->paths) {
		jobs_dismiss(jobs, job);
		return NULL;
	}
	return job;
}

void jobs_dismiss(struct jobs *jobs, struct job *job)
{
	give_back(jobs, job);
}

void jobs_submit(struct jobs *jobs, struct job *job)
{
	pthread_mutex_lock(&jobs->lock);
	if (jobs->closed && job->error.code == 0)
		error_set(&job->error, -ESHUTDOWN, "%s", jobs->why_closed);
	bool is_long = job->kind == JOB_SERIES || job->kind == JOB_VIDEO;
	queue_put(is_long ? &jobs->series : &jobs->singles, job);
	jobs->status.waiting++;
	pthread_cond_t *wake = wake_of(jobs, is_long);
	pthread_mutex_unlock(&jobs->lock);
	pthread_cond_signal(wake); /* without the lock, which its worker takes first */
}

void jobs_status(struct jobs *jobs, struct jobs_status *status)
{
	pthread_mutex_lock(&jobs->lock);
	*status = jobs->status;
	pthread_mutex_unlock(&jobs->lock);
}

static void refuse_all(struct queue *queue, const char *why)
{
	for (struct job *job = queue->first; job; job = job->next)
		if (job->error.code == 0)
			error_set(&job->error, -ESHUTDOWN, "%s", why);
}

void jobs_close(struct jobs *jobs, const char *why)
{
	pthread_mutex_lock(&jobs->lock);
	jobs->closed = true;
	snprintf(jobs->why_closed, sizeof jobs->why_closed, "%s", why);
	refuse_all(&jobs->singles, why);
	refuse_all(&jobs->series, why);
	pthread_mutex_unlock(&jobs->lock);
}

int jobs_check_closed(struct jobs *jobs, struct error *error)
{
	pthread_mutex_lock(&jobs->lock);
	int result = jobs->closed ? error_set(error, -ESHUTDOWN, "%s", jobs->why_closed) : 0;
	pthread_mutex_unlock(&jobs->lock);
	return result;
}

void jobs_note_file(void *data, const char *path)
{
	struct job *job = data;
	pthread_mutex_lock(&job->owner->lock);
	char *longer = NULL;
	if (asprintf(&longer, "%s%s%s", job->whole_paths ? job->whole_paths : "", job->whole_paths ? ", " : "", path) >=
	    0) {
		free(job->whole_paths);
		job->whole_paths = longer;
	}
	job->whole_count++;
	pthread_mutex_unlock(&job->owner->lock);
}

/* The next that runs and is not answered, which it becomes here; a copy, since its worker goes on writing to it. */
static bool abandon_one(struct jobs *jobs, struct job *copy)
{
	struct job *job = NULL;
	pthread_mutex_lock(&jobs->lock);
	for (size_t i = 0; i < JOBS_MAX && !job; i++)
		if (jobs->slots[i].admitted && jobs->slots[i].running && !jobs->slots[i].answered)
			job = &jobs->slots[i];
	if (job) {
		job->answered = true;
		*copy = (struct job){ .kind = job->kind,
			                  .to = job->to,
			                  .formats = job->formats,
			                  .asked_ns = job->asked_ns,
			                  .done = job->done,
			                  .data = job->data,
			                  .ticket = job->ticket,
			                  .ring = job->ring,
			                  .frame_count = 1,
			                  .capacity = 1,
			                  .file_count = job->whole_count };
		copy->frames = copy->one_frame;
		copy->paths = copy->one_path;
		copy->one_path[0] = job->whole_paths ? strdup(job->whole_paths) : NULL;
		error_set(&copy->error, -ESHUTDOWN, "%s", jobs->why_closed);
	}
	pthread_mutex_unlock(&jobs->lock);
	return job;
}

/* Somebody is just being answered. */
static bool is_answering(struct jobs *jobs)
{
	bool any = false;
	pthread_mutex_lock(&jobs->lock);
	for (size_t i = 0; i < JOBS_MAX; i++)
		any = any || (jobs->slots[i].admitted && jobs->slots[i].running && jobs->slots[i].answered);
	pthread_mutex_unlock(&jobs->lock);
	return any;
}

void jobs_abandon(struct jobs *jobs)
{
	const struct timespec moment = { .tv_nsec = CLOCK_NS_PER_MS };
	for (int i = 0; i < ANSWERING_MS && is_answering(jobs); i++)
		nanosleep(&moment, NULL);
	struct job copy;
	while (abandon_one(jobs, &copy))
		copy.done(copy.data, &copy);
}

bool jobs_idle(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	bool idle = jobs->status.waiting == 0 && jobs->status.running == 0;
	pthread_mutex_unlock(&jobs->lock);
	return idle;
}

size_t jobs_result_bytes(size_t frame_bytes)
{
	return WORKER_COUNT * frame_bytes;
}

size_t jobs_scratch_bytes(int width, int height, size_t pool_width)
{
	/* Each worker may hold a stack's result and one encoder; a series holds one encoder for each of its pictures under
	 * way. */
	size_t encoders = WORKER_COUNT - 1 + pool_width;
	return WORKER_COUNT * frame_bytes(width, height) + encoders * export_scratch_bytes(width, height, pool_width);
}
