/* The grid that motion looks at, against the plain sum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../golden/reference.h"
#include "media/ingest.h"

enum { WIDTH = 43, HEIGHT = 37 };

static unsigned cell_by_hand(const uint8_t *rgb, int width, int block, int x, int y)
{
	unsigned sum = 0;
	for (int row = y * block; row < (y + 1) * block; row++)
		for (int byte = 3 * x * block; byte < 3 * (x + 1) * block; byte++)
			sum += rgb[(size_t)row * 3 * (size_t)width + (size_t)byte];
	return sum * LUMA_GRID_LEVEL / (unsigned)(3 * block * block);
}

static void assert_grid(const uint8_t *rgb, int width, int height, const struct luma_grid *grid)
{
	assert_int_equal(grid->width, width / grid->block);
	assert_int_equal(grid->height, height / grid->block);
	for (int y = 0; y < grid->height; y++)
		for (int x = 0; x < grid->width; x++)
			assert_int_equal(grid->cells[y * grid->width + x], cell_by_hand(rgb, width, grid->block, x, y));
}

static void test_each_cell_is_the_mean_of_its_block(void **state)
{
	(void)state;
	static uint8_t rgb[WIDTH * HEIGHT * 3];
	for (size_t i = 0; i < sizeof rgb; i++)
		rgb[i] = (uint8_t)(i * 2654435761u >> 13);
	for (int block = 1; block <= 8; block *= 2) {
		struct luma_grid grid;
		assert_true(luma_grid_init(&grid, WIDTH, HEIGHT, block));
		luma_grid_rows(&grid, rgb, WIDTH, 0, HEIGHT);
		assert_grid(rgb, WIDTH, HEIGHT, &grid);
		luma_grid_finish(&grid);
	}
}

static void test_white_fills_a_cell_and_does_not_overflow(void **state)
{
	(void)state;
	static uint8_t rgb[16 * 16 * 3];
	memset(rgb, 255, sizeof rgb);
	for (int block = 1; block <= 8; block *= 2) {
		struct luma_grid grid;
		assert_true(luma_grid_init(&grid, 16, 16, block));
		luma_grid_rows(&grid, rgb, 16, 0, 16);
		for (int i = 0; i < grid.width * grid.height; i++)
			assert_int_equal(grid.cells[i], LUMA_GRID_MOST);
		luma_grid_finish(&grid);
	}
}

static void test_a_frame_smaller_than_a_block_has_no_grid(void **state)
{
	(void)state;
	struct luma_grid grid;
	assert_false(luma_grid_init(&grid, 7, 100, 8));
	luma_grid_finish(&grid);
	assert_false(luma_grid_init(&grid, 100, 3, 4));
	luma_grid_finish(&grid);
}

/* Luma of any stride, as a camera's second stream brings it. */
static struct image luma_image(uint8_t *luma, int width, int height, size_t stride, bool full_range)
{
	return (struct image){ .format = PIXEL_YUV420,
		                   .width = width,
		                   .height = height,
		                   .plane = { luma, luma, luma },
		                   .stride = { stride, stride / 2, stride / 2 },
		                   .full_range = full_range };
}

static unsigned luma_cell_by_hand(const struct image *image, int scale, int x, int y)
{
	unsigned sum = 0;
	for (int row = y * scale; row < (y + 1) * scale; row++)
		for (int column = x * scale; column < (x + 1) * scale; column++)
			sum += image->plane[0][(size_t)row * image->stride[0] + (size_t)column];
	return sum * LUMA_GRID_LEVEL / (unsigned)(scale * scale);
}

static void test_a_second_picture_fills_the_grid(void **state)
{
	(void)state;
	static uint8_t luma[4 * (WIDTH + 9) * 4 * HEIGHT];
	for (size_t i = 0; i < sizeof luma; i++)
		luma[i] = (uint8_t)(i * 2654435761u >> 11);
	for (int scale = 1; scale <= 4; scale *= 2) {
		struct luma_grid grid;
		assert_true(luma_grid_init(&grid, 4 * WIDTH, 4 * HEIGHT, 4));
		const struct image image = luma_image(luma, scale * WIDTH, scale * HEIGHT, (size_t)scale * (WIDTH + 9), true);
		assert_int_equal(luma_grid_scale(&grid, &image), scale);
		luma_grid_fill(&grid, &image);
		for (int y = 0; y < grid.height; y++)
			for (int x = 0; x < grid.width; x++)
				assert_int_equal(grid.cells[y * grid.width + x], luma_cell_by_hand(&image, scale, x, y));
		luma_grid_finish(&grid);
	}
}

static void test_limited_range_is_stretched(void **state)
{
	(void)state;
	static const struct {
		uint8_t luma;
		int level;
	} cases[] = { { 0, 0 }, { 16, 0 }, { 235, 255 }, { 255, 255 } };
	struct luma_grid grid;
	uint8_t luma[8 * 8];
	assert_true(luma_grid_init(&grid, 32, 32, 4));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		memset(luma, cases[i].luma, sizeof luma);
		const struct image image = luma_image(luma, 8, 8, 8, false);
		luma_grid_fill(&grid, &image);
		for (int cell = 0; cell < 64; cell++)
			assert_int_equal(grid.cells[cell], cases[i].level * LUMA_GRID_LEVEL);
	}
	luma_grid_finish(&grid);
}

static void test_a_second_picture_of_another_size_or_kind_does_not_suit(void **state)
{
	(void)state;
	struct luma_grid grid;
	assert_true(luma_grid_init(&grid, 64, 48, 4));
	struct image image = luma_image(NULL, 16, 12, 16, true);
	assert_int_equal(luma_grid_scale(&grid, &image), 1);
	image.format = PIXEL_NV12;
	assert_int_equal(luma_grid_scale(&grid, &image), 1);
	image.format = PIXEL_YUYV;
	assert_int_equal(luma_grid_scale(&grid, &image), 0);
	for (int width = 0; width <= 200; width++)
		for (int height = 0; height <= 200; height++) {
			const struct image other = luma_image(NULL, width, height, 256, true);
			const bool suits =
			    height * 16 == width * 12 && (width == 16 || width == 32 || width == 64);
			assert_true((luma_grid_scale(&grid, &other) != 0) == suits);
		}
	luma_grid_finish(&grid);
	assert_true(luma_grid_init(&grid, 16, 12, 1)); /* its sums have room for no more than twice the block */
	const struct image twice = luma_image(NULL, 32, 24, 32, true), four_times = luma_image(NULL, 64, 48, 64, true);
	assert_int_equal(luma_grid_scale(&grid, &twice), 2);
	assert_int_equal(luma_grid_scale(&grid, &four_times), 0);
	luma_grid_finish(&grid);
}

/* Bands must not show: neither in the pixels, nor in the mean, nor in the grid. */
static void assert_same_frame(enum pixel_format format, int out_width, int out_height)
{
	struct image image = reference_image(format, WIDTH, HEIGHT, 3, FILL_RANDOM);
	const size_t bytes = frame_bytes(out_width, out_height);
	struct frame plain = { .pixels = malloc(bytes), .width = out_width, .height = out_height };
	struct frame frame = { .pixels = malloc(bytes), .width = out_width, .height = out_height };
	struct ingest *ingestion = ingest_create(WIDTH, HEIGHT, out_width, out_height);
	struct luma_grid grid;
	assert_true(luma_grid_init(&grid, out_width, out_height, 4));
	ingest(ingestion, &image, &plain);
	ingest_with_luma(ingestion, &image, &frame, &grid);
	assert_memory_equal(frame.pixels, plain.pixels, bytes);
	assert_true(frame.info.mean == plain.info.mean);
	assert_grid(plain.pixels, out_width, out_height, &grid);
	luma_grid_finish(&grid);
	ingest_destroy(ingestion);
	free(plain.pixels);
	free(frame.pixels);
	reference_free(&image);
}

static void test_ingest_with_luma_makes_the_same_frame(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
		assert_same_frame(reference_formats[f], WIDTH, HEIGHT);
		assert_same_frame(reference_formats[f], 20, 18);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_cell_is_the_mean_of_its_block),
		cmocka_unit_test(test_white_fills_a_cell_and_does_not_overflow),
		cmocka_unit_test(test_a_frame_smaller_than_a_block_has_no_grid),
		cmocka_unit_test(test_a_second_picture_fills_the_grid),
		cmocka_unit_test(test_limited_range_is_stretched),
		cmocka_unit_test(test_a_second_picture_of_another_size_or_kind_does_not_suit),
		cmocka_unit_test(test_ingest_with_luma_makes_the_same_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
