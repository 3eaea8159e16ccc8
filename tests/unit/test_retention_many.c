#include "retention_rig.h"

enum { CROWD = 9 * SCAN_KEPT, CROWD_LEFT = 500, SCANS_MOST = 4 };

/* Has all but CROWD_LEFT pictures go, where picture i is age_of(i) old, and returns how many scans that took. A scan
 * for each SCAN_KEPT would be 9. */
static int scans_for_crowd(int64_t (*age_of)(unsigned))
{
	struct retention_pass_result result;
	for (unsigned i = 0; i < CROWD; i++)
		put_bytes(name_of(i), NOW_NS - age_of(i), 1);
	struct retention_pass *pass = new_pass(CROWD_LEFT * disk_bytes(name_of(0)), 0);
	wall_now_ns = NOW_NS;
	monotonic_now_ns = 0;
	assert_int_equal(retention_pass_run(pass, &result, NULL), 0);
	assert_int_equal(result.deleted, CROWD - CROWD_LEFT);
	assert_int_equal(pass->scan.pictures, CROWD_LEFT);
	free(pass);
	return result.scans;
}

static void assert_youngest_left(void)
{
	for (unsigned i = 0; i < CROWD; i++)
		assert_true(there(name_of(i)) == (i >= CROWD - CROWD_LEFT));
}

static int64_t age_of_years(unsigned i)
{
	return (CROWD - i) * 3 * HOUR_NS;
}

static void test_many_go_in_few_scans_oldest_first(void **state)
{
	(void)state;
	assert_in_range(scans_for_crowd(age_of_years), 1, 2);
	assert_youngest_left();
}

static int64_t age_of_a_negative_clock(unsigned i)
{
	return age_of_years(i) + 2 * NOW_NS;
}

static void test_many_of_before_1970_go_in_few_scans(void **state)
{
	(void)state;
	assert_in_range(scans_for_crowd(age_of_a_negative_clock), 1, 2);
	assert_youngest_left();
}

static int64_t age_of_one_burst(unsigned i)
{
	return i == 0 ? 9000 * DAY_NS : DAY_NS + (CROWD - i) * 1000;
}

static void test_many_of_one_moment_and_a_very_old_one(void **state)
{
	(void)state;
	assert_in_range(scans_for_crowd(age_of_one_burst), 1, SCANS_MOST);
	assert_youngest_left();
}

static int64_t age_of_a_copy(unsigned i)
{
	return i < 100 ? 2 * DAY_NS : DAY_NS;
}

static void test_many_of_the_very_same_time(void **state)
{
	(void)state;
	assert_in_range(scans_for_crowd(age_of_a_copy), 1, SCANS_MOST);
	for (unsigned i = 0; i < 100; i++)
		assert_false(there(name_of(i)));
}

static int64_t age_of_a_wrong_clock(unsigned i)
{
	return i < CROWD / 2 ? -(int64_t)(4000 + i) * DAY_NS : (CROWD - i) * HOUR_NS;
}

static void test_many_dated_ahead_go_first(void **state)
{
	(void)state;
	assert_in_range(scans_for_crowd(age_of_a_wrong_clock), 1, SCANS_MOST);
	assert_youngest_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DISK(test_many_go_in_few_scans_oldest_first),
		ON_DISK(test_many_of_before_1970_go_in_few_scans),
		ON_DISK(test_many_of_one_moment_and_a_very_old_one),
		ON_DISK(test_many_of_the_very_same_time),
		ON_DISK(test_many_dated_ahead_go_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
