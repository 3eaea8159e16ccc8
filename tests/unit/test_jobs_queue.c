/* Which job comes first, how many there may be, and the end. */
#include "jobs_rig.h"

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
	const struct CMUnitTest tests[] = {
		JOBS(test_no_more_than_the_limit_is_admitted),
		JOBS(test_a_single_picture_does_not_wait_for_series),
		JOBS(test_single_pictures_are_more_urgent_than_what_takes_long),
		JOBS(test_a_picture_asked_for_at_the_answer_is_as_urgent),
		JOBS(test_both_workers_take_single_pictures_when_there_are_several),
		JOBS(test_closing_refuses_what_waits_and_ends_a_series_at_its_next_picture),
		JOBS(test_destroying_answers_everyone_once),
		JOBS(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
