#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

enum { ROTATE_BYTES = 5 * 1024 * 1024 };

static char folder[64], file[128], captured[128];
static int real_stderr;

static int make_folder(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/pastcam-log-XXXXXX", base && strlen(base) < 32 ? base : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/log", folder);
	snprintf(captured, sizeof captured, "%s/stderr", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	const char *const names[] = { "log", "log.1", "log.2", "log.3", "stderr" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[160];
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static void replace_stderr(int fd)
{
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void restore_stderr(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
}

static void capture_stderr(void)
{
	int fd = open(captured, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	replace_stderr(fd);
	close(fd);
}

/* The last bytes of a file, terminated. */
static const char *tail(const char *path)
{
	static char text[65536];
	text[0] = '\0';
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return text;
	off_t size = lseek(fd, 0, SEEK_END);
	lseek(fd, size > 65535 ? size - 65535 : 0, SEEK_SET);
	ssize_t bytes = read(fd, text, sizeof text - 1);
	text[bytes > 0 ? bytes : 0] = '\0';
	close(fd);
	return text;
}

static const char *captured_stderr(void)
{
	restore_stderr();
	return tail(captured);
}

static int count_of(const char *text, const char *part)
{
	int count = 0;
	for (const char *found = strstr(text, part); found; found = strstr(found + 1, part))
		count++;
	return count;
}

static void open_log(enum log_level level, const char *path)
{
	struct log_params params = { .level = level, .file = path };
	assert_int_equal(log_open(&params, NULL), 0);
}

static void test_local_time_and_level_without_the_journal(void **state)
{
	(void)state;
	unsetenv("JOURNAL_STREAM");
	capture_stderr();
	open_log(LOG_LEVEL_INFO, NULL);
	log_warning("the %s is %d", "answer", 42);
	log_debug("hidden");
	int year, month, day, hour, minute, second, millisecond, used = 0;
	const char *text = captured_stderr();
	sscanf(text, "%d-%d-%d %d:%d:%d.%3d %n", &year, &month, &day, &hour, &minute, &second, &millisecond, &used);
	assert_int_equal(used, 24);
	assert_string_equal(text + used, "WARNING the answer is 42\n");
}

static void test_priorities_for_the_journal(void **state)
{
	(void)state;
	struct stat status;
	char stream[64];
	capture_stderr();
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	open_log(LOG_LEVEL_DEBUG, "");
	log_error("one");
	log_warning("two");
	log_info("three");
	log_debug("four");
	assert_string_equal(captured_stderr(), "<3>one\n<4>two\n<6>three\n<7>four\n");

	/* A journal stream that is not this stderr: someone has redirected it. */
	capture_stderr();
	setenv("JOURNAL_STREAM", "1:1", 1);
	open_log(LOG_LEVEL_INFO, "");
	log_error("one");
	assert_null(strstr(captured_stderr(), "<3>"));
	unsetenv("JOURNAL_STREAM");
}

static void test_one_line_stays_one_line(void **state)
{
	(void)state;
	char longer[2 * LOG_LINE_BYTES];
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	capture_stderr();
	open_log(LOG_LEVEL_INFO, NULL);
	errno = ENOSPC;
	log_info("%s", "a\nb\x1b[2J\xc3\xa9\x7f");
	log_info("%s", longer);
	int kept = errno;
	const char *text = captured_stderr();
	assert_int_equal(kept, ENOSPC);
	assert_non_null(strstr(text, "a?b?[2J\xc3\xa9?\n"));
	assert_int_equal(count_of(text, "\n"), 2);
	assert_int_equal(strspn(strchr(text, 'x'), "x"), LOG_LINE_BYTES - 1);
}

static void test_remembers_the_last_warnings_and_errors(void **state)
{
	(void)state;
	struct log_line lines[LOG_RECENT_COUNT + 1];
	capture_stderr();
	open_log(LOG_LEVEL_INFO, NULL);
	for (int i = 1; i <= 7; i++) {
		log_warning("warning %d", i);
		log_info("not kept");
	}
	log_error("error 8");
	captured_stderr();
	assert_int_equal(log_recent(lines, LOG_RECENT_COUNT + 1), LOG_RECENT_COUNT);
	assert_string_equal(lines[0].text, "error 8");
	assert_int_equal(lines[0].level, LOG_LEVEL_ERROR);
	assert_string_equal(lines[1].text, "warning 7");
	assert_string_equal(lines[4].text, "warning 4");
	assert_true(lines[0].wall_ns >= lines[4].wall_ns);
	assert_int_equal(log_recent(lines, 2), 2);
	assert_int_equal(log_recent(lines, 0), 0);
}

static void test_a_fault_is_told_when_it_begins_and_when_it_ends(void **state)
{
	(void)state;
	struct log_fault fault = { 0 };
	capture_stderr();
	open_log(LOG_LEVEL_INFO, NULL);
	log_fault_end(&fault, "nothing had begun");
	for (int i = 0; i < 100; i++)
		log_fault_begin(&fault, "camera silent, try %d", i);
	log_fault_end(&fault, "camera is %s", "back");
	log_fault_end(&fault, "camera is back");
	log_fault_begin(&fault, "camera silent again");
	const char *text = captured_stderr();
	assert_int_equal(count_of(text, "\n"), 3);
	assert_non_null(strstr(text, "ERROR   camera silent, try 0\n"));
	assert_non_null(strstr(text, "INFO    camera is back (after 0."));
	assert_non_null(strstr(text, "reported 100 times)\n"));
	assert_non_null(strstr(text, "ERROR   camera silent again\n"));
	assert_true(fault.active && fault.times == 1);
}

static void test_a_stuck_reader_of_stderr_holds_nobody_up(void **state)
{
	(void)state;
	static char text[1 << 20];
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	replace_stderr(ends[1]);
	open_log(LOG_LEVEL_INFO, NULL);
	for (int i = 0; i < 5000; i++)
		log_info("line %d of more than any pipe takes", i);
	ssize_t first = read(ends[0], text, sizeof text - 1);
	log_info("after the jam");
	ssize_t second = read(ends[0], text + first, sizeof text - 1 - (size_t)first);
	restore_stderr();
	close(ends[0]);
	close(ends[1]);
	assert_true(first > 0 && second > 0);
	text[first + second] = '\0';
	assert_non_null(strstr(text, "line 0 of"));
	assert_null(strstr(text, "line 4999 of"));
	assert_non_null(strstr(text, " lines were dropped here\n"));
	assert_non_null(strstr(text, "after the jam\n"));
}

static void test_a_vanished_reader_of_stderr_kills_nobody(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	replace_stderr(ends[1]);
	signal(SIGPIPE, SIG_DFL);
	log_info("nobody reads this");
	restore_stderr();
	close(ends[1]);
}

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
		cmocka_unit_test(test_local_time_and_level_without_the_journal),
		cmocka_unit_test(test_priorities_for_the_journal),
		cmocka_unit_test(test_one_line_stays_one_line),
		cmocka_unit_test(test_remembers_the_last_warnings_and_errors),
		cmocka_unit_test(test_a_fault_is_told_when_it_begins_and_when_it_ends),
		cmocka_unit_test(test_a_stuck_reader_of_stderr_holds_nobody_up),
		cmocka_unit_test(test_a_vanished_reader_of_stderr_kills_nobody),
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
