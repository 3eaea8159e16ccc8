#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../golden/reference.h"
#include "media/convert.h"

static const int sizes[][2] = { { 1, 1 },  { 2, 2 },   { 3, 5 },   { 16, 4 },  { 17, 9 },  { 31, 2 },
	                            { 64, 3 }, { 255, 3 }, { 257, 2 }, { 511, 1 }, { 513, 4 }, { 640, 2 } };

static void assert_converted(const struct image *image)
{
	const size_t bytes = frame_bytes(image->width, image->height);
	uint8_t *rgb = malloc(bytes);
	const uint64_t sum = convert_image(image, rgb);
	assert_int_equal(sum, reference_sum(rgb, bytes));
	const double tolerance = reference_is_rgb(image->format) ? 0 : 0.6;
	for (int y = 0; y < image->height; y++)
		for (int x = 0; x < image->width; x++) {
			double wanted[3];
			reference_samples(image, x, y, wanted);
			reference_to_rgb(image, wanted);
			const uint8_t *pixel = rgb + frame_bytes(image->width, y) + frame_bytes(x, 1);
			for (int i = 0; i < 3; i++)
				if (fabs(pixel[i] - wanted[i]) > tolerance)
					fail_msg("format %d, %dx%d, pixel %d,%d channel %d: %d instead of %.2f", (int)image->format,
					         image->width, image->height, x, y, i, pixel[i], wanted[i]);
		}
	free(rgb);
}

static void test_every_format_size_stride_and_fill(void **state)
{
	(void)state;
	static const size_t paddings[] = { 0, 1, 13 };
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++)
		for (size_t s = 0; s < COUNT_OF(sizes); s++)
			for (size_t p = 0; p < COUNT_OF(paddings); p++)
				for (int fill = 0; fill < FILL_KINDS; fill++) {
					struct image image =
					    reference_image(reference_formats[f], sizes[s][0], sizes[s][1], paddings[p], (enum fill)fill);
					assert_converted(&image);
					reference_free(&image);
				}
}

/* What wide vectors do of a row, and what they leave; the padding moves rows through all alignments. */
static void test_every_width_and_alignment(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++)
		for (int width = 1; width <= 200; width++) {
			struct image image = reference_image(reference_formats[f], width, 3, (size_t)(width % 7) * 5, FILL_RANDOM);
			assert_converted(&image);
			reference_free(&image);
		}
}

static void test_both_matrices_and_ranges(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++)
		for (int variant = 0; variant < 4; variant++) {
			struct image image = reference_image(reference_formats[f], 97, 11, 2, FILL_RANDOM);
			image.matrix = variant & 1 ? COLOUR_BT709 : COLOUR_BT601;
			image.full_range = variant & 2;
			assert_converted(&image);
			reference_free(&image);
		}
}

/* All lumas with every fifth U and V, in the four variants: 2.8 million colours, and their bits. */
static void test_whole_colour_space(void **state)
{
	(void)state;
	enum { CHROMAS = 52, WIDTH = 2 * 256 };
	uint8_t luma[WIDTH], u[WIDTH / 2], v[WIDTH / 2], rgb[WIDTH * FRAME_CHANNELS];
	uint32_t hash = 2166136261U;
	for (int x = 0; x < WIDTH; x++)
		luma[x] = (uint8_t)(x / 2);
	for (int variant = 0; variant < 4; variant++)
		for (int chroma = 0; chroma < CHROMAS * CHROMAS; chroma++) {
			memset(u, chroma / CHROMAS * 5, sizeof u);
			memset(v, chroma % CHROMAS * 5, sizeof v);
			const struct image image = { .format = PIXEL_YUV420,
				                         .width = WIDTH,
				                         .height = 1,
				                         .plane = { luma, u, v },
				                         .stride = { WIDTH, WIDTH / 2, WIDTH / 2 },
				                         .matrix = variant & 1 ? COLOUR_BT709 : COLOUR_BT601,
				                         .full_range = variant & 2 };
			convert_image(&image, rgb);
			hash = reference_hash(rgb, sizeof rgb, hash);
			for (int x = 0; x < WIDTH; x++) {
				double wanted[3] = { luma[x], u[0], v[0] };
				reference_to_rgb(&image, wanted);
				for (int i = 0; i < 3; i++)
					assert_true(fabs(rgb[3 * x + i] - wanted[i]) <= 0.6);
			}
		}
	assert_int_equal(hash, 0xe2929a3d);
}

static void test_grey_stays_grey_and_spans_all_levels(void **state)
{
	(void)state;
	for (int variant = 0; variant < 4; variant++) {
		uint8_t luma[256], chroma[256], rgb[256 * FRAME_CHANNELS];
		const bool full = variant & 2;
		for (int x = 0; x < 256; x++)
			luma[x] = (uint8_t)x;
		memset(chroma, 128, sizeof chroma);
		const struct image image = { .format = PIXEL_NV12,
			                         .width = 256,
			                         .height = 1,
			                         .plane = { luma, chroma },
			                         .stride = { 256, 256 },
			                         .matrix = variant & 1 ? COLOUR_BT709 : COLOUR_BT601,
			                         .full_range = full };
		convert_image(&image, rgb);
		for (int x = 0; x < 256; x++) {
			assert_int_equal(rgb[3 * x], rgb[3 * x + 1]);
			assert_int_equal(rgb[3 * x], rgb[3 * x + 2]);
		}
		assert_int_equal(rgb[3 * (full ? 0 : 16)], 0);
		assert_int_equal(rgb[3 * (full ? 255 : 235)], 255);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_format_size_stride_and_fill),
		cmocka_unit_test(test_every_width_and_alignment),
		cmocka_unit_test(test_both_matrices_and_ranges),
		cmocka_unit_test(test_whole_colour_space),
		cmocka_unit_test(test_grey_stays_grey_and_spans_all_levels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
