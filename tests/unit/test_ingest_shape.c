/* Turning, mirroring, cropping, padding and enlarging on the way into a frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../golden/reference.h"
#include "media/ingest.h"
#include "media/orientation.h"

static struct frame frame_of(const struct ingest_params *params, const struct image *image)
{
	struct frame frame = { .pixels = malloc(frame_bytes(params->out_width, params->out_height)),
		                   .width = params->out_width,
		                   .height = params->out_height };
	struct ingest *ingestion = ingest_create_for(params);
	assert_non_null(ingestion);
	memset(frame.pixels, 0xaa, frame_bytes(frame.width, frame.height));
	ingest(ingestion, image, &frame);
	const size_t bytes = frame_bytes(frame.width, frame.height);
	assert_true(frame.info.mean == (double)reference_sum(frame.pixels, bytes) / (double)bytes);
	ingest_destroy(ingestion);
	return frame;
}

static const uint8_t *pixel(const struct frame *frame, int x, int y)
{
	return frame->pixels + 3 * ((size_t)y * (size_t)frame->width + (size_t)x);
}

/* Where the turned picture's pixel comes from, as orientation.h defines it. */
static void source_of(orientation turned, int width, int height, int x, int y, int *from_x, int *from_y)
{
	*from_x = turned & ORIENTATION_TRANSPOSE ? y : x;
	*from_y = turned & ORIENTATION_TRANSPOSE ? x : y;
	if (turned & ORIENTATION_MIRROR_X)
		*from_x = width - 1 - *from_x;
	if (turned & ORIENTATION_MIRROR_Y)
		*from_y = height - 1 - *from_y;
}

/* Turning is no more than moving pixels, whatever happens to them besides. */
static void assert_turns(enum pixel_format format, int width, int height, int out_width, int out_height, enum fit fit)
{
	struct image image = reference_image(format, width, height, 5, FILL_RANDOM);
	struct ingest_params params = {
		.in_width = width, .in_height = height, .out_width = out_width, .out_height = out_height, .fit = fit
	};
	struct frame plain = frame_of(&params, &image);
	for (orientation turned = 1; turned < ORIENTATION_COUNT; turned++) {
		params.turned = turned;
		params.out_width = orientation_swaps(turned) ? out_height : out_width;
		params.out_height = orientation_swaps(turned) ? out_width : out_height;
		struct frame frame = frame_of(&params, &image);
		assert_true(frame.info.mean == plain.info.mean);
		for (int y = 0; y < frame.height; y++) {
			for (int x = 0; x < frame.width; x++) {
				int from_x, from_y;
				source_of(turned, plain.width, plain.height, x, y, &from_x, &from_y);
				assert_memory_equal(pixel(&frame, x, y), pixel(&plain, from_x, from_y), 3);
			}
		}
		free(frame.pixels);
	}
	free(plain.pixels);
	reference_free(&image);
}

static void test_all_formats_turn_all_ways(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
		assert_turns(reference_formats[f], 70, 41, 70, 41, FIT_CROP);
		assert_turns(reference_formats[f], 41, 67, 41, 67, FIT_CROP);
		assert_turns(reference_formats[f], 160, 96, 40, 24, FIT_CROP);
		assert_turns(reference_formats[f], 50, 37, 33, 36, FIT_STRETCH);
		assert_turns(reference_formats[f], 20, 12, 70, 40, FIT_STRETCH);
		assert_turns(reference_formats[f], 30, 80, 71, 33, FIT_STRETCH);
	}
}

static struct image part_of(const struct image *image, int x, int y, int width, int height)
{
	struct image part = *image;
	part.plane[0] += (size_t)y * image->stride[0] + 3 * (size_t)x;
	part.width = width;
	part.height = height;
	return part;
}

/* The frame of the whole image as params say is the plain one of a part of it. */
static void assert_shows_part(struct ingest_params params, int x, int y, int width, int height)
{
	struct image image = reference_image(PIXEL_RGB, params.in_width, params.in_height, 1, FILL_RANDOM);
	const struct image part = part_of(&image, x, y, width, height);
	struct frame frame = frame_of(&params, &image);
	params.in_width = width;
	params.in_height = height;
	params.fit = FIT_STRETCH;
	params.region = (struct region){ 0 };
	struct frame wanted = frame_of(&params, &part);
	assert_memory_equal(frame.pixels, wanted.pixels, frame_bytes(wanted.width, wanted.height));
	free(frame.pixels);
	free(wanted.pixels);
	reference_free(&image);
}

static void test_cropping_keeps_the_middle(void **state)
{
	(void)state;
	const struct ingest_params wide = { .in_width = 160, .in_height = 60, .out_width = 40, .out_height = 30 };
	assert_shows_part(wide, 40, 0, 80, 60);
	const struct ingest_params high = { .in_width = 60, .in_height = 160, .out_width = 40, .out_height = 30 };
	assert_shows_part(high, 0, 56, 60, 45); /* even, for the sake of chroma */
	const struct ingest_params same = { .in_width = 60, .in_height = 45, .out_width = 40, .out_height = 30 };
	assert_shows_part(same, 0, 0, 60, 45);
	const struct ingest_params enlarged = { .in_width = 30, .in_height = 10, .out_width = 40, .out_height = 40 };
	assert_shows_part(enlarged, 10, 0, 10, 10);
	const struct ingest_params turned = {
		.in_width = 160, .in_height = 60, .out_width = 30, .out_height = 40, .turned = ORIENTATION_TRANSPOSE
	};
	assert_shows_part(turned, 40, 0, 80, 60);
	const struct ingest_params thin = { .in_width = 8192, .in_height = 1, .out_width = 16, .out_height = 8192 };
	assert_shows_part(thin, 4094, 0, 1, 1);
}

static void test_a_region_is_a_part_in_shares(void **state)
{
	(void)state;
	const struct ingest_params quarter = {
		.in_width = 80, .in_height = 60, .out_width = 40, .out_height = 30, .region = { 0.5, 0.5, 0.5, 0.5 }
	};
	assert_shows_part(quarter, 40, 30, 40, 30);
	struct ingest_params odd = quarter;
	odd.region = (struct region){ 0.25, 0.1, 0.5, 0.8 }; /* 40 x 48, of which the middle 40 x 30 */
	assert_shows_part(odd, 20, 14, 40, 30);
	odd.region = (struct region){ 0.999, 0.999, 0.001, 0.001 };
	assert_shows_part(odd, 78, 58, 1, 1);
}

static void test_padding_shows_all_between_black_bars(void **state)
{
	(void)state;
	struct ingest_params params = {
		.in_width = 160, .in_height = 60, .out_width = 40, .out_height = 30, .fit = FIT_PAD
	};
	for (orientation turned = 0; turned < ORIENTATION_COUNT; turned++) {
		struct image image = reference_image(PIXEL_NV12, 160, 60, 1, FILL_MOST);
		image.full_range = true;
		params.turned = turned;
		struct frame frame = frame_of(&params, &image);
		/* 40 x 15, or, turned by a quarter, 11 x 30 */
		for (int y = 0; y < 30; y++) {
			for (int x = 0; x < 40; x++) {
				bool shown = orientation_swaps(turned) ? x >= 14 && x < 25 : y >= 7 && y < 22;
				assert_true((pixel(&frame, x, y)[0] > 0) == shown);
			}
		}
		free(frame.pixels);
		reference_free(&image);
	}
}

/* Stripes of one pixel, finer than what remains: an average shows grey, picking pixels shows moire. */
static void test_a_fine_grid_becomes_grey_in_both_directions(void **state)
{
	(void)state;
	uint8_t *stripes = malloc((size_t)300 * 20 * 3);
	const struct image image = {
		.format = PIXEL_RGB, .width = 300, .height = 20, .plane = { stripes }, .stride = { 900 }
	};
	assert_non_null(stripes);
	for (size_t i = 0; i < (size_t)300 * 20 * 3; i++)
		stripes[i] = i / 3 % 2 ? 255 : 0;
	/* Narrower and higher at the same time. */
	const struct ingest_params params = {
		.in_width = 300, .in_height = 20, .out_width = 50, .out_height = 64, .fit = FIT_STRETCH
	};
	struct frame frame = frame_of(&params, &image);
	for (size_t i = 0; i < frame_bytes(50, 64); i++)
		assert_in_range(frame.pixels[i], 127, 128);
	free(frame.pixels);
	free(stripes);
}

static void test_one_pixel_fills_any_frame(void **state)
{
	(void)state;
	const uint8_t one[] = { 10, 20, 30 };
	const struct image image = { .format = PIXEL_RGB, .width = 1, .height = 1, .plane = { one }, .stride = { 3 } };
	const struct ingest_params params = { .in_width = 1, .in_height = 1, .out_width = 33, .out_height = 70 };
	struct frame frame = frame_of(&params, &image);
	for (int y = 0; y < 70; y++)
		for (int x = 0; x < 33; x++)
			assert_memory_equal(pixel(&frame, x, y), one, 3);
	free(frame.pixels);
}

/* a b        c a
 * c d  gives d b after a quarter turn. As letters, row by row. */
static void assert_becomes(orientation turned, const char *wanted)
{
	const char *letters = "abcd";
	for (int y = 0; y < 2; y++) {
		for (int x = 0; x < 2; x++) {
			int from_x, from_y;
			source_of(turned, 2, 2, x, y, &from_x, &from_y);
			assert_int_equal(letters[2 * from_y + from_x], wanted[2 * y + x]);
		}
	}
}

static void test_rotation_is_clockwise_and_comes_before_mirroring(void **state)
{
	(void)state;
	assert_becomes(orientation_of(0, false, false), "abcd");
	assert_becomes(orientation_of(1, false, false), "cadb");
	assert_becomes(orientation_of(2, false, false), "dcba");
	assert_becomes(orientation_of(3, false, false), "bdac");
	assert_becomes(orientation_of(0, true, false), "badc");
	assert_becomes(orientation_of(0, false, true), "cdab");
	assert_becomes(orientation_of(1, true, false), "acbd");
	assert_becomes(orientation_of(1, false, true), "dbca");
	assert_int_equal(orientation_of(2, true, true), ORIENTATION_NORMAL);
}

/* As the EXIF standard draws them: what to do so that row 0 and column 0 come to where the tag says. */
static void test_exif_tags_turn_as_the_standard_says(void **state)
{
	(void)state;
	const char *const wanted[] = { "abcd", "abcd", "badc", "dcba", "cdab", "acbd", "cadb", "dbca", "bdac", "abcd" };
	for (int tag = 0; tag < (int)COUNT_OF(wanted); tag++)
		assert_becomes(orientation_of_exif(tag), wanted[tag]);
	assert_becomes(orientation_of_exif(-1), "abcd");
}

static void test_orientations_are_a_group(void **state)
{
	(void)state;
	for (orientation a = 0; a < ORIENTATION_COUNT; a++) {
		assert_int_equal(orientation_then(a, orientation_inverse(a)), ORIENTATION_NORMAL);
		assert_int_equal(orientation_then(orientation_inverse(a), a), ORIENTATION_NORMAL);
		for (orientation b = 0; b < ORIENTATION_COUNT; b++) {
			int x, y, middle_x, middle_y, from_x, from_y;
			const bool swaps = orientation_swaps(a);
			source_of(b, swaps ? 2 : 3, swaps ? 3 : 2, 1, 0, &middle_x, &middle_y);
			source_of(a, 3, 2, middle_x, middle_y, &from_x, &from_y);
			source_of(orientation_then(a, b), 3, 2, 1, 0, &x, &y);
			assert_true(x == from_x && y == from_y);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_formats_turn_all_ways),
		cmocka_unit_test(test_cropping_keeps_the_middle),
		cmocka_unit_test(test_a_region_is_a_part_in_shares),
		cmocka_unit_test(test_padding_shows_all_between_black_bars),
		cmocka_unit_test(test_a_fine_grid_becomes_grey_in_both_directions),
		cmocka_unit_test(test_one_pixel_fills_any_frame),
		cmocka_unit_test(test_rotation_is_clockwise_and_comes_before_mirroring),
		cmocka_unit_test(test_exif_tags_turn_as_the_standard_says),
		cmocka_unit_test(test_orientations_are_a_group),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
