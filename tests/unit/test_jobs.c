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

static int gate(void *data, dev_t *device, struct error *error)
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

static void done(void *data, const struct job *job)
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

static int set_up(void **state)
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

static int tear_down(void **state)
{
	(void)state;
	jobs_destroy(jobs);
	event_log_destroy(events);
	frame_ring_destroy(ring); /* asserts that nothing is pinned */
	scratch_remove(folder);
	return 0;
}

/* A job with the count newest frames. */
static struct job *new_job(enum job_kind kind, size_t count)
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

static size_t pinned(void)
{
	struct frame_ring_status status;
	frame_ring_status(ring, &status);
	return status.pinned;
}

static struct jobs_status status(void)
{
	struct jobs_status now;
	jobs_status(jobs, &now);
	return now;
}

static void wait_until_idle(void)
{
	while (!jobs_idle(jobs))
		usleep(1000);
}

/* The first pixel byte of an NPY file. */
static int pixel_of(const char *path)
{
	unsigned char bytes[4096];
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t length = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	assert_true(length > frame_bytes(WIDTH, HEIGHT));
	return bytes[length - frame_bytes(WIDTH, HEIGHT)];
}

static size_t read_events(struct event *told, size_t count)
{
	uint64_t cursor = 1;
	return event_log_read(events, &cursor, told, count);
}

static void test_each_saved_picture_is_an_event(void **state)
{
	(void)state;
	struct event told[4];
	struct job *job = new_job(JOB_SINGLE, 1);
	job->formats = EXPORT_JPG | EXPORT_NPY;
	jobs_submit(jobs, job);
	sem_wait(&seen.told);
	assert_int_equal(read_events(told, 4), 1);
	assert_int_equal(told[0].type, EVENT_PICTURE_SAVED);
	assert_string_equal(told[0].formats, "jpg,npy");
	assert_int_equal(told[0].count, 2);
	assert_int_equal(told[0].frame_id, 8);
	assert_true(told[0].taken_ns > 0);
	assert_non_null(strstr(told[0].path, ".jpg"));
	assert_int_equal(access(told[0].path, R_OK), 0);
	jobs_submit(jobs, new_job(JOB_SERIES, 3));
	sem_wait(&seen.told);
	assert_int_equal(read_events(told, 4), 4);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(told[i].type, EVENT_PICTURE_SAVED);
}

static void test_a_job_that_fails_is_one_event(void **state)
{
	(void)state;
	struct event told[8];
	atomic_store(&refuse_from, 2);
	jobs_submit(jobs, new_job(JOB_SERIES, 5));
	sem_wait(&seen.told);
	size_t count = read_events(told, 8);
	assert_int_equal(count, 2); /* the one that was saved, and the failure */
	assert_int_equal(told[1].type, EVENT_PICTURE_FAILED);
	assert_string_equal(told[1].reason, seen.text);
	assert_string_equal(told[1].formats, "npy");
	assert_int_equal(told[1].frame_id, 8);
}

static void test_a_single_picture(void **state)
{
	(void)state;
	jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	sem_wait(&seen.told);
	assert_int_equal(seen.code, 0);
	assert_int_equal(seen.file_count, 1);
	assert_int_equal(seen.ticket, 7);
	assert_int_equal(seen.first_id, 8);
	assert_int_equal(pixel_of(seen.paths[0]), 80);
	wait_until_idle();
	assert_int_equal(pinned(), 0);
	assert_int_equal(status().asked, 1);
	assert_int_equal(status().succeeded, 1);
	assert_int_equal(status().files, 1);
	assert_int_equal(atomic_load(&seen.times), 1);
}

static void test_a_series_is_a_picture_for_each_frame_in_order(void **state)
{
	(void)state;
	jobs_submit(jobs, new_job(JOB_SERIES, 5));
	sem_wait(&seen.told);
	assert_int_equal(seen.code, 0);
	assert_int_equal(seen.file_count, 5);
	assert_int_equal(seen.first_id, 4);
	assert_int_equal(seen.last_id, 8);
	for (int i = 0; i < 5; i++)
		assert_int_equal(pixel_of(seen.paths[i]), (4 + i) * 10);
	wait_until_idle();
	assert_int_equal(pinned(), 0);
	assert_int_equal(scratch_count(folder), 5);
}

static void test_a_stack_is_one_picture(void **state)
{
	(void)state;
	const enum stack_mode modes[] = { STACK_MEAN, STACK_MEDIAN, STACK_MAX };
	const int expected[] = { 70, 70, 80 };
	for (size_t i = 0; i < 3; i++) {
		struct job *job = new_job(JOB_STACK, 3); /* 60, 70, 80 */
		job->stack_mode = modes[i];
		jobs_submit(jobs, job);
		sem_wait(&seen.told);
		assert_int_equal(seen.code, 0);
		assert_int_equal(seen.file_count, 1);
		assert_int_equal(pixel_of(seen.paths[0]), expected[i]);
	}
	wait_until_idle();
	assert_int_equal(pinned(), 0);
}

static void test_a_stack_tells_its_own_mean_and_what_its_frames_agree_in(void **state)
{
	(void)state;
	const double expected[] = { 70, 80 };
	for (size_t i = 0; i < 2; i++) {
		struct job *job = jobs_admit(jobs, JOB_STACK, JOB_TO_MEMORY, 3); /* 60, 70, 80 */
		assert_non_null(job);
		job->formats = EXPORT_NPY;
		job->stack_mode = i == 0 ? STACK_MEAN : STACK_MAX;
		job->ring = ring;
		job->done = done;
		job->frame_count = (size_t)frame_ring_pin_nearest(ring, 1000000, 3, job->frames);
		assert_int_equal(job->frame_count, 3);
		jobs_submit(jobs, job);
		sem_wait(&seen.told);
		assert_int_equal(seen.code, 0);
		assert_float_equal(seen.bytes_mean, expected[i], 1e-9);
		assert_float_equal(seen.run.exposure_us, 0, 0);
		assert_int_equal(seen.run.gap_ns, 0);
	}
}

static void test_several_formats_are_one_text(void **state)
{
	(void)state;
	struct job *job = new_job(JOB_SINGLE, 1);
	job->formats = EXPORT_JPG | EXPORT_PNG | EXPORT_NPY;
	jobs_submit(jobs, job);
	sem_wait(&seen.told);
	assert_int_equal(seen.file_count, 3);
	char *jpg = strstr(seen.paths[0], ".jpg, "), *png = strstr(seen.paths[0], ".png, ");
	assert_true(jpg && png && jpg < png);
}

static void test_no_more_than_the_limit_is_admitted(void **state)
{
	(void)state;
	struct job *admitted[JOBS_MAX];
	for (size_t i = 0; i < JOBS_MAX; i++)
		admitted[i] = new_job(JOB_SINGLE, 1);
	assert_null(jobs_admit(jobs, JOB_SINGLE, JOB_TO_FILES, 1));
	assert_int_equal(status().refused, 1);
	frame_ring_release(ring, admitted[0]->frames, 1);
	jobs_dismiss(jobs, admitted[0]);
	admitted[0] = new_job(JOB_SINGLE, 1);
	for (size_t i = 0; i < JOBS_MAX; i++)
		jobs_submit(jobs, admitted[i]);
	for (size_t i = 0; i < JOBS_MAX; i++)
		sem_wait(&seen.told);
	wait_until_idle();
	assert_int_equal(status().succeeded, JOBS_MAX);
	struct job *again = jobs_admit(jobs, JOB_SINGLE, JOB_TO_FILES, 1);
	assert_non_null(again);
	jobs_dismiss(jobs, again);
}

static void test_a_single_picture_does_not_wait_for_series(void **state)
{
	(void)state;
	atomic_store(&hold, 1);
	jobs_submit(jobs, new_job(JOB_SERIES, 3));
	sem_wait(&held);
	jobs_submit(jobs, new_job(JOB_SERIES, 2));
	jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	sem_wait(&seen.told);
	assert_int_equal(seen.file_count, 1);
	assert_int_equal(status().succeeded, 1);
	assert_int_equal(status().waiting, 1); /* the other series */
	sem_post(&go);
	sem_wait(&seen.told);
	sem_wait(&seen.told);
	wait_until_idle();
	assert_int_equal(status().files, 6);
}

static void test_what_the_gate_says_is_the_answer(void **state)
{
	(void)state;
	atomic_store(&refuse_from, 1);
	jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	sem_wait(&seen.told);
	assert_int_equal(seen.code, -ENOSPC);
	assert_string_equal(seen.text, "disk full: the gate says so");
	assert_int_equal(seen.file_count, 0);
	wait_until_idle();
	assert_int_equal(scratch_count(folder), 0);
	assert_int_equal(status().failed, 1);
	assert_string_equal(status().last_error, "disk full: the gate says so");
	assert_true(status().last_error_ns > 0);
	atomic_store(&refuse_from, 0);
	jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	sem_wait(&seen.told);
	assert_int_equal(seen.code, 0);
}

static void test_a_series_ends_at_its_first_failure_and_tells_what_was_kept(void **state)
{
	(void)state;
	atomic_store(&refuse_from, 3);
	jobs_submit(jobs, new_job(JOB_SERIES, 5));
	sem_wait(&seen.told);
	assert_int_equal(seen.code, -ENOSPC);
	assert_int_equal(seen.file_count, 2);
	assert_int_equal(pixel_of(seen.paths[0]), 40);
	assert_int_equal(pixel_of(seen.paths[1]), 50);
	assert_string_equal(seen.paths[2], "");
	wait_until_idle();
	assert_int_equal(pinned(), 0);
	assert_int_equal(atomic_load(&visits), 3);
}

static void test_a_folder_that_cannot_be_made_is_the_answer(void **state)
{
	(void)state;
	char path[SCRATCH_BYTES + 8];
	snprintf(path, sizeof path, "%s/file", folder);
	fclose(fopen(path, "w"));
	jobs_destroy(jobs);
	jobs = jobs_create(
	    &(struct jobs_params){ .export = { .base_dir = path, .jpg_quality = 90 }, .most = JOBS_MAX, .frame_bytes = 1 },
	    NULL);
	jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	sem_wait(&seen.told);
	assert_int_equal(seen.code, -ENOTDIR);
	assert_true(strlen(seen.text) > 10);
}

static void test_a_job_with_an_error_is_only_answered(void **state)
{
	(void)state;
	struct job *job = jobs_admit(jobs, JOB_SINGLE, JOB_TO_FILES, 1);
	job->done = done;
	error_set(&job->error, -ETIMEDOUT, "no frame came");
	jobs_submit(jobs, job);
	sem_wait(&seen.told);
	assert_int_equal(seen.code, -ETIMEDOUT);
	job = new_job(JOB_SERIES, 3);
	error_set(&job->error, -ETIMEDOUT, "too late");
	jobs_submit(jobs, job);
	sem_wait(&seen.told);
	wait_until_idle();
	assert_int_equal(pinned(), 0);
	assert_int_equal(atomic_load(&visits), 0);
}

static void test_closing_refuses_what_waits_and_ends_a_series_at_its_next_picture(void **state)
{
	(void)state;
	atomic_store(&hold, 2); /* both workers */
	jobs_submit(jobs, new_job(JOB_SERIES, 2));
	sem_wait(&held);
	jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	sem_wait(&held);
	jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	struct job *late = new_job(JOB_SINGLE, 1);
	jobs_close(jobs, "the test is over");
	assert_null(jobs_admit(jobs, JOB_SINGLE, JOB_TO_FILES, 1));
	jobs_submit(jobs, late);
	assert_false(jobs_idle(jobs));
	sem_post(&go);
	sem_post(&go);
	wait_until_idle();
	assert_int_equal(atomic_load(&seen.times), 4);
	assert_int_equal(status().succeeded, 1); /* the single picture that was under way */
	assert_int_equal(status().failed, 3);
	assert_int_equal(status().files, 2);
}

static void test_destroying_answers_everyone_once(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		jobs_submit(jobs, new_job(i % 2 ? JOB_SINGLE : JOB_SERIES, i % 2 ? 1 : 2));
	jobs_destroy(jobs);
	jobs = NULL;
	assert_int_equal(atomic_load(&seen.times), 10);
	assert_int_equal(pinned(), 0);
}

/* --- many clients at once --- */

enum { ASKERS = 4, TURNS = 50 };

static void *ask(void *data)
{
	atomic_int *admitted = data;
	for (int turn = 0; turn < TURNS; turn++) {
		size_t count = 1 + (size_t)turn % 3;
		struct job *job = jobs_admit(jobs, count == 1 ? JOB_SINGLE : JOB_SERIES, JOB_TO_FILES, count);
		if (!job)
			continue;
		job->formats = EXPORT_NPY;
		job->ring = ring;
		job->done = done;
		int got = frame_ring_pin_nearest(ring, turn * 100, count, job->frames);
		if (got <= 0) {
			jobs_dismiss(jobs, job);
			continue;
		}
		job->frame_count = (size_t)got;
		atomic_fetch_add(admitted, 1);
		jobs_submit(jobs, job);
	}
	return NULL;
}

static void quiet(void *data, const struct job *job)
{
	(void)job;
	atomic_fetch_add((atomic_int *)data, 1);
}

static void test_many_threads(void **state)
{
	(void)state;
	pthread_t threads[ASKERS];
	atomic_int admitted = 0, answered = 0;
	for (size_t i = 0; i < ASKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &admitted), 0);
	struct job *mine = jobs_admit(jobs, JOB_SINGLE, JOB_TO_FILES, 1);
	if (mine) {
		mine->done = quiet;
		mine->data = &answered;
		error_set(&mine->error, -ECANCELED, "only to be answered");
		jobs_submit(jobs, mine);
	}
	for (size_t i = 0; i < ASKERS; i++)
		pthread_join(threads[i], NULL);
	wait_until_idle();
	assert_int_equal(status().succeeded, atomic_load(&admitted));
	assert_int_equal(status().failed, atomic_load(&answered));
	assert_int_equal(pinned(), 0);
}

static int at_least(int niceness)
{
	int own = getpriority(PRIO_PROCESS, 0);
	return own > niceness ? own : niceness;
}

static void test_single_pictures_are_more_urgent_than_what_takes_long(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		jobs_submit(jobs, new_job(JOB_SINGLE, 1));
		sem_wait(&seen.told);
		assert_int_equal(seen.niceness, at_least(5));
		jobs_submit(jobs, new_job(JOB_SERIES, 2));
		sem_wait(&seen.told);
		assert_int_equal(seen.niceness, at_least(10));
	}
}

/* data: what is asked for as soon as this is answered. */
static void ask_again(void *data, const struct job *job)
{
	(void)job;
	jobs_submit(jobs, data);
}

static void test_a_picture_asked_for_at_the_answer_is_as_urgent(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct job *job = new_job(JOB_SINGLE, 1);
		job->done = ask_again;
		job->data = new_job(JOB_SINGLE, 1);
		jobs_submit(jobs, job);
		sem_wait(&seen.told);
		assert_int_equal(seen.niceness, at_least(5));
	}
}

static void test_both_workers_take_single_pictures_when_there_are_several(void **state)
{
	(void)state;
	atomic_store(&hold, 2);
	for (int i = 0; i < 3; i++)
		jobs_submit(jobs, new_job(JOB_SINGLE, 1));
	sem_wait(&held);
	sem_wait(&held); /* two are at the gate at once */
	sem_post(&go);
	sem_post(&go);
	for (int i = 0; i < 3; i++)
		sem_wait(&seen.told);
	assert_int_equal(seen.times, 3);
}

int main(void)
{
#define JOBS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		JOBS(test_a_single_picture),
		JOBS(test_each_saved_picture_is_an_event),
		JOBS(test_a_job_that_fails_is_one_event),
		JOBS(test_a_series_is_a_picture_for_each_frame_in_order),
		JOBS(test_a_stack_is_one_picture),
		JOBS(test_a_stack_tells_its_own_mean_and_what_its_frames_agree_in),
		JOBS(test_several_formats_are_one_text),
		JOBS(test_no_more_than_the_limit_is_admitted),
		JOBS(test_a_single_picture_does_not_wait_for_series),
		JOBS(test_single_pictures_are_more_urgent_than_what_takes_long),
		JOBS(test_a_picture_asked_for_at_the_answer_is_as_urgent),
		JOBS(test_both_workers_take_single_pictures_when_there_are_several),
		JOBS(test_what_the_gate_says_is_the_answer),
		JOBS(test_a_series_ends_at_its_first_failure_and_tells_what_was_kept),
		JOBS(test_a_folder_that_cannot_be_made_is_the_answer),
		JOBS(test_a_job_with_an_error_is_only_answered),
		JOBS(test_closing_refuses_what_waits_and_ends_a_series_at_its_next_picture),
		JOBS(test_destroying_answers_everyone_once),
		JOBS(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
