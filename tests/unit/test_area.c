#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden/reference.h"
#include "media/area.h"

struct size {
	int in_width, in_height, out_width, out_height;
};

/* Whole ratios even and odd, the same and not the same both ways, beyond sixteen, and all the others. */
static const struct size sizes[] = {
	{ 8, 8, 4, 4 },     { 64, 12, 16, 3 },  { 48, 36, 6, 4 },  { 30, 15, 10, 5 }, { 96, 64, 6, 4 },  { 34, 17, 2, 1 },
	{ 100, 75, 5, 25 }, { 45, 30, 9, 6 },   { 5, 4, 3, 4 },    { 7, 7, 7, 3 },    { 9, 11, 8, 10 },  { 33, 21, 10, 20 },
	{ 17, 5, 1, 1 },    { 101, 67, 40, 9 }, { 2, 2, 1, 1 },    { 3, 3, 2, 2 },    { 20, 20, 19, 1 }, { 600, 4, 300, 2 },
	{ 64, 4, 8, 4 },    { 64, 8, 12, 1 },   { 32, 16, 20, 1 },
};

static void assert_averaged(const struct image *image, const struct size *size)
{
	const size_t bytes = frame_bytes(size->out_width, size->out_height);
	uint8_t *rgb = malloc(bytes);
	struct area *area = area_create(size->in_width, size->in_height, size->out_width, size->out_height);
	assert_non_null(area);
	const uint64_t sum = area_image(area, image, rgb);
	assert_int_equal(sum, reference_sum(rgb, bytes));
	const double tolerance = reference_is_rgb(image->format) ? 0.5 + 1e-9 : 0.7;
	for (int y = 0; y < size->out_height; y++)
		for (int x = 0; x < size->out_width; x++) {
			double wanted[3];
			reference_area(image, size->out_width, size->out_height, x, y, wanted);
			const uint8_t *pixel = rgb + frame_bytes(size->out_width, y) + frame_bytes(x, 1);
			for (int i = 0; i < 3; i++)
				if (fabs(pixel[i] - wanted[i]) > tolerance)
					fail_msg("format %d, %dx%d to %dx%d, pixel %d,%d channel %d: %d instead of %.2f",
					         (int)image->format, size->in_width, size->in_height, size->out_width, size->out_height, x,
					         y, i, pixel[i], wanted[i]);
		}
	area_destroy(area);
	free(rgb);
}

static void test_every_format_and_ratio(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++)
		for (size_t s = 0; s < COUNT_OF(sizes); s++)
			for (int fill = 0; fill < FILL_KINDS; fill++) {
				const size_t padding = s % 4;
				struct image image = reference_image(reference_formats[f], sizes[s].in_width, sizes[s].in_height,
				                                     padding, (enum fill)fill);
				image.matrix = s & 1 ? COLOUR_BT709 : COLOUR_BT601;
				image.full_range = s & 2;
				assert_averaged(&image, &sizes[s]);
				reference_free(&image);
			}
}

static void test_all_ratios_of_a_small_picture(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
		struct image image = reference_image(reference_formats[f], 12, 9, 1, FILL_RANDOM);
		for (int width = 1; width <= 12; width++)
			for (int height = 1; height <= 9; height++)
				assert_averaged(&image, &(struct size){ 12, 9, width, height });
		reference_free(&image);
	}
}

static void test_halves_round_up(void **state)
{
	(void)state;
	const uint8_t pixels[] = { 0, 254, 7, 1, 255, 8 };
	const struct image image = { .format = PIXEL_RGB, .width = 2, .height = 1, .plane = { pixels }, .stride = { 6 } };
	struct area *area = area_create(2, 1, 1, 1);
	uint8_t rgb[3];
	area_image(area, &image, rgb);
	assert_memory_equal(rgb, ((uint8_t[]){ 1, 255, 8 }), 3);
	area_destroy(area);
}

static void test_same_bits_everywhere(void **state)
{
	(void)state;
	uint32_t hash = 2166136261U;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
		struct image image = reference_image(reference_formats[f], 120, 90, 0, FILL_RANDOM);
		static const int out[][2] = { { 60, 45 }, { 30, 30 }, { 119, 89 }, { 50, 40 } };
		for (size_t i = 0; i < COUNT_OF(out); i++) {
			uint8_t rgb[120 * 90 * FRAME_CHANNELS];
			struct area *area = area_create(120, 90, out[i][0], out[i][1]);
			area_image(area, &image, rgb);
			hash = reference_hash(rgb, frame_bytes(out[i][0], out[i][1]), hash);
			area_destroy(area);
		}
		reference_free(&image);
	}
	assert_int_equal(hash, 0xfb2a1ddf);
}

static uint32_t averaged_hash(const struct image *image, const struct size *size, uint32_t hash)
{
	const size_t bytes = frame_bytes(size->out_width, size->out_height);
	uint8_t *rgb = malloc(bytes);
	struct area *area = area_create(size->in_width, size->in_height, size->out_width, size->out_height);
	area_image(area, image, rgb);
	hash = reference_hash(rgb, bytes, hash);
	area_destroy(area);
	free(rgb);
	return hash;
}

/* Whole vectors, and what is left of a row: by 2, 3, 4, and 8 to 5. Rows begin at every alignment. */
static void test_same_bits_at_every_width(void **state)
{
	(void)state;
	static const int ratios[][2] = { { 2, 1 }, { 3, 1 }, { 4, 1 }, { 8, 5 } };
	uint32_t hash = 2166136261U;
	for (int width = 1; width <= 200; width++)
		for (size_t r = 0; r < COUNT_OF(ratios); r++)
			for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
				const int in = ratios[r][0], out = ratios[r][1];
				const struct size size = { width * in, 2 * in, width * out, 2 * out };
				struct image image = reference_image(reference_formats[f], size.in_width, size.in_height,
				                                     (size_t)width % 3, FILL_RANDOM);
				hash = averaged_hash(&image, &size, hash);
				if (width % 7 == (int)f)
					assert_averaged(&image, &size);
				reference_free(&image);
			}
	assert_int_equal(hash, 0x5d0f1ef3);
}

static void test_refuses_to_enlarge(void **state)
{
	(void)state;
	assert_null(area_create(4, 4, 5, 4));
	assert_null(area_create(4, 4, 4, 5));
	assert_null(area_create(4, 4, 0, 4));
	area_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_format_and_ratio),   cmocka_unit_test(test_all_ratios_of_a_small_picture),
		cmocka_unit_test(test_halves_round_up),          cmocka_unit_test(test_same_bits_everywhere),
		cmocka_unit_test(test_same_bits_at_every_width), cmocka_unit_test(test_refuses_to_enlarge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
