/* What is logged on stderr, and what is remembered of it. */
#include "log_rig.h"

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
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
