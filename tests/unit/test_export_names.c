/* The names of files: given by time and frame, never twice, and known again. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "export_rig.h"

#include "export/file_name.h"
#include "export/names_given.h"
#include "export/retention_scan.h"

static void test_files_are_named_by_local_time_and_frame(void **state)
{
	struct export_result result;
	(void)state;

	assert_int_equal(export_to(folder, &picture, ALL, &result, NULL), 0);
	assert_int_equal(result.count, 3);
	assert_name(&result, 0, "20261121_061401_f00000042.jpg");
	assert_name(&result, 1, "20261121_061401_f00000042.png");
	assert_name(&result, 2, "20261121_061401_f00000042.npy");
	assert_int_equal(scratch_count(folder), 3);
}

static void test_taken_names_are_kept_and_formats_stay_together(void **state)
{
	struct export_result result;
	(void)state;

	export_one(&picture, EXPORT_PNG, &result);
	assert_name(&result, 0, "20261121_061401_f00000042.png");
	assert_int_equal(export_to(folder, &picture, EXPORT_JPG | EXPORT_PNG, &result, NULL), 0);
	assert_name(&result, 0, "20261121_061401_f00000042-2.jpg");
	assert_name(&result, 1, "20261121_061401_f00000042-2.png");
	export_one(&picture, EXPORT_JPG, &result);
	assert_name(&result, 0, "20261121_061401_f00000042.jpg");
	export_one(&picture, EXPORT_JPG, &result);
	assert_name(&result, 0, "20261121_061401_f00000042-3.jpg");
	assert_int_equal(scratch_count(folder), 5);
}

static void test_a_name_never_comes_twice_though_its_file_is_gone(void **state)
{
	static struct names_given given;
	struct export_params params = { .base_dir = folder, .jpg_quality = 95, .given = &given };
	struct export_result result;
	struct picture other = picture;
	const char *const names[] = { "20261121_061401_f00000042.jpg", "20261121_061401_f00000042-2.jpg",
		                          "20261121_061401_f00000042-3.jpg" };
	(void)state;

	names_given_init(&given);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(export_picture(&params, NULL, &picture, EXPORT_JPG, &result, NULL), 0);
		assert_name(&result, 0, names[i]);
		assert_int_equal(unlink(result.paths[0]), 0);
		other.frame_id++;
		assert_int_equal(export_picture(&params, NULL, &other, EXPORT_JPG, &result, NULL), 0);
		assert_null(strchr(strrchr(result.paths[0], '/'), '-'));
	}
	assert_int_equal(export_picture(&params, NULL, &picture, EXPORT_PNG, &result, NULL), 0);
	assert_name(&result, 0, "20261121_061401_f00000042.png");
	assert_int_equal(export_picture(&params, NULL, &picture, EXPORT_JPG | EXPORT_PNG, &result, NULL), 0);
	assert_name(&result, 0, "20261121_061401_f00000042-4.jpg");
	assert_name(&result, 1, "20261121_061401_f00000042-4.png");
}

static void test_names_sort_by_time_where_the_clocks_are_put_back(void **state)
{
	/* 2026-10-25: at 03:00 summer time (01:00 UTC) it becomes 02:00. */
	static const struct {
		int64_t wall_s;
		const char *name;
	} pictures[] = {
		{ 1792889999, "20261025_025959_f00000100.jpg" },
		{ 1792890000, "20261025_02B0000_f00000002.jpg" }, /* after a restart: frames are counted anew */
		{ 1792893599, "20261025_02B5959_f00000003.jpg" },
		{ 1792893600, "20261025_030000_f00000001.jpg" },
	};
	(void)state;

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
		struct export_result result;
		struct picture taken = picture;
		taken.wall_ns = pictures[i].wall_s * CLOCK_NS_PER_S;
		taken.frame_id = strtoull(strchr(pictures[i].name, 'f') + 1, NULL, 10);
		export_one(&taken, EXPORT_JPG, &result);
		assert_name(&result, 0, pictures[i].name);
		assert_true(i == 0 || strcmp(pictures[i - 1].name, pictures[i].name) < 0);
	}
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
}

static void test_pictures_can_be_dated_after_2038(void **state)
{
	struct export_result result;
	struct picture later = picture;
	struct stat status;
	(void)state;

	later.wall_ns = INT64_C(2426373841042000000);
	export_one(&later, EXPORT_JPG, &result);
	assert_name(&result, 0, "20461121_061401_f00000042.jpg");
	struct timespec times[2] = { { .tv_sec = 2426373841 }, { .tv_sec = 2426373841 } };
	assert_int_equal(utimensat(AT_FDCWD, result.paths[0], times, 0), 0);
	assert_int_equal(stat(result.paths[0], &status), 0); /* EOVERFLOW with a time of 32 bits */
	assert_true(status.st_mtim.tv_sec == 2426373841);
}

static void test_a_camera_s_name_begins_the_file_s(void **state)
{
	(void)state;
	char base[FILE_NAME_BASE_BYTES];
	file_name_base("", wall_ns, 52, base);
	char expected[FILE_NAME_BASE_BYTES + 8];
	snprintf(expected, sizeof expected, "front_%s", base);
	file_name_base("front", wall_ns, 52, base);
	assert_string_equal(base, expected);
	file_name_base("a1234567890123456789012345678901", wall_ns, UINT64_MAX, base);
	strcat(base, ".npy");
	assert_true(export_is_own_name(base));
	assert_true(strlen(base) < SCAN_NAME_BYTES - 10);
}

static void test_own_names(void **state)
{
	static const char *const foreign[] = {
		"",
		"20261121_061401_f00000042",
		"20261121_061401_f00000042.gif",
		"20261121_061401_f00000042.jpeg",
		"20261121_061401_f00000042.jpg.bak",
		"20261121_061401_f0000042.jpg",
		"20261121_061401_f000000042.jpg",
		"20261121_061401_f00000042-.jpg",
		"20261121_061401_f00000042-1.jpg",
		"20261121_061401_f00000042-02.jpg",
		"20261121_061401_f00000042-2-2.jpg",
		"20261121_061401_f00000042-x.jpg",
		"20261121_06140_f00000042.jpg",
		"2026112a_061401_f00000042.jpg",
		"20261025_02A3000_f00000042.jpg",
		"20261025_02BB000_f00000042.jpg",
		"20261025_023B000_f00000042.jpg",
		" 20261121_061401_f00000042.jpg",
		"../20261121_061401_f00000042.jpg",
		"20261121-061401_f00000042.jpg",
		"20261121_061401_00000042.jpg",
		"_20261121_061401_f00000042.jpg",
		"-a_20261121_061401_f00000042.jpg",
		"a b_20261121_061401_f00000042.jpg",
		"a.b_20261121_061401_f00000042.jpg",
		"frontx20261121_061401_f00000042.jpg",
		"front_20261121_061401_f00000042.gif",
		"front_20261121_06140_f00000042.jpg",
		"a12345678901234567890123456789012_20261121_061401_f00000042.jpg",
	};
	(void)state;

	assert_true(export_is_own_name("20261121_061401_f00000042.jpg"));
	assert_true(export_is_own_name("20261121_061401_f123456789.npy"));
	assert_true(export_is_own_name("20261025_02B3000_f00000042.jpg"));
	assert_true(export_is_own_name("20261121_061401_f00000042-2.png"));
	assert_true(export_is_own_name("20261121_061401_f00000042-10.png"));
	assert_true(export_is_own_name("front_20261121_061401_f00000042.jpg"));
	assert_true(export_is_own_name("back_yard-2_20261025_02B3000_f00000042-2.png"));
	assert_true(export_is_own_name("20261121_061401_f00000042.mp4"));
	assert_true(export_is_own_name("20261121_061401_f00000042.mp4.age"));
	assert_true(export_is_own_name("20261121_061401_f00000042-recovered-2.mp4.age"));
	assert_true(export_is_own_name("front_20261121_061401_f00000042-2.png.age"));
	assert_true(export_is_own_name("front_20261121_061401_f00000042-3.mp4"));
	assert_true(export_is_own_name("20261121_061401_20261121_061401_f00000042.jpg"));
	assert_true(export_is_own_name("a1234567890123456789012345678901_20261121_061401_f00000042.jpg"));
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
		assert_false(export_is_own_name(foreign[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_files_are_named_by_local_time_and_frame),
		TEST(test_taken_names_are_kept_and_formats_stay_together),
		TEST(test_a_name_never_comes_twice_though_its_file_is_gone),
		TEST(test_names_sort_by_time_where_the_clocks_are_put_back),
		TEST(test_pictures_can_be_dated_after_2038),
		cmocka_unit_test(test_a_camera_s_name_begins_the_file_s),
		cmocka_unit_test(test_own_names),
	};
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
