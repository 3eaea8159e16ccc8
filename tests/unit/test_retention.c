#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "export/export.h"
#include "export/retention.h"
#include "export/retention_pass.h"

#define S CLOCK_NS_PER_S
#define HOUR_NS (3600 * S)
#define DAY_NS (24 * HOUR_NS)
#define MIB INT64_C(1048576)
#define NOW_NS (1700000000 * S)
enum { FILE_BYTES = 8192 };

static char folder[64];
static int fd = -1;
static atomic_bool never;

static int make_folder(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/pastcam-retention-XXXXXX", base && strlen(base) < 30 ? base : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
	(void)state;
	char command[128];
	close(fd);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

/* A picture of FILE_BYTES with that time. */
static void put(const char *name, int64_t modified_ns)
{
	char bytes[FILE_BYTES];
	memset(bytes, 'x', sizeof bytes);
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(file >= 0);
	assert_int_equal(fsio_write(file, bytes, sizeof bytes), 0);
	struct timespec times[2] = { { 0, UTIME_NOW }, { modified_ns / S, modified_ns % S } };
	assert_int_equal(futimens(file, times), 0);
	close(file);
}

/* The picture number, whose name says nothing about its age. */
static const char *name_of(unsigned number)
{
	static char name[SCAN_NAME_BYTES];
	snprintf(name, sizeof name, "20250101_120000_f%08u.jpg", (number * 7919) % 100000);
	return name;
}

static void put_row(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		put(name_of(i), NOW_NS - DAY_NS + i * S);
}

static bool there(const char *name)
{
	struct stat status;
	return fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int64_t disk_bytes(const char *name)
{
	struct stat status;
	assert_int_equal(fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
	return (int64_t)status.st_blocks * 512;
}

static int64_t wall_now_ns, monotonic_now_ns;
static int64_t jump_at_next_look_ns; /* as if the clock jumped after this look */

static int64_t fake_wall_ns(void)
{
	int64_t now_ns = wall_now_ns;
	wall_now_ns += jump_at_next_look_ns;
	jump_at_next_look_ns = 0;
	return now_ns;
}

static int64_t fake_monotonic_ns(void)
{
	return monotonic_now_ns;
}

static struct retention_pass *new_round(int64_t max_total, int64_t max_age_ns)
{
	struct retention_pass *round = calloc(1, sizeof *round);
	assert_non_null(round);
	round->folder = folder;
	round->max_total_bytes = max_total;
	round->max_age_ns = max_age_ns;
	round->stop = &never;
	round->wall_ns = fake_wall_ns;
	round->monotonic_ns = fake_monotonic_ns;
	return round;
}

/* Returns how many pictures went. */
static uint64_t run(struct retention_pass *round, int64_t wall_ns, int64_t monotonic_ns)
{
	struct retention_pass_result result;
	struct error error = { 0 };
	wall_now_ns = wall_ns;
	monotonic_now_ns = monotonic_ns;
	assert_int_equal(retention_pass_run(round, &result, &error), 0);
	return result.deleted;
}

static void test_the_oldest_go_first_and_no_more_than_needed(void **state)
{
	(void)state;
	put_row(20);
	struct retention_pass *round = new_round(12 * disk_bytes(name_of(0)), 0);
	assert_int_equal(run(round, NOW_NS, 0), 8);
	for (unsigned i = 0; i < 20; i++)
		assert_true(there(name_of(i)) == (i >= 8));
	assert_int_equal(run(round, NOW_NS, 0), 0);
	assert_int_equal(round->scan.pictures, 12);
	free(round);
}

static void test_more_pictures_than_one_scan_keeps(void **state)
{
	(void)state;
	enum { MANY = SCAN_KEPT * 2 + 300, LEFT = 100 };
	put_row(MANY);
	struct retention_pass *round = new_round(LEFT * disk_bytes(name_of(0)), 0);
	assert_int_equal(run(round, NOW_NS, 0), MANY - LEFT);
	for (unsigned i = 0; i < MANY; i++)
		assert_true(there(name_of(i)) == (i >= MANY - LEFT));
	free(round);
}

static void test_only_own_regular_files_right_in_the_folder(void **state)
{
	(void)state;
	const char *const others[] = { "holiday.jpg", "20250101_120000_f00000001.jpg.bak", "20250101_120000.jpg", "notes",
		                           "20250101_120000_f00000001.gif" };
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		put(others[i], NOW_NS - DAY_NS);
	assert_int_equal(mkdirat(fd, "sub", 0755), 0);
	put("sub/20250101_120000_f00000002.jpg", NOW_NS - DAY_NS);
	assert_int_equal(mkdirat(fd, "20250101_120000_f00000003.jpg", 0755), 0);
	assert_int_equal(symlinkat("notes", fd, "20250101_120000_f00000004.jpg"), 0);
	assert_int_equal(mkfifoat(fd, "20250101_120000_f00000005.jpg", 0644), 0);
	put("20250101_120000_f00000006.jpg", NOW_NS - DAY_NS);

	struct retention_pass *round = new_round(1, 0);
	assert_int_equal(run(round, NOW_NS, 0), 1);
	assert_false(there("20250101_120000_f00000006.jpg"));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_true(there(others[i]));
	assert_true(there("sub/20250101_120000_f00000002.jpg"));
	assert_true(there("20250101_120000_f00000003.jpg"));
	assert_true(there("20250101_120000_f00000004.jpg"));
	assert_true(there("20250101_120000_f00000005.jpg"));
	free(round);
}

static void test_what_changed_since_the_scan_is_left_alone(void **state)
{
	(void)state;
	struct scan *scan = calloc(1, sizeof *scan);
	put_row(3);
	assert_int_equal(scan_folder(scan, fd, NOW_NS, &never), 0);
	assert_int_equal(scan->count, 3);
	put(name_of(0), NOW_NS - HOUR_NS);
	assert_int_equal(unlinkat(fd, name_of(1), 0), 0);
	assert_int_equal(unlinkat(fd, name_of(2), 0), 0);
	assert_int_equal(symlinkat("elsewhere", fd, name_of(2)), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(scan_remove(fd, &scan->oldest[i]), 0);
	assert_true(there(name_of(0)));
	assert_true(there(name_of(2)));
	free(scan);
}

static void test_equal_times_go_by_name_and_times_ahead_go_first(void **state)
{
	(void)state;
	struct scan *scan = calloc(1, sizeof *scan);
	put("20250101_120000_f00000009.jpg", NOW_NS - DAY_NS);
	put("20250101_120000_f00000008.png", NOW_NS - DAY_NS);
	put("20250101_120000_f00000001.jpg", NOW_NS - HOUR_NS);
	put("20390101_120000_f00000007.jpg", NOW_NS + 4000 * DAY_NS);
	put("20380101_120000_f00000007.jpg", NOW_NS + 3600 * DAY_NS);
	put("20250101_120000_f00000002.jpg", NOW_NS + HOUR_NS);
	assert_int_equal(scan_folder(scan, fd, NOW_NS, &never), 0);
	const char *const order[] = { "20380101_120000_f00000007.jpg", "20390101_120000_f00000007.jpg",
		                          "20250101_120000_f00000008.png", "20250101_120000_f00000009.jpg",
		                          "20250101_120000_f00000001.jpg", "20250101_120000_f00000002.jpg" };
	assert_int_equal(scan->count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(scan->oldest[i].name, order[i]);
	free(scan);
}

static void test_a_scan_can_be_stopped(void **state)
{
	(void)state;
	struct scan *scan = calloc(1, sizeof *scan);
	atomic_bool at_once = true;
	put_row(3);
	assert_int_equal(scan_folder(scan, fd, NOW_NS, &at_once), -ECANCELED);
	free(scan);
}

static void test_a_folder_that_is_not_there_is_no_error(void **state)
{
	(void)state;
	struct retention_pass *round = new_round(1, 0);
	char path[128];
	snprintf(path, sizeof path, "%s/later/on", folder);
	round->folder = path;
	assert_int_equal(run(round, NOW_NS, 0), 0);
	free(round);
}

static void test_a_folder_on_another_filesystem_is_left_alone(void **state)
{
	(void)state;
	struct stat here, proc;
	struct retention_pass *round = new_round(1, 0);
	put_row(3);
	assert_int_equal(stat(folder, &here), 0);
	assert_int_equal(stat("/proc", &proc), 0);
	round->device = proc.st_dev;
	assert_int_equal(run(round, NOW_NS, 0), 0);
	round->device = here.st_dev;
	assert_int_equal(run(round, NOW_NS, 0), 3);
	free(round);
}

static void test_scans_are_seldom_but_new_pictures_are_seen(void **state)
{
	(void)state;
	struct retention_pass *round = new_round(0, 0);
	put_row(3);
	run(round, NOW_NS, 0);
	assert_int_equal(round->scan.pictures, 3);
	put(name_of(3), NOW_NS - HOUR_NS);
	run(round, NOW_NS, S);
	assert_int_equal(round->scan.pictures, 3);
	run(round, NOW_NS, HOUR_NS);
	assert_int_equal(round->scan.pictures, 4);
	free(round);
}

static void test_a_picture_stays_for_a_minute(void **state)
{
	(void)state;
	struct retention_pass *round = new_round(1, 0);
	put(name_of(0), NOW_NS - 59 * S);
	assert_int_equal(run(round, NOW_NS, 0), 0);
	assert_int_equal(run(round, NOW_NS + 2 * S, 2 * S), 1);
	free(round);
}

static void test_nothing_goes_for_a_minute_after_the_clock_jumped(void **state)
{
	(void)state;
	const int64_t jumps[] = { 4000 * DAY_NS, -4000 * DAY_NS };
	for (size_t i = 0; i < 2; i++) {
		struct retention_pass *round = new_round(1, 0);
		put(name_of(0), NOW_NS - 10 * S);
		assert_int_equal(run(round, NOW_NS, 0), 0);
		assert_int_equal(run(round, NOW_NS + S + jumps[i], S), 0);
		assert_int_equal(run(round, NOW_NS + 60 * S + jumps[i], 60 * S), 0);
		assert_true(there(name_of(0)));
		assert_int_equal(run(round, NOW_NS + 61 * S + jumps[i], 61 * S), 1);
		free(round);
	}
}

static void test_a_jump_during_the_scan_is_seen(void **state)
{
	(void)state;
	struct retention_pass *round = new_round(1, 0);
	assert_int_equal(run(round, NOW_NS, 0), 0);
	put(name_of(0), NOW_NS - 3000 * DAY_NS); /* just now, by the clock that jumps back after the round has begun */
	jump_at_next_look_ns = -3000 * DAY_NS;
	assert_int_equal(run(round, NOW_NS + HOUR_NS, HOUR_NS), 0);
	assert_true(there(name_of(0)));
	free(round);
}

static void test_age_counts_when_the_clock_was_steady_for_an_hour(void **state)
{
	(void)state;
	struct retention_pass *round = new_round(0, 30 * DAY_NS);
	int64_t jump_ns = 3650 * DAY_NS;
	put(name_of(0), NOW_NS - 31 * DAY_NS);
	put(name_of(1), NOW_NS - 29 * DAY_NS);
	put("20390101_120000_f00000007.jpg", NOW_NS + 400 * DAY_NS);
	assert_int_equal(run(round, NOW_NS, 0), 0);
	/* Wrong by ten years, for half an hour: nothing is lost. */
	assert_int_equal(run(round, NOW_NS + 1800 * S + jump_ns, 1800 * S), 0);
	assert_int_equal(run(round, NOW_NS + 3500 * S + jump_ns, 3500 * S), 0);
	assert_int_equal(run(round, NOW_NS + 3600 * S, 3600 * S), 0);
	assert_int_equal(run(round, NOW_NS + 7199 * S, 7199 * S), 0);
	assert_int_equal(run(round, NOW_NS + 7201 * S, 7201 * S), 1);
	assert_false(there(name_of(0)));
	assert_true(there(name_of(1)));
	assert_true(there("20390101_120000_f00000007.jpg"));
	free(round);
}

static void test_what_is_missing_goes_and_no_more(void **state)
{
	(void)state;
	struct rules_state rules = { .wall_ns = NOW_NS, .monotonic_ns = S, .missing_bytes = 1 };
	struct scan_picture old = { .modified_ns = NOW_NS - DAY_NS };
	assert_int_equal(rules_must_go(&rules, &old), RETENTION_FREE_SPACE);
	rules.missing_bytes = 0;
	assert_int_equal(rules_must_go(&rules, &old), RETENTION_KEEP);
}

static void test_room_on_disks_of_all_sizes(void **state)
{
	(void)state;
	const struct {
		int64_t asked, total, min_free, floor;
	} cases[] = {
		{ -1, 100000 * MIB, 5000 * MIB, 16 * MIB }, /* 5 % */
		{ -1, 3000 * MIB, 200 * MIB, 16 * MIB },    /* 200 MiB */
		{ -1, 1000 * MIB, 100 * MIB, 16 * MIB },    /* a tenth at most */
		{ -1, 60 * MIB, 6 * MIB, 3 * MIB },
		{ 500 * MIB, 3000 * MIB, 500 * MIB, 16 * MIB },
		{ 500 * MIB, 60 * MIB, 30 * MIB, 15 * MIB }, /* half at most */
		{ 0, 3000 * MIB, 0, 0 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rules_room room = rules_room(cases[i].asked, cases[i].total);
		assert_int_equal(room.min_free, cases[i].min_free);
		assert_int_equal(room.floor, cases[i].floor);
		assert_int_equal(room.goal, cases[i].min_free + cases[i].min_free / 8);
	}
}

static void test_the_filesystem_beneath_is_refused(void **state)
{
	(void)state;
	struct disk disk = { 0 };
	struct stat status;
	struct error error = { 0 };
	char later[128];
	snprintf(later, sizeof later, "%s/later", folder);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(disk_check(&disk, later, "/dev/null", &error), 1);
	assert_int_equal(disk.device, status.st_dev);
	assert_int_equal(disk_check(&disk, later, "/dev/null", &error), 0);
	/* As if it had been on a drive mounted over this very filesystem. */
	disk = (struct disk){ .known = true, .device = ~status.st_dev, .beneath_count = 1, .beneath = { status.st_dev } };
	assert_int_equal(disk_check(&disk, later, "/dev/null", &error), -EXDEV);
	assert_non_null(strstr(error.text, "went away"));
	assert_int_equal(disk_check(&disk, folder, "/dev/null", &error), -EXDEV);
	/* And as if one drive were swapped for another. */
	disk.beneath[0] = ~status.st_dev;
	assert_int_equal(disk_check(&disk, folder, "/dev/null", &error), 1);
	assert_int_equal(disk_check(&disk, folder, "/dev/null", &error), 0);
}

static void write_table(const char *text)
{
	int file = openat(fd, "fstab", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(fsio_write(file, text, strlen(text)), 0);
	close(file);
}

static void test_a_mount_point_of_fstab_must_be_mounted(void **state)
{
	(void)state;
	struct disk disk = { 0 };
	struct error error = { 0 };
	char table[128], text[512], pictures[128];
	snprintf(table, sizeof table, "%s/fstab", folder);
	snprintf(pictures, sizeof pictures, "%s/usb/pictures", folder);
	snprintf(text, sizeof text, "# comment\nUUID=1 / ext4 defaults 0 1\nUUID=2 %s/usb ext4 nofail 0 2\n", folder);
	write_table(text);
	for (int made = 0; made < 3; made++) {
		assert_int_equal(disk_check(&disk, pictures, table, &error), -EXDEV);
		assert_non_null(strstr(error.text, "is not there"));
		assert_false(disk.known);
		assert_int_equal(mkdirat(fd, made == 0 ? "usb" : made == 1 ? "usb/pictures" : "usb-other", 0755), 0);
	}
	snprintf(pictures, sizeof pictures, "%s/usb-other", folder);
	assert_int_equal(disk_check(&disk, pictures, table, &error), 1);
	disk = (struct disk){ 0 };
	write_table("proc /proc proc defaults 0 0\n");
	assert_int_equal(disk_check(&disk, "/proc/self", table, &error), 1);
}

static struct retention_status wait_for_pictures(struct retention *retention, uint64_t count)
{
	struct retention_status status = { 0 };
	for (int i = 0; i < 3000; i++) {
		retention_status(retention, &status);
		if (status.total_bytes >= 0 && status.pictures == count)
			return status;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	fail_msg("%d pictures were left where %d were expected", (int)status.pictures, (int)count);
	return status;
}

static void test_the_whole_of_it(void **state)
{
	(void)state;
	dev_t device;
	struct stat here;
	struct error error = { 0 };
	for (unsigned i = 0; i < 10; i++)
		put(name_of(i), clock_wall_ns() - DAY_NS + i * S);
	put(FSIO_TEMPORARY_PREFIX "12-ab", NOW_NS);
	struct retention_params params = { .base_dir = folder, .max_total_bytes = 4 * disk_bytes(name_of(0)) };
	struct retention *retention = retention_create(&params, &error);
	assert_non_null(retention);
	struct retention_status status = wait_for_pictures(retention, 4);
	assert_int_equal(status.deleted, 6);
	assert_int_equal(status.total_bytes, params.max_total_bytes);
	assert_int_equal(status.deleted_bytes, 6 * disk_bytes(name_of(9)));
	assert_true(status.free_bytes > 0);
	assert_false(there(FSIO_TEMPORARY_PREFIX "12-ab"));
	assert_int_equal(retention_gate(retention, &device, &error), 0);
	assert_int_equal(stat(folder, &here), 0);
	assert_int_equal(device, here.st_dev);
	retention_destroy(retention);
	assert_true(there(name_of(9)));
	assert_false(there(name_of(0)));
}

static void test_a_relative_folder_is_kept_apart_from_later_moves(void **state)
{
	(void)state;
	char before[FSIO_PATH_BYTES];
	dev_t device;
	struct error error = { 0 };
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(folder), 0);
	put(name_of(0), NOW_NS);
	struct retention *retention = retention_create(&(struct retention_params){ .base_dir = "." }, &error);
	assert_non_null(retention);
	assert_int_equal(chdir(before), 0);
	wait_for_pictures(retention, 1);
	assert_int_equal(retention_gate(retention, &device, &error), 0);
	retention_destroy(retention);
	retention_destroy(NULL);
}

int main(void)
{
#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		ON_DISK(test_the_oldest_go_first_and_no_more_than_needed),
		ON_DISK(test_more_pictures_than_one_scan_keeps),
		ON_DISK(test_only_own_regular_files_right_in_the_folder),
		ON_DISK(test_what_changed_since_the_scan_is_left_alone),
		ON_DISK(test_equal_times_go_by_name_and_times_ahead_go_first),
		ON_DISK(test_a_scan_can_be_stopped),
		ON_DISK(test_a_folder_that_is_not_there_is_no_error),
		ON_DISK(test_a_folder_on_another_filesystem_is_left_alone),
		ON_DISK(test_scans_are_seldom_but_new_pictures_are_seen),
		ON_DISK(test_a_picture_stays_for_a_minute),
		ON_DISK(test_nothing_goes_for_a_minute_after_the_clock_jumped),
		ON_DISK(test_a_jump_during_the_scan_is_seen),
		ON_DISK(test_age_counts_when_the_clock_was_steady_for_an_hour),
		cmocka_unit_test(test_what_is_missing_goes_and_no_more),
		cmocka_unit_test(test_room_on_disks_of_all_sizes),
		ON_DISK(test_the_filesystem_beneath_is_refused),
		ON_DISK(test_a_mount_point_of_fstab_must_be_mounted),
		ON_DISK(test_the_whole_of_it),
		ON_DISK(test_a_relative_folder_is_kept_apart_from_later_moves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
