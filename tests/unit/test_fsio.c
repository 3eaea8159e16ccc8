#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fsio_rig.h"

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

static int set_up(void **state)
{
	(void)state;
	memset(&fault, 0, sizeof fault);
	scratch_make(folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	memset(&fault, 0, sizeof fault);
	scratch_remove(folder);
	return 0;
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
	ssize_t length = readlink(path, target, sizeof target);
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

	memset(base, 'x', sizeof base - 1);
	base[sizeof base - 1] = '\0';
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
	int result = fsio_write(file.fd, data, sizeof data);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	fsio_abort(&file);
	assert_int_equal(result, -EFBIG);
	assert_int_equal(scratch_count(folder), 0);
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

	assert_non_null(getcwd(before, sizeof before));
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

static void test_a_service_is_told_of_its_unit(void **state)
{
	(void)state;
	struct error error;
	unsetenv("INVOCATION_ID");
	assert_int_equal(fsio_explain(&error, -EROFS, "/media/usb"), -EROFS);
	assert_string_equal(error.text, "disk is read-only: /media/usb: Read-only file system");
	setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
	char path[200] = "/media/usb/";
	memset(path + strlen(path), 'x', 150);
	assert_int_equal(fsio_explain(&error, -EROFS, path), -EROFS);
	unsetenv("INVOCATION_ID");
	assert_non_null(strstr(error.text, "disk is read-only: /media/usb/x"));
	assert_non_null(strstr(error.text, "ReadWritePaths="));
	assert_non_null(strstr(error.text, "usb-drive.conf in share/doc/pastcam"));
}

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
		TEST(test_replace),
		TEST(test_replace_in_the_current_folder),
		TEST(test_read_small),
		cmocka_unit_test(test_a_service_is_told_of_its_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
