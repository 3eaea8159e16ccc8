/* The log file: written, rotated, and waited for when there is no place for it. */
#include <sys/resource.h>

#include "log_rig.h"

enum { ROTATE_BYTES = 5 * 1024 * 1024 };

static void test_writes_the_file(void **state)
{
	(void)state;
	struct stat status;
	capture_stderr();
	open_log(LOG_LEVEL_INFO, file);
	for (int i = 0; i < 50; i++)
		log_info("line %d", i);
	log_close();
	log_info("not into the file");
	captured_stderr();
	const char *text = tail(file);
	assert_int_equal(count_of(text, "\n"), 50);
	assert_non_null(strstr(text, "INFO    line 0\n"));
	assert_non_null(strstr(text, "INFO    line 49\n"));
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_mode & 0037, 0);

	capture_stderr();
	open_log(LOG_LEVEL_INFO, file);
	log_info("appended");
	log_close();
	captured_stderr();
	assert_int_equal(count_of(tail(file), "\n"), 51);
	unlink(file);
}

static void test_rotates_the_file(void **state)
{
	(void)state;
	capture_stderr();
	for (int i = 0; i < 6; i++) {
		open_log(LOG_LEVEL_INFO, file);
		log_info("generation %d", i);
		log_close();
		assert_int_equal(truncate(file, ROTATE_BYTES), 0);
	}
	captured_stderr();
	char path[160];
	const char *const wanted[] = { "generation 5", "generation 4", "generation 3", "generation 2" };
	for (int i = 0; i <= 3; i++) {
		char start[64] = "";
		snprintf(path, sizeof path, i ? "%s.%d" : "%s", file, i);
		int fd = open(path, O_RDONLY);
		assert_true(read(fd, start, sizeof start - 1) > 0);
		close(fd);
		assert_non_null(strstr(start, wanted[i]));
		unlink(path);
	}
	snprintf(path, sizeof path, "%s.4", file);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_a_removed_file_comes_back(void **state)
{
	(void)state;
	capture_stderr();
	open_log(LOG_LEVEL_INFO, file);
	unlink(file);
	log_info("into a new file");
	log_close();
	captured_stderr();
	assert_non_null(strstr(tail(file), "into a new file\n"));
	unlink(file);
}

/* Waits for what the file's thread says on stderr. */
static void wait_for_note(const char *note)
{
	while (!strstr(tail(captured), note))
		usleep(1000);
}

static void test_a_full_disk_is_noted_once(void **state)
{
	(void)state;
	struct rlimit old, small;
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 10000;
	signal(SIGXFSZ, SIG_IGN);
	capture_stderr();
	close(open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	assert_int_equal(truncate(file, 9990), 0);
	open_log(LOG_LEVEL_INFO, file);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int i = 0; i < 10; i++)
		log_info("no room for %d", i);
	wait_for_note("cannot write the log file");
	log_close();
	struct stat status;
	assert_int_equal(stat(file, &status), 0);
	setrlimit(RLIMIT_FSIZE, &old);
	const char *text = captured_stderr();
	assert_int_equal(status.st_size, 9990); /* not a torn line */
	assert_int_equal(count_of(text, "no room for"), 10);
	assert_int_equal(count_of(text, "cannot write the log file"), 1);
	unlink(file);
}

static void test_a_vanished_folder_is_noted_when_it_goes_and_when_it_is_back(void **state)
{
	(void)state;
	char inner[160], away[160], path[200];
	snprintf(inner, sizeof inner, "%s/usb", folder);
	snprintf(away, sizeof away, "%s/away", folder);
	snprintf(path, sizeof path, "%s/log", inner);
	assert_int_equal(mkdir(inner, 0700), 0);
	capture_stderr();
	open_log(LOG_LEVEL_INFO, path);
	log_info("before");
	assert_int_equal(rename(inner, away), 0);
	log_info("gone");
	wait_for_note("cannot write the log file");
	assert_int_equal(rename(away, inner), 0);
	log_info("after");
	wait_for_note("works again, ");
	log_close();
	const char *text = captured_stderr();
	assert_int_equal(count_of(text, "cannot write the log file"), 1);
	assert_int_equal(count_of(text, "works again, "), 1);
	assert_non_null(strstr(tail(path), "after\n"));
	unlink(path);
	rmdir(inner);
}

static void test_a_file_that_cannot_be_opened_yet_is_waited_for(void **state)
{
	(void)state;
	char later[160], path[192];
	struct log_line recent[LOG_RECENT_COUNT];
	snprintf(later, sizeof later, "%s/later", folder);
	snprintf(path, sizeof path, "%s/log", later);
	struct error error = { 0 };
	const struct log_params params = { .level = LOG_LEVEL_INFO, .file = path };
	assert_int_equal(log_check(&params, &error), -ENOENT);
	assert_non_null(strstr(error.text, "logging.file: cannot write "));
	capture_stderr();
	assert_int_equal(log_open(&params, &error), 0);
	log_info("while there is no folder");
	while (log_recent(recent, 1) != 1 || !strstr(recent[0].text, "cannot write the log file"))
		usleep(1000);
	assert_int_equal(mkdir(later, 0700), 0);
	assert_int_equal(log_check(&params, &error), 0);
	log_info("when there is one");
	log_close();
	restore_stderr();
	assert_non_null(strstr(tail(path), "when there is one"));
	assert_non_null(strstr(tail(captured), "works again, 1 lines were dropped"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(later), 0);
}

static void test_a_folder_is_no_log_file(void **state)
{
	(void)state;
	struct error error = { 0 };
	const struct log_params params = { .level = LOG_LEVEL_INFO, .file = folder };
	assert_int_equal(log_check(&params, &error), -EISDIR);
	assert_int_equal(log_open(&params, &error), 0);
	log_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_the_file),
		cmocka_unit_test(test_rotates_the_file),
		cmocka_unit_test(test_a_removed_file_comes_back),
		cmocka_unit_test(test_a_full_disk_is_noted_once),
		cmocka_unit_test(test_a_vanished_folder_is_noted_when_it_goes_and_when_it_is_back),
		cmocka_unit_test(test_a_file_that_cannot_be_opened_yet_is_waited_for),
		cmocka_unit_test(test_a_folder_is_no_log_file),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
