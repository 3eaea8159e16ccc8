#include "retention_rig.h"

static void test_the_oldest_go_first_and_no_more_than_needed(void **state)
{
	(void)state;
	put_row(20);
	struct retention_pass *pass = new_pass(12 * disk_bytes(name_of(0)), 0);
	assert_int_equal(run(pass, NOW_NS, 0), 8);
	for (unsigned i = 0; i < 20; i++)
		assert_true(there(name_of(i)) == (i >= 8));
	assert_int_equal(run(pass, NOW_NS, 0), 0);
	assert_int_equal(pass->scan.pictures, 12);
	free(pass);
}

static void test_more_pictures_than_one_scan_keeps(void **state)
{
	(void)state;
	enum { MANY = SCAN_KEPT * 2 + 300, LEFT = 100 };
	put_row(MANY);
	struct retention_pass *pass = new_pass(LEFT * disk_bytes(name_of(0)), 0);
	assert_int_equal(run(pass, NOW_NS, 0), MANY - LEFT);
	for (unsigned i = 0; i < MANY; i++)
		assert_true(there(name_of(i)) == (i >= MANY - LEFT));
	free(pass);
}

static uint64_t told;

static void count_deleted(void *data, const struct scan_picture *picture)
{
	assert_ptr_equal(data, &told);
	assert_true(picture->bytes > 0 && picture->name[0]);
	told++;
}

static void test_each_deletion_is_told_at_once(void **state)
{
	(void)state;
	put_row(10);
	struct retention_pass *pass = new_pass(1, 0);
	pass->on_deleted = count_deleted;
	pass->data = &told;
	told = 0;
	assert_int_equal(run(pass, NOW_NS, 0), 10);
	assert_int_equal(told, 10);
	free(pass);
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

	struct retention_pass *pass = new_pass(1, 0);
	assert_int_equal(run(pass, NOW_NS, 0), 1);
	assert_false(there("20250101_120000_f00000006.jpg"));
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_true(there(others[i]));
	assert_true(there("sub/20250101_120000_f00000002.jpg"));
	assert_true(there("20250101_120000_f00000003.jpg"));
	assert_true(there("20250101_120000_f00000004.jpg"));
	assert_true(there("20250101_120000_f00000005.jpg"));
	free(pass);
}

static void test_the_longest_names_and_clips_go_too(void **state)
{
	(void)state;
	const char *const names[] = { "front_20250101_120000_f00000001.jpg", "20250101_120000_f00000002.mp4",
		                          "a1234567890123456789012345678901_20261025_02B3000_f18446744073709551615-99999.mp4" };
	for (size_t i = 0; i < 3; i++)
		put(names[i], NOW_NS - DAY_NS + (int64_t)i);
	struct retention_pass *pass = new_pass(2 * disk_bytes(names[0]), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(run(pass, NOW_NS + i * HOUR_NS, i * HOUR_NS), 1);
		assert_false(there(names[i]));
		pass->max_total_bytes = i == 0 ? disk_bytes(names[2]) : 1;
	}
	free(pass);
}

static void test_what_changed_since_the_scan_is_left_alone(void **state)
{
	(void)state;
	struct scan *scan = calloc(1, sizeof *scan);
	put_row(3);
	assert_int_equal(scan_folder(scan, fd, NOW_NS, &never, NULL, NULL), 0);
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
	assert_int_equal(scan_folder(scan, fd, NOW_NS, &never, NULL, NULL), 0);
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
	assert_int_equal(scan_folder(scan, fd, NOW_NS, &at_once, NULL, NULL), -ECANCELED);
	free(scan);
}

static void test_a_folder_that_is_not_there_is_no_error(void **state)
{
	(void)state;
	struct retention_pass *pass = new_pass(1, 0);
	char path[128];
	snprintf(path, sizeof path, "%s/later/on", folder);
	pass->folder = path;
	assert_int_equal(run(pass, NOW_NS, 0), 0);
	free(pass);
}

static void test_a_folder_on_another_filesystem_is_left_alone(void **state)
{
	(void)state;
	struct stat here, proc;
	struct retention_pass *pass = new_pass(1, 0);
	put_row(3);
	assert_int_equal(stat(folder, &here), 0);
	assert_int_equal(stat("/proc", &proc), 0);
	pass->device = proc.st_dev;
	assert_int_equal(run(pass, NOW_NS, 0), 0);
	pass->device = here.st_dev;
	assert_int_equal(run(pass, NOW_NS, 0), 3);
	free(pass);
}

static void test_scans_are_seldom_but_new_pictures_are_seen(void **state)
{
	(void)state;
	struct retention_pass *pass = new_pass(0, 0);
	put_row(3);
	run(pass, NOW_NS, 0);
	assert_int_equal(pass->scan.pictures, 3);
	put(name_of(3), NOW_NS - HOUR_NS);
	run(pass, NOW_NS, S);
	assert_int_equal(pass->scan.pictures, 3);
	run(pass, NOW_NS, HOUR_NS);
	assert_int_equal(pass->scan.pictures, 4);
	free(pass);
}

static void set_folder_time(int64_t modified_ns)
{
	const struct timespec times[2] = { { 0, UTIME_OMIT }, { modified_ns / S, modified_ns % S } };
	assert_int_equal(futimens(fd, times), 0);
}

static void test_a_change_in_the_moment_of_a_scan_is_seen_by_the_next(void **state)
{
	(void)state;
	struct retention_pass *pass = new_pass(0, 0);
	put_row(3);
	set_folder_time(NOW_NS - 5000000);
	run(pass, NOW_NS, 0);
	assert_int_equal(pass->scan.pictures, 3);
	put(name_of(3), NOW_NS - HOUR_NS);
	set_folder_time(NOW_NS - 5000000); /* as the kernel leaves it within one step of its timer */
	run(pass, NOW_NS, HOUR_NS);
	assert_int_equal(pass->scan.pictures, 4);
	free(pass);
}

static void test_a_picture_stays_for_a_minute(void **state)
{
	(void)state;
	struct retention_pass *pass = new_pass(1, 0);
	put(name_of(0), NOW_NS - 59 * S);
	assert_int_equal(run(pass, NOW_NS, 0), 0);
	assert_int_equal(run(pass, NOW_NS + 2 * S, 2 * S), 1);
	free(pass);
}

static void test_nothing_goes_for_a_minute_after_the_clock_jumped(void **state)
{
	(void)state;
	const int64_t jumps[] = { 4000 * DAY_NS, -4000 * DAY_NS };
	for (size_t i = 0; i < 2; i++) {
		struct retention_pass *pass = new_pass(1, 0);
		put(name_of(0), NOW_NS - 10 * S);
		assert_int_equal(run(pass, NOW_NS, 0), 0);
		assert_int_equal(run(pass, NOW_NS + S + jumps[i], S), 0);
		assert_int_equal(run(pass, NOW_NS + 60 * S + jumps[i], 60 * S), 0);
		assert_true(there(name_of(0)));
		assert_int_equal(run(pass, NOW_NS + 61 * S + jumps[i], 61 * S), 1);
		free(pass);
	}
}

static void test_a_jump_during_the_scan_is_seen(void **state)
{
	(void)state;
	struct retention_pass *pass = new_pass(1, 0);
	assert_int_equal(run(pass, NOW_NS, 0), 0);
	put(name_of(0), NOW_NS - 3000 * DAY_NS); /* just now, by the clock that jumps back after the pass has begun */
	jump_at_next_look_ns = -3000 * DAY_NS;
	assert_int_equal(run(pass, NOW_NS + HOUR_NS, HOUR_NS), 0);
	assert_true(there(name_of(0)));
	free(pass);
}

static void test_age_counts_when_the_clock_was_steady_for_an_hour(void **state)
{
	(void)state;
	struct retention_pass *pass = new_pass(0, 30 * DAY_NS);
	int64_t jump_ns = 3650 * DAY_NS;
	put(name_of(0), NOW_NS - 31 * DAY_NS);
	put(name_of(1), NOW_NS - 29 * DAY_NS);
	put("20390101_120000_f00000007.jpg", NOW_NS + 400 * DAY_NS);
	assert_int_equal(run(pass, NOW_NS, 0), 0);
	/* Wrong by ten years, for half an hour: nothing is lost. */
	assert_int_equal(run(pass, NOW_NS + 1800 * S + jump_ns, 1800 * S), 0);
	assert_int_equal(run(pass, NOW_NS + 3500 * S + jump_ns, 3500 * S), 0);
	assert_int_equal(run(pass, NOW_NS + 3600 * S, 3600 * S), 0);
	assert_int_equal(run(pass, NOW_NS + 7199 * S, 7199 * S), 0);
	assert_int_equal(run(pass, NOW_NS + 7201 * S, 7201 * S), 1);
	assert_false(there(name_of(0)));
	assert_true(there(name_of(1)));
	assert_true(there("20390101_120000_f00000007.jpg"));
	free(pass);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DISK(test_the_oldest_go_first_and_no_more_than_needed),
		ON_DISK(test_more_pictures_than_one_scan_keeps),
		ON_DISK(test_each_deletion_is_told_at_once),
		ON_DISK(test_only_own_regular_files_right_in_the_folder),
		ON_DISK(test_the_longest_names_and_clips_go_too),
		ON_DISK(test_what_changed_since_the_scan_is_left_alone),
		ON_DISK(test_equal_times_go_by_name_and_times_ahead_go_first),
		ON_DISK(test_a_scan_can_be_stopped),
		ON_DISK(test_a_folder_that_is_not_there_is_no_error),
		ON_DISK(test_a_folder_on_another_filesystem_is_left_alone),
		ON_DISK(test_scans_are_seldom_but_new_pictures_are_seen),
		ON_DISK(test_a_change_in_the_moment_of_a_scan_is_seen_by_the_next),
		ON_DISK(test_a_picture_stays_for_a_minute),
		ON_DISK(test_nothing_goes_for_a_minute_after_the_clock_jumped),
		ON_DISK(test_a_jump_during_the_scan_is_seen),
		ON_DISK(test_age_counts_when_the_clock_was_steady_for_an_hour),
		cmocka_unit_test(test_what_is_missing_goes_and_no_more),
		cmocka_unit_test(test_room_on_disks_of_all_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
