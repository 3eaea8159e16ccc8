#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "scratch.h"
#include "service/memory_guard.h"

static char folder[SCRATCH_BYTES];

static int make_folder(void **state)
{
	(void)state;
	scratch_make(folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static void write_state(const char *text)
{
	char path[SCRATCH_BYTES + 32];
	snprintf(path, sizeof path, "%s/memory-exits", folder);
	assert_int_equal(fsio_replace(path, text, strlen(text), 0644, NULL), 0);
}

static int64_t uptime_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static void write_exits(int exits, int64_t seconds_ago)
{
	char text[64];
	snprintf(text, sizeof text, "%d %" PRId64 "\n", exits, uptime_s() - seconds_ago);
	write_state(text);
}

static bool is(double value, double expected)
{
	return fabs(value - expected) < 1e-9;
}

static void test_each_exit_in_a_row_takes_a_quarter(void **state)
{
	(void)state;
	assert_true(is(memory_guard_shrink(folder), 1));
	for (int i = 1; i <= 4; i++) {
		assert_int_equal(memory_guard_note_exit(folder), 0);
		assert_true(is(memory_guard_shrink(folder), pow(0.75, i)));
	}
}

static void test_a_ring_remains_however_often(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		assert_int_equal(memory_guard_note_exit(folder), 0);
	assert_true(memory_guard_shrink(folder) >= pow(0.75, 8) - 1e-9);
}

static void test_a_quiet_day_forgives(void **state)
{
	(void)state;
	write_exits(3, 23 * 3600);
	assert_true(is(memory_guard_shrink(folder), pow(0.75, 3)));
	write_exits(3, 25 * 3600);
	assert_true(is(memory_guard_shrink(folder), 1));
	assert_int_equal(memory_guard_note_exit(folder), 0); /* counts from one again */
	assert_true(is(memory_guard_shrink(folder), 0.75));
}

static void test_nonsense_counts_as_nothing(void **state)
{
	(void)state;
	static const char *const texts[] = { "", "\n", "nonsense", "3", "-3 5", "99999999999999999999 1", "3 x" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		write_state(texts[i]);
		double shrink = memory_guard_shrink(folder);
		assert_true(shrink > 0.09 && shrink <= 1);
	}
	write_exits(3, -100); /* from before a reboot, in a folder that outlived it */
	assert_true(is(memory_guard_shrink(folder), 1));
}

static void test_without_a_folder_nothing_is_remembered(void **state)
{
	(void)state;
	assert_true(is(memory_guard_shrink(NULL), 1));
	assert_int_equal(memory_guard_note_exit(NULL), -ENOENT);
	assert_int_equal(memory_guard_note_exit("/nowhere/at/all"), -ENOENT);
}

static void test_the_folder_comes_from_the_environment(void **state)
{
	(void)state;
	unsetenv("RUNTIME_DIRECTORY");
	unsetenv("XDG_RUNTIME_DIR");
	assert_null(memory_guard_folder());
	setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
	assert_string_equal(memory_guard_folder(), "/run/user/1");
	setenv("RUNTIME_DIRECTORY", "/run/pastcam", 1);
	assert_string_equal(memory_guard_folder(), "/run/pastcam");
}

static void test_swap_slows_and_pauses(void **state)
{
	(void)state;
	assert_int_equal(memory_guard_pace_ns(0), 0);
	assert_int_equal(memory_guard_pace_ns(70), 0);
	assert_int_equal(memory_guard_pace_ns(70.1), 1500000000);
	assert_int_equal(memory_guard_pace_ns(85), 1500000000);
	assert_true(memory_guard_pace_ns(85.1) == INT64_MAX);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_each_exit_in_a_row_takes_a_quarter),
		IN_FOLDER(test_a_ring_remains_however_often),
		IN_FOLDER(test_a_quiet_day_forgives),
		IN_FOLDER(test_nonsense_counts_as_nothing),
		cmocka_unit_test(test_without_a_folder_nothing_is_remembered),
		cmocka_unit_test(test_the_folder_comes_from_the_environment),
		cmocka_unit_test(test_swap_slows_and_pauses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
