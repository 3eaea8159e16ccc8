#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include <libexif/exif-data.h>
#include <png.h>

#include "export_rig.h"

static void assert_exif(ExifData *exif, ExifTag tag, const char *expected)
{
	char value[256] = "absent";
	ExifEntry *entry = exif_data_get_entry(exif, tag);

	if (entry != NULL)
		exif_entry_get_value(entry, value, sizeof value);
	assert_string_equal(value, expected);
}

static void test_jpg_carries_exif(void **state)
{
	struct export_result result;
	(void)state;

	export_one(&picture, EXPORT_JPG, &result);
	ExifData *exif = exif_data_new_from_file(result.paths[0]);
	assert_non_null(exif);
	assert_exif(exif, EXIF_TAG_MAKE, "pastcam");
	assert_exif(exif, EXIF_TAG_MODEL, "imx219");
	assert_exif(exif, EXIF_TAG_SOFTWARE, "pastcam " PASTCAM_VERSION);
	assert_exif(exif, EXIF_TAG_DATE_TIME, "2026:11:21 06:14:01");
	assert_exif(exif, EXIF_TAG_DATE_TIME_ORIGINAL, "2026:11:21 06:14:01");
	assert_exif(exif, EXIF_TAG_SUB_SEC_TIME_ORIGINAL, "042");
	assert_exif(exif, EXIF_TAG_OFFSET_TIME, "+05:30");
	assert_exif(exif, EXIF_TAG_OFFSET_TIME_ORIGINAL, "+05:30");
	assert_exif(exif, EXIF_TAG_EXPOSURE_TIME, "1/80 sec.");
	assert_exif(exif, EXIF_TAG_ISO_SPEED_RATINGS, "250");
	assert_exif(exif, EXIF_TAG_PIXEL_X_DIMENSION, "64");
	assert_exif(exif, EXIF_TAG_PIXEL_Y_DIMENSION, "48");
	assert_exif(exif, EXIF_TAG_IMAGE_DESCRIPTION, "frame 42; mean brightness 85.0");
	exif_data_unref(exif);
}

static void test_metadata_tells_stacks_and_doubtful_clocks(void **state)
{
	struct picture stack = picture;
	struct export_result result;
	(void)state;

	stack.stacked = 4;
	stack.stack_mode = "median";
	stack.night = true;
	stack.clock_synchronised = false;
	stack.camera_model = NULL;
	stack.exposure_us = 0;
	stack.gain = 0;
	export_one(&stack, EXPORT_JPG, &result);
	ExifData *exif = exif_data_new_from_file(result.paths[0]);
	assert_non_null(exif);
	assert_exif(exif, EXIF_TAG_IMAGE_DESCRIPTION,
	            "frame 42; stack of 4 (median); mean brightness 85.0; night exposure; clock not synchronised");
	assert_exif(exif, EXIF_TAG_MODEL, "unknown");
	assert_exif(exif, EXIF_TAG_EXPOSURE_TIME, "absent");
	assert_exif(exif, EXIF_TAG_ISO_SPEED_RATINGS, "absent");
	exif_data_unref(exif);
}

static void test_a_stack_of_unlike_frames_tells_their_range(void **state)
{
	struct picture stack = picture;
	struct export_result result;
	(void)state;

	stack.frame_id = UINT64_MAX;
	stack.stacked = 4096;
	stack.stack_mode = "median";
	stack.night_and_day = true;
	stack.clock_synchronised = false;
	stack.exposure_most_us = 200000000;
	stack.gain_most = 16;
	export_one(&stack, EXPORT_JPG, &result);
	ExifData *exif = exif_data_new_from_file(result.paths[0]);
	assert_non_null(exif);
	assert_exif(
	    exif, EXIF_TAG_IMAGE_DESCRIPTION,
	    "frame 18446744073709551615; stack of 4096 (median); mean brightness 85.0; exposure 12500 to 200000000 us; "
	    "gain 2.500 to 16.000; night and day exposures; clock not synchronised");
	assert_exif(exif, EXIF_TAG_EXPOSURE_TIME, "absent");
	assert_exif(exif, EXIF_TAG_ISO_SPEED_RATINGS, "absent");
	exif_data_unref(exif);
}

static void test_a_picture_of_2046_says_so(void **state)
{
	struct export_result result;
	struct picture later = picture;
	(void)state;

	later.wall_ns = INT64_C(2426373841042000000);
	export_one(&later, EXPORT_JPG, &result);
	ExifData *exif = exif_data_new_from_file(result.paths[0]);
	assert_non_null(exif);
	assert_exif(exif, EXIF_TAG_DATE_TIME_ORIGINAL, "2046:11:21 06:14:01");
	assert_exif(exif, EXIF_TAG_SUB_SEC_TIME_ORIGINAL, "042");
	exif_data_unref(exif);
}

static void assert_text(const png_text *texts, int count, const char *key, const char *expected)
{
	const char *value = "absent";

	for (int i = 0; i < count; i++)
		if (strcmp(texts[i].key, key) == 0)
			value = texts[i].text;
	assert_string_equal(value, expected);
}

struct png_reader {
	FILE *file;
	png_structp png;
	png_infop info;
	png_textp texts;
	int count;
};

static void open_png(struct png_reader *reader, const struct picture *what)
{
	struct export_result result;

	export_one(what, EXPORT_PNG, &result);
	reader->file = fopen(result.paths[0], "rb");
	assert_non_null(reader->file);
	reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	reader->info = png_create_info_struct(reader->png);
	png_init_io(reader->png, reader->file);
	png_read_info(reader->png, reader->info);
	png_get_text(reader->png, reader->info, &reader->texts, &reader->count);
}

static void close_png(struct png_reader *reader)
{
	png_destroy_read_struct(&reader->png, &reader->info, NULL);
	fclose(reader->file);
}

static void test_png_tells_ranges(void **state)
{
	struct picture stack = picture;
	struct png_reader reader = { 0 };
	(void)state;

	stack.stacked = 2;
	stack.stack_mode = "mean";
	stack.exposure_most_us = 2000000;
	stack.gain_most = 6;
	open_png(&reader, &stack);
	assert_text(reader.texts, reader.count, "Exposure", "12500 to 2000000 us");
	assert_text(reader.texts, reader.count, "Gain", "2.500 to 6.000");
	assert_text(reader.texts, reader.count, "Description",
	            "frame 42; stack of 2 (mean); mean brightness 85.0; exposure 12500 to 2000000 us; gain 2.500 to 6.000");
	close_png(&reader);
}

static void test_png_carries_texts(void **state)
{
	struct png_reader reader = { 0 };
	(void)state;

	open_png(&reader, &picture);
	const png_textp texts = reader.texts;
	const int count = reader.count;
	assert_text(texts, count, "Software", "pastcam " PASTCAM_VERSION);
	assert_text(texts, count, "Source", "imx219");
	assert_text(texts, count, "Creation Time", "2026-11-21T06:14:01.042+05:30");
	assert_text(texts, count, "Clock", "synchronised");
	assert_text(texts, count, "Frame", "42");
	assert_text(texts, count, "Stack", "1");
	assert_text(texts, count, "Exposure", "12500 us");
	assert_text(texts, count, "Gain", "2.500");
	assert_text(texts, count, "Description", "frame 42; mean brightness 85.0");
	close_png(&reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_jpg_carries_exif, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metadata_tells_stacks_and_doubtful_clocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_stack_of_unlike_frames_tells_their_range, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_png_tells_ranges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_picture_of_2046_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_png_carries_texts, set_up, tear_down),
	};
	setenv("TZ", "XYZ-5:30", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
