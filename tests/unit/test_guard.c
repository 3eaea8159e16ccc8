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

#include "base/clock.h"
#include "base/fsio.h"
#include "scratch.h"
#include "service/memory_guard.h"

#define SECOND CLOCK_NS_PER_S

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

#define MIB UINT64_C(1048576)

static const struct memory_cgroup no_cgroup = { .limit = UINT64_MAX, .full_avg10 = -1 };

/* Of a machine of 4096 MiB; a second reading, ten seconds after one with nothing swapped. */
static enum memory_level level_with(uint64_t available_mib, double full_avg10, uint64_t swapped_mib)
{
	struct memory_guard guard = { 0 };
	struct memory_pressure machine = { 4000 * MIB, 4096 * MIB, 7 * MIB, 0 };
	assert_false(memory_guard_read(&guard, &machine, &no_cgroup, SECOND));
	machine = (struct memory_pressure){ available_mib * MIB, 4096 * MIB, (7 + swapped_mib) * MIB, full_avg10 };
	bool changed = memory_guard_read(&guard, &machine, &no_cgroup, 11 * SECOND);
	assert_int_equal(changed, guard.level != MEMORY_ENOUGH);
	assert_int_equal(guard.why[0] != '\0', changed);
	return guard.level;
}

static void test_capture_pauses_for_want_of_memory_and_not_for_full_swap(void **state)
{
	(void)state;
	assert_int_equal(level_with(3000, 0, 0), MEMORY_ENOUGH);
	assert_int_equal(level_with(3000, 90, 500), MEMORY_ENOUGH); /* somebody else's cgroup thrashes */
	assert_int_equal(level_with(300, 0, 0), MEMORY_ENOUGH);     /* little, and nobody misses it */
	assert_int_equal(level_with(300, 9, 9), MEMORY_ENOUGH);
	assert_int_equal(level_with(300, 10, 0), MEMORY_TIGHT);
	assert_int_equal(level_with(300, 0, 10), MEMORY_TIGHT);
	assert_int_equal(level_with(300, -1, 10), MEMORY_TIGHT); /* a kernel without PSI */
	assert_int_equal(level_with(30, 0, 0), MEMORY_TIGHT);
	assert_int_equal(level_with(300, 30, 0), MEMORY_THRASHING);
	assert_int_equal(level_with(300, -1, 80), MEMORY_THRASHING);
}

static void test_what_is_unknown_pauses_nothing(void **state)
{
	(void)state;
	struct memory_guard guard = { 0 };
	struct memory_pressure hidden = { MEMORY_UNKNOWN, MEMORY_UNKNOWN, MEMORY_UNKNOWN, -1 };
	for (int i = 1; i < 100; i++)
		assert_false(memory_guard_read(&guard, &hidden, &no_cgroup, i * SECOND));
	hidden.full_avg10 = 99;
	assert_false(memory_guard_read(&guard, &hidden, &no_cgroup, 200 * SECOND));
}

static void test_a_cgroup_counts_by_its_own_pressure(void **state)
{
	(void)state;
	struct memory_guard guard = { 0 };
	const struct memory_pressure plenty = { 4000 * MIB, 4096 * MIB, 0, 99 };
	struct memory_cgroup cgroup = { .limit = 500 * MIB, .used = 495 * MIB, .full_avg10 = 0 };
	assert_false(memory_guard_read(&guard, &plenty, &cgroup, SECOND)); /* as full as we fill it */
	cgroup.full_avg10 = 40;
	assert_true(memory_guard_read(&guard, &plenty, &cgroup, 2 * SECOND));
	assert_int_equal(guard.level, MEMORY_THRASHING);
	assert_non_null(strstr(guard.why, "of its cgroup"));
}

static void test_a_pause_ends_when_it_has_been_calm_for_a_while(void **state)
{
	(void)state;
	struct memory_guard guard = { 0 };
	struct memory_pressure machine = { 100 * MIB, 4096 * MIB, 0, 50 };
	assert_true(memory_guard_read(&guard, &machine, &no_cgroup, SECOND));
	assert_int_equal(guard.level, MEMORY_THRASHING);
	machine.full_avg10 = 0;
	assert_false(memory_guard_read(&guard, &machine, &no_cgroup, 15 * SECOND));
	assert_int_equal(guard.level, MEMORY_THRASHING);
	assert_true(memory_guard_read(&guard, &machine, &no_cgroup, 17 * SECOND));
	assert_int_equal(guard.level, MEMORY_ENOUGH);
	assert_string_equal(guard.why, "");
}

static void test_each_level_has_its_pace(void **state)
{
	(void)state;
	assert_int_equal(memory_guard_pace_ns(MEMORY_ENOUGH), 0);
	assert_int_equal(memory_guard_pace_ns(MEMORY_TIGHT), 1500000000);
	assert_true(memory_guard_pace_ns(MEMORY_THRASHING) == INT64_MAX);
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
		cmocka_unit_test(test_capture_pauses_for_want_of_memory_and_not_for_full_swap),
		cmocka_unit_test(test_what_is_unknown_pauses_nothing),
		cmocka_unit_test(test_a_cgroup_counts_by_its_own_pressure),
		cmocka_unit_test(test_a_pause_ends_when_it_has_been_calm_for_a_while),
		cmocka_unit_test(test_each_level_has_its_pace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
