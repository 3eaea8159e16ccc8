#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsio.h"
#include "scratch.h"

/* The system calls that a test can make fail; these stand before the C library's. */
static struct {
	int renameat2, linkat, renameat; /* errno to fail with; 0: works */
	int fsync_file, fsync_folder;
	bool short_writes;
	unsigned writes;
} fault;

int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)
{
	if (fault.renameat2 != 0) {
		errno = fault.renameat2;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
	if (fault.linkat != 0) {
		errno = fault.linkat;
		return -1;
	}
	return (int)syscall(SYS_linkat, from, old, to, new, flags);
}

int renameat(int from, const char *old, int to, const char *new)
{
	if (fault.renameat != 0) {
		errno = fault.renameat;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

int fsync(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -1;
	errno = S_ISDIR(status.st_mode) ? fault.fsync_folder : fault.fsync_file;
	return errno == 0 ? 0 : -1;
}

ssize_t write(int fd, const void *data, size_t bytes)
{
	if (fault.short_writes && fault.writes++ % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_write, fd, data, fault.short_writes && bytes > 3 ? 3 : bytes);
}

static char folder[SCRATCH_BYTES];

static int set_up(void **state)
{
	(void)state;
	memset(&fault, 0, sizeof(fault));
	scratch_make(folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memset(&fault, 0, sizeof(fault));
	scratch_remove(folder);
	return 0;
}

static void path_of(char path[FSIO_PATH_BYTES], const char *name)
{
	assert_true(snprintf(path, FSIO_PATH_BYTES, "%s/%s", folder, name) < FSIO_PATH_BYTES);
}

static void assert_content(const char *name, const char *content)
{
	char path[FSIO_PATH_BYTES], text[256];

	path_of(path, name);
	assert_int_equal(fsio_read_small(path, text, sizeof(text)), (ssize_t)strlen(content));
	assert_string_equal(text, content);
}

static void put_file(const char *name, const char *content)
{
	char path[FSIO_PATH_BYTES];

	path_of(path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

static int try_save(const char *content, char name[FSIO_NAME_BYTES], struct error *error)
{
	struct fsio_file file;
	unsigned number = 1;

	assert_int_equal(fsio_begin(&file, folder, 0, error), 0);
	assert_int_equal(fsio_write(file.fd, content, strlen(content)), 0);
	return fsio_commit(&file, "picture", "txt", &number, name, error);
}

static void assert_saved_as(const char *content, const char *expected)
{
	char name[FSIO_NAME_BYTES];

	assert_int_equal(try_save(content, name, NULL), 0);
	assert_string_equal(name, expected);
	assert_content(expected, content);
}

static void assert_never_overwrites(void)
{
	assert_saved_as("first", "picture.txt");
	assert_saved_as("second", "picture-2.txt");
	assert_saved_as("third", "picture-3.txt");
	assert_content("picture.txt", "first");
	assert_content("picture-2.txt", "second");
	assert_int_equal(scratch_count(folder), 3);
}

static void test_never_overwrites(void **state)
{
	(void)state;
	assert_never_overwrites();
}

static void test_never_overwrites_without_renameat2(void **state)
{
	(void)state;
	fault.renameat2 = EINVAL;
	assert_never_overwrites();
}

static void test_never_overwrites_without_links_either(void **state)
{
	(void)state;
	fault.renameat2 = ENOSYS;
	fault.linkat = EPERM;
	assert_never_overwrites();
}

static void test_commit_counts_on_from_number(void **state)
{
	struct fsio_file file;
	char name[FSIO_NAME_BYTES];
	unsigned number = 5;
	(void)state;

	put_file("picture-5.txt", "taken");
	assert_int_equal(fsio_begin(&file, folder, 0, NULL), 0);
	assert_int_equal(fsio_commit(&file, "picture", "txt", &number, name, NULL), 0);
	assert_int_equal(number, 6);
	assert_string_equal(name, "picture-6.txt");
}

static void test_a_link_in_the_way_is_kept(void **state)
{
	char path[FSIO_PATH_BYTES], target[64];
	(void)state;

	path_of(path, "picture.txt");
	assert_int_equal(symlink("nowhere", path), 0);
	assert_saved_as("mine", "picture-2.txt");
	ssize_t length = readlink(path, target, sizeof(target));
	assert_int_equal(length, strlen("nowhere"));
	assert_memory_equal(target, "nowhere", strlen("nowhere"));
}

static void assert_commit_fails(int code, const char *words)
{
	char name[FSIO_NAME_BYTES];
	struct error error = { 0 };

	assert_int_equal(try_save("lost", name, &error), code);
	assert_int_equal(error.code, code);
	assert_non_null(strstr(error.text, words));
	assert_non_null(strstr(error.text, folder));
	assert_int_equal(scratch_count(folder), 0);
}

static void test_failing_sync_leaves_nothing(void **state)
{
	(void)state;
	fault.fsync_file = EIO;
	assert_commit_fails(-EIO, "disk error");
	fault.fsync_file = ENOSPC;
	assert_commit_fails(-ENOSPC, "disk full: ");
	fault.fsync_file = 0;
	fault.fsync_folder = EIO;
	assert_commit_fails(-EIO, "disk error");
}

static void test_failing_rename_leaves_nothing(void **state)
{
	(void)state;
	fault.renameat2 = EROFS;
	assert_commit_fails(-EROFS, "read-only");
	fault.renameat2 = EINVAL;
	fault.linkat = ENOSPC;
	assert_commit_fails(-ENOSPC, "disk full: ");
	fault.linkat = EPERM;
	fault.renameat = EIO;
	assert_commit_fails(-EIO, "disk error");
}

static void test_folders_that_cannot_be_synced_are_fine(void **state)
{
	(void)state;
	fault.fsync_folder = EINVAL;
	assert_saved_as("kept", "picture.txt");
}

static void test_too_long_a_name_fails(void **state)
{
	struct fsio_file file;
	char name[FSIO_NAME_BYTES], base[FSIO_NAME_BYTES + 1];
	unsigned number = 1;
	(void)state;

	memset(base, 'x', sizeof(base) - 1);
	base[sizeof(base) - 1] = '\0';
	assert_int_equal(fsio_begin(&file, folder, 0, NULL), 0);
	assert_int_equal(fsio_commit(&file, base, "txt", &number, name, NULL), -ENAMETOOLONG);
	assert_int_equal(scratch_count(folder), 0);
}

static void test_abort_leaves_nothing(void **state)
{
	struct fsio_file file = FSIO_FILE_NULL;
	(void)state;

	fsio_abort(&file);
	assert_int_equal(fsio_begin(&file, folder, 0, NULL), 0);
	assert_int_equal(scratch_count(folder), 1);
	fsio_abort(&file);
	assert_int_equal(scratch_count(folder), 0);
	assert_int_equal(file.fd, -1);
	fsio_abort(&file);
}

static void test_begin_in_a_missing_folder_fails(void **state)
{
	struct fsio_file file;
	struct error error = { 0 };
	char path[FSIO_PATH_BYTES];
	(void)state;

	path_of(path, "missing");
	assert_int_equal(fsio_begin(&file, path, 0, &error), -ENOENT);
	assert_non_null(strstr(error.text, "gone"));
	assert_int_equal(file.folder, -1);
}

static void test_write_goes_on_after_signals_and_short_counts(void **state)
{
	(void)state;
	fault.short_writes = true;
	assert_saved_as("all of these words arrive", "picture.txt");
	assert_true(fault.writes > 10);
}

static void test_write_to_a_full_disk_fails(void **state)
{
	(void)state;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(full >= 0);
	assert_int_equal(fsio_write(full, "x", 1), -ENOSPC);
	close(full);
}

static void test_file_size_limit_fails_and_leaves_nothing(void **state)
{
	struct fsio_file file;
	struct rlimit before, small;
	char data[8192] = { 0 };
	(void)state;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 4096, before.rlim_max };
	assert_int_equal(fsio_begin(&file, folder, 0, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int result = fsio_write(file.fd, data, sizeof(data));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	fsio_abort(&file);
	assert_int_equal(result, -EFBIG);
	assert_int_equal(scratch_count(folder), 0);
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
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
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

static void test_replace(void **state)
{
	char path[FSIO_PATH_BYTES];
	struct stat status;
	struct error error = { 0 };
	(void)state;

	path_of(path, "state");
	assert_int_equal(fsio_replace(path, "old", 3, 0600, NULL), 0);
	assert_int_equal(fsio_replace(path, "newer", 5, 0640, NULL), 0);
	assert_content("state", "newer");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	fault.fsync_file = ENOSPC;
	assert_int_equal(fsio_replace(path, "lost", 4, 0640, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "disk full"));
	fault.fsync_file = 0;
	assert_content("state", "newer");
	assert_int_equal(scratch_count(folder), 1);
	path_of(path, "missing/state");
	assert_int_equal(fsio_replace(path, "x", 1, 0640, &error), -ENOENT);
}

static void test_replace_in_the_current_folder(void **state)
{
	char before[FSIO_PATH_BYTES];
	(void)state;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(folder), 0);
	int result = fsio_replace("state", "here", 4, 0600, NULL);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(result, 0);
	assert_content("state", "here");
}

static void test_read_small(void **state)
{
	char path[FSIO_PATH_BYTES], text[6];
	(void)state;

	put_file("five", "12345");
	path_of(path, "five");
	assert_int_equal(fsio_read_small(path, text, 6), 5);
	assert_string_equal(text, "12345");
	assert_int_equal(fsio_read_small(path, text, 5), -EFBIG);
	assert_string_equal(text, "1234");
	assert_int_equal(fsio_read_small("/dev/null", text, 1), 0);
	path_of(path, "missing");
	assert_int_equal(fsio_read_small(path, text, 6), -ENOENT);
	assert_string_equal(text, "");
	assert_int_equal(fsio_read_small(folder, text, 6), -EISDIR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_never_overwrites),
		TEST(test_never_overwrites_without_renameat2),
		TEST(test_never_overwrites_without_links_either),
		TEST(test_commit_counts_on_from_number),
		TEST(test_a_link_in_the_way_is_kept),
		TEST(test_failing_sync_leaves_nothing),
		TEST(test_failing_rename_leaves_nothing),
		TEST(test_folders_that_cannot_be_synced_are_fine),
		TEST(test_too_long_a_name_fails),
		TEST(test_abort_leaves_nothing),
		TEST(test_begin_in_a_missing_folder_fails),
		TEST(test_write_goes_on_after_signals_and_short_counts),
		TEST(test_write_to_a_full_disk_fails),
		TEST(test_file_size_limit_fails_and_leaves_nothing),
		TEST(test_make_folder),
		TEST(test_another_filesystem_is_left_alone),
		TEST(test_a_folder_that_moved_away_is_no_success),
		TEST(test_sweep_removes_leftovers_only),
		TEST(test_sweep_removes_what_a_killed_process_wrote),
		TEST(test_many_at_once_while_sweeping),
		TEST(test_replace),
		TEST(test_replace_in_the_current_folder),
		TEST(test_read_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
