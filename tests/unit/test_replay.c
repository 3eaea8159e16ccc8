/* The replay camera on folders of pictures that the test makes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#undef stop /* a macro of cmocka 2 */
#include <png.h>

#include "base/clock.h"
#include "camera/camera_backend.h"

static const struct camera_backend *const replay = &camera_backend_replay;
static char folder[256];

/* Bad pictures on the way: how many were told of, and what was said of the last. */
static int told;
static struct error last_told;

static int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");

	(void)state;
	told = 0;
	snprintf(folder, sizeof folder, "%s/pastcam-replay-XXXXXX", temporary ? temporary : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

/* A picture of one colour: red says which picture it is. */
static void write_picture(const char *name, int width, int height, uint8_t red)
{
	png_image image = { .version = PNG_IMAGE_VERSION,
		                .width = (png_uint_32)width,
		                .height = (png_uint_32)height,
		                .format = PNG_FORMAT_RGB };
	uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);

	assert_non_null(rgb);
	for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
		rgb[3 * i] = red;
	assert_int_equal(png_image_write_to_file(&image, path_of(name), 0, rgb, 0, NULL), 1);
	free(rgb);
}

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static struct camera_params params_of(double framerate)
{
	return (struct camera_params){
		.backend = CAMERA_REPLAY, .width = 32, .height = 24, .framerate = framerate, .replay_path = folder
	};
}

static const struct camera_mode video = { .still = false };

static void *open_and_start(const struct camera_params *params)
{
	struct camera_description description;
	struct error error = { 0 };
	void *camera = NULL;

	assert_int_equal(replay->open(params, &camera, &description, &error), 0);
	assert_int_equal(description.width, params->width);
	assert_int_equal(description.height, params->height);
	assert_int_equal(replay->start(camera, &video, &error), 0);
	return camera;
}

static void wait_readable(void *camera)
{
	struct pollfd wait = { .fd = replay->fd(camera), .events = POLLIN };

	assert_int_equal(poll(&wait, 1, 60000), 1);
}

/* The first answer that is not NOTHING, as the supervisor asks for it: at once after a bad picture. */
static int next_answer(void *camera, struct camera_frame *frame, struct error *error)
{
	for (int rc = CAMERA_ACQUIRED_NOTHING;;) {
		*error = (struct error){ 0 };
		if (rc == CAMERA_ACQUIRED_NOTHING)
			wait_readable(camera);
		rc = replay->acquire(camera, frame, error);
		if (rc == CAMERA_ACQUIRED_FRAME || rc < 0)
			return rc;
		if (error->text[0]) {
			told++;
			last_told = *error;
		}
	}
}

static struct camera_frame next_frame(void *camera)
{
	struct camera_frame frame;
	struct error error;

	assert_int_equal(next_answer(camera, &frame, &error), CAMERA_ACQUIRED_FRAME);
	return frame;
}

static int next_red(void *camera)
{
	struct camera_frame frame = next_frame(camera);
	int red = frame.image.plane[0][0];

	assert_int_equal(frame.image.format, PIXEL_RGB);
	assert_int_equal(frame.image.width, 32);
	assert_int_equal(frame.image.height, 24);
	replay->release(camera, &frame);
	return red;
}

static void test_pictures_come_in_natural_order_and_again(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_picture("10.png", 32, 24, 30);
	write_picture("2.PNG", 32, 24, 20);
	write_picture("1.png", 32, 24, 10);
	write_text("notes.txt", "no picture");
	write_text(".hidden.jpg", "no picture");
	void *camera = open_and_start(&params);
	for (int round = 0; round < 2; round++) {
		for (int red = 10; red <= 30; red += 10)
			assert_int_equal(next_red(camera), red);
	}
	replay->stop(camera);
	replay->close(camera);
}

static void test_frames_are_spaced_by_the_frame_rate(void **state)
{
	struct camera_params params = params_of(50);

	(void)state;
	write_picture("0.png", 32, 24, 1);
	void *camera = open_and_start(&params);
	struct camera_frame last = next_frame(camera);
	assert_true(last.exposure_us == 0 && last.gain == 0);
	for (int i = 0; i < 10; i++) {
		replay->release(camera, &last);
		struct camera_frame frame = next_frame(camera);
		uint64_t step = frame.sequence - last.sequence;
		assert_true(step >= 1);
		assert_int_equal(frame.timestamp_ns - last.timestamp_ns, (int64_t)step * CLOCK_NS_PER_S / 50);
		assert_true(frame.timestamp_ns <= clock_now_ns());
		last = frame;
	}
	replay->release(camera, &last);
	replay->stop(camera);
	replay->close(camera);
}

static void test_a_late_loop_gets_four_frames_and_loses_the_rest(void **state)
{
	struct camera_params params = params_of(1000);
	struct camera_frame frame;
	struct error error;

	(void)state;
	write_picture("0.png", 32, 24, 1);
	void *camera = open_and_start(&params);
	struct camera_frame first = next_frame(camera);
	replay->release(camera, &first);
	const int64_t until_ns = first.timestamp_ns + 50 * CLOCK_NS_PER_MS;
	while (clock_now_ns() < until_ns)
		usleep(1000);
	assert_int_equal(replay->acquire(camera, &frame, &error), 1);
	/* At least 50 frame times have passed since the first frame, of which four are kept. */
	assert_true(frame.sequence - first.sequence >= 50 - 3);
	replay->stop(camera);
	replay->close(camera);
}

/* The left half red, the right half black; 6 is a quarter turn clockwise, as EXIF says it, so that red comes to the
 * top. */
static void write_turned(const char *name, int tag)
{
	uint8_t exif[] = {
		'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (uint8_t)tag, 0, 0, 0, 0, 0, 0
	};
	FILE *file = fopen(path_of(name), "wb");
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	uint8_t row[24 * 3] = { 0 };

	assert_non_null(file);
	for (int x = 0; x < 12; x++)
		row[3 * x] = 200;
	png_init_io(png, file);
	png_set_IHDR(png, info, 24, 32, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	             PNG_FILTER_TYPE_DEFAULT);
	png_set_eXIf_1(png, info, sizeof exif, exif);
	png_write_info(png, info);
	for (int y = 0; y < 32; y++)
		png_write_row(png, row);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	fclose(file);
}

static void test_pictures_are_turned_as_exif_asks(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_turned("0.png", 6);
	write_turned("1.png", 8);
	void *camera = open_and_start(&params);
	for (int i = 0; i < 2; i++) {
		struct camera_frame frame = next_frame(camera);
		const uint8_t *top = frame.image.plane[0], *bottom = top + (size_t)3 * 32 * 23;
		for (int x = 0; x < 32; x++) {
			assert_int_equal(top[3 * x], i == 0 ? 200 : 0);
			assert_int_equal(bottom[3 * x], i == 0 ? 0 : 200);
		}
		replay->release(camera, &frame);
	}
	replay->stop(camera);
	replay->close(camera);
}

/* 64 x 24 of which the left 16 columns are red: cropped they are out of sight, padded they are a quarter of what is
 * between the bars, stretched a quarter of all. */
static void test_other_proportions_are_fitted_as_asked(void **state)
{
	static const int red_at[][2] = { { -1, -1 }, { 4, 12 }, { 4, 0 } };
	struct camera_params params = params_of(200);
	png_image image = { .version = PNG_IMAGE_VERSION, .width = 64, .height = 24, .format = PNG_FORMAT_RGB };
	uint8_t rgb[64 * 24 * 3] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rgb; i++)
		rgb[i] = i / 3 % 64 < 16 ? 200 : 100;
	assert_int_equal(png_image_write_to_file(&image, path_of("0.png"), 0, rgb, 0, NULL), 1);
	for (enum fit fit = FIT_CROP; fit <= FIT_STRETCH; fit++) {
		params.fit = fit;
		void *camera = open_and_start(&params);
		struct camera_frame frame = next_frame(camera);
		const uint8_t *pixels = frame.image.plane[0];
		assert_int_equal(pixels[0], fit == FIT_PAD ? 0 : fit == FIT_CROP ? 100 : 200);
		assert_int_equal(pixels[3 * (12 * 32 + 31)], 100);
		if (red_at[fit][0] >= 0)
			assert_int_equal(pixels[3 * (red_at[fit][1] * 32 + red_at[fit][0])], 200);
		replay->release(camera, &frame);
		replay->stop(camera);
		replay->close(camera);
	}
}

static void test_other_sizes_are_scaled(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_picture("0.png", 64, 48, 100);
	write_picture("1.png", 8, 6, 110);
	write_picture("2.png", 100, 5, 120);
	write_picture("3.png", 1, 1, 130);
	void *camera = open_and_start(&params);
	for (int red = 100; red <= 130; red += 10) {
		struct camera_frame frame = next_frame(camera);
		for (size_t i = 0; i < (size_t)32 * 24; i++) {
			assert_int_equal(frame.image.plane[0][3 * i], red);
			assert_int_equal(frame.image.plane[0][3 * i + 1], 0);
		}
		replay->release(camera, &frame);
	}
	replay->stop(camera);
	replay->close(camera);
}

static void test_enlarging_interpolates(void **state)
{
	struct camera_params params = params_of(200);
	png_image image = { .version = PNG_IMAGE_VERSION, .width = 2, .height = 1, .format = PNG_FORMAT_RGB };
	const uint8_t two[] = { 0, 0, 200, 100, 0, 0 };

	(void)state;
	params.width = 4;
	params.height = 1;
	assert_int_equal(png_image_write_to_file(&image, path_of("0.png"), 0, two, 0, NULL), 1);
	void *camera = open_and_start(&params);
	struct camera_frame frame = next_frame(camera);
	const uint8_t expected[] = { 0, 0, 200, 25, 0, 150, 75, 0, 50, 100, 0, 0 };
	assert_memory_equal(frame.image.plane[0], expected, sizeof expected);
	replay->release(camera, &frame);
	replay->stop(camera);
	replay->close(camera);
}

static void test_broken_pictures_are_passed_over(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "");
	write_text("1.png", "\x89PNG\r\n\x1a\n and then nothing");
	write_picture("2.png", 32, 24, 50);
	write_text("3.jpg", "\xff\xd8\xff\xe0 broken");
	assert_int_equal(mkdir(path_of("4.png"), 0700), 0);
	assert_int_equal(mkfifo(path_of("5.png"), 0600), 0);
	assert_int_equal(symlink("nowhere", path_of("6.png")), 0);
	write_picture("7.png", 32, 24, 60);
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(next_red(camera), 60);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(told, 6);
	replay->stop(camera);
	replay->close(camera);
}

/* The capture thread has more to do than to look for a picture that can be shown. */
static void test_each_call_tries_one_picture(void **state)
{
	enum { BAD = 300 };
	struct camera_params params = params_of(200);
	struct camera_frame frame;
	char name[16];

	(void)state;
	for (int i = 0; i < BAD; i++) {
		snprintf(name, sizeof name, "%03d.jpg", i);
		write_text(name, "broken");
	}
	write_picture("good.png", 32, 24, 50);
	void *camera = open_and_start(&params);
	wait_readable(camera);
	for (int i = 0; i < BAD; i++) {
		struct error error = { 0 };
		snprintf(name, sizeof name, "%03d.jpg", i);
		assert_int_equal(replay->acquire(camera, &frame, &error), CAMERA_ACQUIRED_UNREADABLE);
		assert_non_null(strstr(error.text, name));
	}
	/* From now on they are passed over. */
	for (int i = 0; i < 3; i++)
		assert_int_equal(next_red(camera), 50);
	assert_int_equal(told, 0);
	replay->stop(camera);
	replay->close(camera);
}

static void test_a_bad_picture_is_told_once_however_often_the_folder_is_opened(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "broken");
	write_picture("1.png", 32, 24, 50);
	for (int i = 0; i < 3; i++) {
		void *camera = open_and_start(&params);
		assert_int_equal(next_red(camera), 50);
		assert_int_equal(next_red(camera), 50);
		replay->stop(camera);
		replay->close(camera);
	}
	assert_int_equal(told, 1);
	assert_non_null(strstr(last_told.text, "0.jpg"));
	write_text("0.jpg", "still broken, in another way");
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(told, 2);
	replay->stop(camera);
	replay->close(camera);
}

static void test_a_bad_picture_that_was_mended_takes_its_turn(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "broken");
	write_text("1.png", "still being copied");
	write_picture("2.png", 32, 24, 50);
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	write_picture("1.png", 32, 24, 60);
	int rounds = 0;
	while (next_red(camera) != 60)
		assert_true(rounds++ < 10);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(next_red(camera), 60);
	assert_int_equal(told, 2);
	replay->stop(camera);
	replay->close(camera);
}

static void expect_acquire_fails(void *camera, const char *text)
{
	struct camera_frame frame;
	struct error error = { 0 };

	assert_true(next_answer(camera, &frame, &error) < 0);
	assert_non_null(strstr(error.text, text));
}

static void test_nothing_but_broken_pictures_is_an_error(void **state)
{
	struct camera_params params = params_of(200);

	(void)state;
	write_text("0.jpg", "broken");
	write_text("1.jpg", "broken");
	void *camera = open_and_start(&params);
	expect_acquire_fails(camera, "none of the 2 pictures to replay can be read");
	replay->stop(camera);
	replay->close(camera);
}

static void test_a_vanished_folder_is_an_error_and_can_return(void **state)
{
	struct camera_params params = params_of(200);
	struct camera_description description;
	struct error error = { 0 };
	void *other = NULL;

	(void)state;
	write_picture("0.png", 32, 24, 50);
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 50);
	assert_int_equal(unlink(path_of("0.png")), 0);
	assert_int_equal(rmdir(folder), 0);
	expect_acquire_fails(camera, "No such file");
	assert_true(replay->open(&params, &other, &description, &error) < 0);
	assert_non_null(strstr(error.text, "camera.replay.path"));
	replay->stop(camera);
	replay->close(camera);
	assert_int_equal(mkdir(folder, 0700), 0);
	write_picture("0.png", 32, 24, 70);
	camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 70);
	replay->stop(camera);
	replay->close(camera);
}

static void expect_refused(const char *path, int code, const char *text)
{
	struct camera_params params = params_of(10);
	struct camera_description description;
	struct error error = { 0 };
	void *camera = NULL;

	params.replay_path = path;
	assert_int_equal(replay->open(&params, &camera, &description, &error), code);
	assert_non_null(strstr(error.text, text));
}

static void test_a_path_that_cannot_work_is_refused(void **state)
{
	(void)state;
	expect_refused("", -EINVAL, "set camera.replay.path");
	expect_refused(NULL, -EINVAL, "set camera.replay.path");
	expect_refused("/nonexistent/folder", -ENODEV, "No such file");
	expect_refused(folder, -ENODEV, "holds no .jpg, .jpeg or .png file");
	write_text("file", "");
	expect_refused(path_of("file"), -ENODEV, "Not a directory");
}

static void test_stopping_and_starting_again_goes_on(void **state)
{
	struct camera_params params = params_of(200);
	struct error error = { 0 };
	struct camera_frame frame;
	char note[256];

	(void)state;
	write_picture("0.png", 32, 24, 10);
	write_picture("1.png", 32, 24, 20);
	void *camera = open_and_start(&params);
	assert_int_equal(next_red(camera), 10);
	replay->stop(camera);
	assert_int_equal(replay->acquire(camera, &frame, &error), 0);
	assert_int_equal(replay->start(camera, &video, &error), 0);
	assert_int_equal(next_red(camera), 20);
	assert_int_equal(replay->set_mode(camera, &(struct camera_mode){ .still = true }, note), 0);
	assert_true(note[0] != '\0');
	assert_int_equal(replay->set_mode(camera, &video, note), 0);
	assert_string_equal(note, "");
	replay->stop(camera);
	replay->close(camera);
	replay->close(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_pictures_come_in_natural_order_and_again),
		TEST(test_frames_are_spaced_by_the_frame_rate),
		TEST(test_a_late_loop_gets_four_frames_and_loses_the_rest),
		TEST(test_other_sizes_are_scaled),
		TEST(test_enlarging_interpolates),
		TEST(test_broken_pictures_are_passed_over),
		TEST(test_each_call_tries_one_picture),
		TEST(test_a_bad_picture_is_told_once_however_often_the_folder_is_opened),
		TEST(test_a_bad_picture_that_was_mended_takes_its_turn),
		TEST(test_pictures_are_turned_as_exif_asks),
		TEST(test_other_proportions_are_fitted_as_asked),
		TEST(test_nothing_but_broken_pictures_is_an_error),
		TEST(test_a_vanished_folder_is_an_error_and_can_return),
		TEST(test_a_path_that_cannot_work_is_refused),
		TEST(test_stopping_and_starting_again_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
