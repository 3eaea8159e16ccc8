/* What a job makes of its frames, and what it answers when it cannot. */
#include "jobs_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		JOBS(test_a_single_picture),
		JOBS(test_each_saved_picture_is_an_event),
		JOBS(test_a_job_that_fails_is_one_event),
		JOBS(test_a_series_is_a_picture_for_each_frame_in_order),
		JOBS(test_a_stack_is_one_picture),
		JOBS(test_a_stack_tells_its_own_mean_and_what_its_frames_agree_in),
		JOBS(test_several_formats_are_one_text),
		JOBS(test_what_the_gate_says_is_the_answer),
		JOBS(test_a_series_ends_at_its_first_failure_and_tells_what_was_kept),
		JOBS(test_a_folder_that_cannot_be_made_is_the_answer),
		JOBS(test_a_job_with_an_error_is_only_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
