#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsio_rig.h"

static int set_up(void **state)
{
	(void)state;
	scratch_make(folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static void test_make_folder(void **state)
{
	char path[FSIO_PATH_BYTES], long_path[2 * FSIO_PATH_BYTES];
	struct error error = { 0 };
	(void)state;

	path_of(path, "a/b//c/");
	assert_int_equal(fsio_make_folder(path, 0, &error), 0);
	assert_int_equal(scratch_count(path), 0);
	assert_int_equal(fsio_make_folder(path, 0, &error), 0);
	put_file("file", "");
	path_of(path, "file/below");
	assert_int_equal(fsio_make_folder(path, 0, &error), -ENOTDIR);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(fsio_make_folder("", 0, &error), -EINVAL);
	memset(long_path, 'x', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	assert_int_equal(fsio_make_folder(long_path, 0, &error), -ENAMETOOLONG);
}

/* A drive that went away between the look at it and the writing. */
static void test_another_filesystem_is_left_alone(void **state)
{
	struct fsio_file file;
	struct error error = { 0 };
	struct stat here, proc;
	char path[FSIO_PATH_BYTES];
	(void)state;

	assert_int_equal(stat(folder, &here), 0);
	assert_int_equal(stat("/proc", &proc), 0);
	path_of(path, "deep/er");
	assert_int_equal(fsio_make_folder(path, proc.st_dev, &error), -EXDEV);
	assert_non_null(strstr(error.text, "went away"));
	assert_int_equal(fsio_begin(&file, folder, proc.st_dev, &error), -EXDEV);
	assert_int_equal(file.folder, -1);
	assert_int_equal(scratch_count(folder), 0);
	assert_int_equal(fsio_make_folder(path, here.st_dev, &error), 0);
	assert_int_equal(fsio_begin(&file, path, here.st_dev, &error), 0);
	fsio_abort(&file);
}

static void test_a_folder_that_moved_away_is_no_success(void **state)
{
	struct fsio_file file;
	struct error error = { 0 };
	char before[FSIO_PATH_BYTES], after[FSIO_PATH_BYTES], name[FSIO_NAME_BYTES];
	unsigned number = 1;
	(void)state;

	path_of(before, "before");
	path_of(after, "after");
	assert_int_equal(fsio_make_folder(before, 0, &error), 0);
	assert_int_equal(fsio_begin(&file, before, 0, &error), 0);
	assert_int_equal(rename(before, after), 0);
	assert_int_equal(fsio_commit(&file, "picture", "txt", &number, name, &error), -ENOENT);
	assert_non_null(strstr(error.text, "gone"));
	assert_int_equal(scratch_count(after), 0);
}

static void test_sweep_removes_leftovers_only(void **state)
{
	struct fsio_file writing;
	char path[FSIO_PATH_BYTES];
	(void)state;

	put_file(FSIO_TEMPORARY_PREFIX "1-abc", "left behind");
	put_file("picture.pastcam-1", "not ours");
	put_file("target", "linked to");
	path_of(path, FSIO_TEMPORARY_PREFIX "link");
	assert_int_equal(symlink("target", path), 0);
	path_of(path, FSIO_TEMPORARY_PREFIX "folder");
	assert_int_equal(mkdir(path, 0755), 0);
	path_of(path, FSIO_TEMPORARY_PREFIX "pipe");
	assert_int_equal(mkfifo(path, 0644), 0);
	assert_int_equal(fsio_begin(&writing, folder, 0, NULL), 0);

	assert_int_equal(fsio_sweep(folder), 1);
	assert_int_equal(scratch_count(folder), 6);
	assert_content("target", "linked to");
	path_of(path, FSIO_TEMPORARY_PREFIX "1-abc");
	assert_int_equal(access(path, F_OK), -1);
	path_of(path, writing.temporary);
	assert_int_equal(access(path, F_OK), 0);
	fsio_abort(&writing);
	path_of(path, "missing");
	assert_int_equal(fsio_sweep(path), -ENOENT);
}

static void test_sweep_removes_what_a_killed_process_wrote(void **state)
{
	struct fsio_file file;
	int ready[2], status;
	char byte;
	(void)state;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		if (fsio_begin(&file, folder, 0, NULL) == 0 && fsio_write(file.fd, "half", 4) == 0)
			(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	assert_true(child > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(fsio_sweep(folder), 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(fsio_sweep(folder), 1);
	assert_int_equal(scratch_count(folder), 0);
	close(ready[0]);
	close(ready[1]);
}

enum { THREADS = 4, SAVES = 50 };

static void *save_many(void *data)
{
	char name[FSIO_NAME_BYTES];
	long *failed = data;

	for (int i = 0; i < SAVES; i++) {
		struct fsio_file file;
		unsigned number = 1;
		if (fsio_begin(&file, folder, 0, NULL) < 0 || fsio_write(file.fd, "whole", 5) < 0 ||
		    fsio_commit(&file, "same", "txt", &number, name, NULL) < 0)
			++*failed;
	}
	return NULL;
}

/* All under one name, with a sweep that tries to snatch each temporary file between its making and its lock. */
static void test_many_at_once_while_sweeping(void **state)
{
	pthread_t thread[THREADS];
	long failed[THREADS] = { 0 };
	char name[FSIO_NAME_BYTES];
	(void)state;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, save_many, &failed[i]), 0);
	for (int i = 0; i < SAVES; i++)
		assert_true(fsio_sweep(folder) >= 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(failed[i], 0);
	}
	assert_int_equal(scratch_count(folder), THREADS * SAVES);
	for (unsigned number = 1; number <= THREADS * SAVES; number++) {
		assert_int_equal(fsio_name(name, "same", number, "txt"), 0);
		assert_content(name, "whole");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_make_folder),
		TEST(test_another_filesystem_is_left_alone),
		TEST(test_a_folder_that_moved_away_is_no_success),
		TEST(test_sweep_removes_leftovers_only),
		TEST(test_sweep_removes_what_a_killed_process_wrote),
		TEST(test_many_at_once_while_sweeping),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
