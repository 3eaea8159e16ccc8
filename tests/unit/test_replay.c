/* Pictures that are replayed: their order, their time, and how they are fitted into the frame. */
#include "replay_rig.h"

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
	const struct CMUnitTest tests[] = {
		TEST(test_pictures_come_in_natural_order_and_again),
		TEST(test_frames_are_spaced_by_the_frame_rate),
		TEST(test_a_late_loop_gets_four_frames_and_loses_the_rest),
		TEST(test_other_sizes_are_scaled),
		TEST(test_enlarging_interpolates),
		TEST(test_pictures_are_turned_as_exif_asks),
		TEST(test_other_proportions_are_fitted_as_asked),
		TEST(test_stopping_and_starting_again_goes_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
