/* What the synthetic camera draws, and the layouts it delivers in. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "camera/synthetic/layout.h"
#include "camera/synthetic/scene.h"
#include "media/ingest.h"
#include "media/luma.h"

struct drawing {
	struct scene *scene;
	struct scene_canvas canvas;
	int width, height;
};

static struct drawing drawing_of(int width, int height)
{
	struct drawing drawing = { .scene = scene_create(width, height), .width = width, .height = height };
	drawing.canvas.rgb = malloc(frame_bytes(width, height));
	assert_non_null(drawing.scene);
	assert_non_null(drawing.canvas.rgb);
	scene_prepare(drawing.scene);
	return drawing;
}

static void drawing_end(struct drawing *drawing)
{
	scene_destroy(drawing->scene);
	free(drawing->canvas.rgb);
}

static double drawn_mean(struct drawing *drawing, double mean)
{
	scene_draw(drawing->scene, &drawing->canvas, mean, 0xA5A5A5A5u);
	return luma_mean(drawing->canvas.rgb, frame_bytes(drawing->width, drawing->height));
}

static const int SIZES[][2] = { { 144, 64 },   { 320, 240 },  { 640, 480 },   { 1024, 768 },
	                            { 1280, 720 }, { 1332, 990 }, { 1920, 1080 }, { 333, 251 } };
enum { SIZE_COUNT = sizeof SIZES / sizeof SIZES[0] };

static void test_the_number_is_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < SIZE_COUNT; i++) {
		struct drawing drawing = drawing_of(SIZES[i][0], SIZES[i][1]);
		const uint32_t numbers[] = { 0, 1, 12345678, 0x80000001u, UINT32_MAX };
		for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
			const double means[] = { 0, 2, SCENE_MEAN, 250, 1e6 };
			for (size_t m = 0; m < sizeof means / sizeof means[0]; m++) {
				uint32_t number;
				scene_draw(drawing.scene, &drawing.canvas, means[m], numbers[n]);
				assert_true(
				    scene_read_number(drawing.canvas.rgb, drawing.width, drawing.height, drawing.width, &number));
				assert_int_equal(number, numbers[n]);
			}
		}
		drawing_end(&drawing);
	}
}

static void test_a_picture_without_a_number_has_none(void **state)
{
	(void)state;
	uint8_t *grey = malloc(frame_bytes(320, 240));
	memset(grey, 100, frame_bytes(320, 240));
	uint32_t number;
	assert_false(scene_read_number(grey, 320, 240, 320, &number));
	assert_false(scene_read_number(grey, 60, 30, 320, &number));
	free(grey);
}

/* To JPEG of this quality, and back into the same pixels. */
static void through_jpeg(uint8_t *rgb, int width, int height, int quality)
{
	unsigned char *data = NULL;
	unsigned long size = 0;
	struct jpeg_error_mgr errors;
	struct jpeg_compress_struct out = { .err = jpeg_std_error(&errors) };
	jpeg_create_compress(&out);
	jpeg_mem_dest(&out, &data, &size);
	out.image_width = (JDIMENSION)width;
	out.image_height = (JDIMENSION)height;
	out.input_components = 3;
	out.in_color_space = JCS_RGB;
	jpeg_set_defaults(&out);
	jpeg_set_quality(&out, quality, TRUE);
	jpeg_start_compress(&out, TRUE);
	while (out.next_scanline < out.image_height) {
		JSAMPROW row = rgb + (size_t)out.next_scanline * (size_t)width * 3;
		jpeg_write_scanlines(&out, &row, 1);
	}
	jpeg_finish_compress(&out);
	jpeg_destroy_compress(&out);

	struct jpeg_decompress_struct in = { .err = jpeg_std_error(&errors) };
	jpeg_create_decompress(&in);
	jpeg_mem_src(&in, data, size);
	jpeg_read_header(&in, TRUE);
	jpeg_start_decompress(&in);
	while (in.output_scanline < in.output_height) {
		JSAMPROW row = rgb + (size_t)in.output_scanline * (size_t)width * 3;
		jpeg_read_scanlines(&in, &row, 1);
	}
	jpeg_finish_decompress(&in);
	jpeg_destroy_decompress(&in);
	free(data);
}

static void test_the_number_survives_jpeg_and_a_quarter_of_the_size(void **state)
{
	(void)state;
	for (int i = 2; i <= 3; i++) {
		int width = SIZES[i][0], height = SIZES[i][1];
		struct drawing drawing = drawing_of(width, height);
		struct ingest *quarter = ingest_create(width, height, width / 4, height / 4);
		struct frame small = { malloc(frame_bytes(width / 4, height / 4)), width / 4, height / 4, { 0 } };
		uint32_t number;
		for (uint32_t n = 1; n < 20; n++) {
			scene_draw(drawing.scene, &drawing.canvas, SCENE_MEAN, n * 217645199u);
			struct image whole = { .format = PIXEL_RGB,
				                   .width = width,
				                   .height = height,
				                   .plane = { drawing.canvas.rgb },
				                   .stride = { (size_t)width * 3 } };
			ingest(quarter, &whole, &small);
			through_jpeg(small.pixels, width / 4, height / 4, 75);
			assert_true(scene_read_number(small.pixels, width / 4, height / 4, width, &number));
			assert_int_equal(number, n * 217645199u);

			through_jpeg(drawing.canvas.rgb, width, height, 50);
			assert_true(scene_read_number(drawing.canvas.rgb, width, height, width, &number));
			assert_int_equal(number, n * 217645199u);
			drawing.canvas.drawn = false;
		}
		free(small.pixels);
		ingest_destroy(quarter);
		drawing_end(&drawing);
	}
}

/* To a step of 1 %, and what the burnt-in number adds to a dark frame. */
static void test_the_mean_is_as_asked(void **state)
{
	(void)state;
	for (int i = 2; i < SIZE_COUNT; i++) {
		if (SIZES[i][0] < 640)
			continue;
		struct drawing drawing = drawing_of(SIZES[i][0], SIZES[i][1]);
		double number = SIZES[i][0] < 1024 ? 2.6 : 1.8;
		for (double mean = 0.5; mean < 120; mean *= 1.7)
			assert_true(fabs(drawn_mean(&drawing, mean) - mean) < 0.01 * mean + number);
		assert_true(fabs(drawn_mean(&drawing, SCENE_MEAN) - SCENE_MEAN) < 1.5);
		assert_true(drawn_mean(&drawing, 0) < number);
		assert_true(drawn_mean(&drawing, 1e6) > 245);
		drawing_end(&drawing);
	}
}

/* A well exposed frame clips next to nothing; a saturated one nearly all. */
static void test_clipping_follows_the_light(void **state)
{
	(void)state;
	struct drawing drawing = drawing_of(640, 480);
	struct frame frame = { drawing.canvas.rgb, 640, 480, { 0 } };
	drawn_mean(&drawing, SCENE_MEAN);
	assert_true(luma_clipped_share(&frame) < 0.01);
	drawn_mean(&drawing, 255);
	assert_true(luma_clipped_share(&frame) > 0.3);
	drawn_mean(&drawing, 1e6);
	assert_true(luma_clipped_share(&frame) > 0.9);
	drawing_end(&drawing);
}

/* What is redrawn in part must look as if it were drawn anew. */
static void test_a_reused_canvas_shows_no_traces(void **state)
{
	(void)state;
	struct drawing old = drawing_of(320, 240), fresh = drawing_of(320, 240);
	for (uint32_t n = 0; n < 500; n += 7) {
		double mean = n % 35 == 0 ? 60 : SCENE_MEAN;
		fresh.canvas.drawn = false;
		scene_draw(old.scene, &old.canvas, mean, n);
		scene_draw(fresh.scene, &fresh.canvas, mean, n);
		assert_memory_equal(old.canvas.rgb, fresh.canvas.rgb, frame_bytes(320, 240));
	}
	drawing_end(&old);
	drawing_end(&fresh);
}

static void test_it_moves_and_is_noisy(void **state)
{
	(void)state;
	struct drawing one = drawing_of(320, 240), other = drawing_of(320, 240);
	other.canvas.seed = 1;
	scene_draw(one.scene, &one.canvas, SCENE_MEAN, 100);
	scene_draw(other.scene, &other.canvas, SCENE_MEAN, 130);
	size_t noisy = 0, moved = 0;
	for (size_t i = 0; i < frame_bytes(320, 240); i++) {
		int difference = abs(one.canvas.rgb[i] - other.canvas.rgb[i]);
		noisy += difference > 0 && difference < 8;
		moved += difference > 30;
	}
	assert_true(noisy > frame_bytes(320, 240) / 2);
	assert_true(moved > frame_bytes(320, 240) / 200);
	drawing_end(&one);
	drawing_end(&other);
}

static void assert_colour(const uint8_t *rgb, int width, int height, int patch)
{
	struct scene_rect rect = scene_patch(width, height, patch);
	const uint8_t *pixel =
	    rgb + ((size_t)(rect.y + rect.height / 2) * (size_t)width + (size_t)(rect.x + rect.width / 2)) * 3;
	for (int channel = 0; channel < 3; channel++) {
		int wanted[SCENE_PATCHES] = {
			channel == 0 ? 200 : 0, channel == 1 ? 200 : 0, channel == 2 ? 200 : 0, 210, 105, 6
		};
		assert_in_range(pixel[channel] + 10, wanted[patch] > 4 ? wanted[patch] + 4 : 0, wanted[patch] + 20);
	}
}

/* Through every layout and back by the converter that capture uses. */
static void test_red_is_red_in_every_layout(void **state)
{
	(void)state;
	const int sizes[][2] = { { 320, 240 }, { 333, 251 } };
	for (size_t s = 0; s < 2; s++) {
		int width = sizes[s][0], height = sizes[s][1];
		struct drawing drawing = drawing_of(width, height);
		struct ingest *back = ingest_create(width, height, width, height);
		struct frame frame = { malloc(frame_bytes(width, height)), width, height, { 0 } };
		scene_draw(drawing.scene, &drawing.canvas, SCENE_MEAN, 77);
		for (int format = PIXEL_RGB; format <= PIXEL_YUYV; format++) {
			const struct layout *layout = layout_of((enum pixel_format)format);
			uint8_t *pixels = malloc(layout_bytes(layout, width, height));
			struct image image;
			layout_fill(layout, drawing.canvas.rgb, width, height, pixels, &image);
			assert_int_equal(image.format, format);
			ingest(back, &image, &frame);
			for (int patch = 0; patch < SCENE_PATCHES; patch++)
				assert_colour(frame.pixels, width, height, patch);
			uint32_t number;
			assert_true(scene_read_number(frame.pixels, width, height, width, &number));
			assert_int_equal(number, 77);
			free(pixels);
		}
		free(frame.pixels);
		ingest_destroy(back);
		drawing_end(&drawing);
	}
}

static void test_small_frames_are_drawn_too(void **state)
{
	(void)state;
	const int sizes[][2] = { { 1, 1 }, { 2, 2 }, { 16, 16 }, { 143, 63 }, { 64, 500 } };
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct drawing drawing = drawing_of(sizes[i][0], sizes[i][1]);
		for (uint32_t n = 0; n < 400; n += 3)
			scene_draw(drawing.scene, &drawing.canvas, SCENE_MEAN, n);
		drawing_end(&drawing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_number_is_read_back),
		cmocka_unit_test(test_a_picture_without_a_number_has_none),
		cmocka_unit_test(test_the_number_survives_jpeg_and_a_quarter_of_the_size),
		cmocka_unit_test(test_the_mean_is_as_asked),
		cmocka_unit_test(test_clipping_follows_the_light),
		cmocka_unit_test(test_a_reused_canvas_shows_no_traces),
		cmocka_unit_test(test_it_moves_and_is_noisy),
		cmocka_unit_test(test_red_is_red_in_every_layout),
		cmocka_unit_test(test_small_frames_are_drawn_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
