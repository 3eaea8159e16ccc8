#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden/reference.h"
#include "media/area.h"
#include "media/convert.h"
#include "media/ingest.h"

static void assert_ingested(enum pixel_format format, int width, int height, int out_width, int out_height)
{
	struct image image = reference_image(format, width, height, 3, FILL_RANDOM);
	const size_t bytes = frame_bytes(out_width, out_height);
	struct frame frame = { .pixels = malloc(bytes), .width = out_width, .height = out_height };
	frame.info.id = 42;
	struct ingest *ingestion = ingest_create(width, height, out_width, out_height);
	assert_non_null(ingestion);
	ingest(ingestion, &image, &frame);
	assert_true(frame.info.mean == (double)reference_sum(frame.pixels, bytes) / (double)bytes);
	for (int i = 0; i < 3; i++) {
		double wanted[3];
		reference_area(&image, out_width, out_height, out_width - 1, out_height - 1, wanted);
		assert_in_range(frame.pixels[bytes - 3 + (size_t)i] + 1, (unsigned)wanted[i], (unsigned)(wanted[i] + 2));
	}
	assert_int_equal(frame.info.id, 42);
	assert_true(frame.width == out_width && frame.height == out_height);
	ingest_destroy(ingestion);
	free(frame.pixels);
	reference_free(&image);
}

static uint64_t parts_of(const struct image *image, int width, int height, uint8_t *rgb)
{
	if (image->width == width && image->height == height)
		return convert_image(image, rgb);
	struct area *area = area_create(image->width, image->height, width, height);
	assert_non_null(area);
	const uint64_t sum = area_image(area, image, rgb);
	area_destroy(area);
	return sum;
}

static void test_same_size_and_smaller_of_every_format(void **state)
{
	(void)state;
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
		assert_ingested(reference_formats[f], 41, 23, 41, 23);
		assert_ingested(reference_formats[f], 40, 24, 10, 6);
		assert_ingested(reference_formats[f], 41, 23, 40, 7);
	}
}

static void test_one_ingest_takes_one_format_after_another(void **state)
{
	(void)state;
	struct ingest *ingestion = ingest_create(16, 8, 4, 2);
	uint8_t pixels[4 * 2 * FRAME_CHANNELS];
	struct frame frame = { .pixels = pixels, .width = 4, .height = 2 };
	for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
		struct image image = reference_image(reference_formats[f], 16, 8, 0, FILL_MOST);
		image.full_range = true;
		ingest(ingestion, &image, &frame);
		double wanted[3] = { 255, 255, 255 };
		reference_to_rgb(&image, wanted);
		assert_in_range(pixels[1] + 1, (unsigned)wanted[1], (unsigned)(wanted[1] + 2));
		reference_free(&image);
	}
	ingest_destroy(ingestion);
}

/* Where a processor has a whole ingest of its own, as 32-bit ARM has with NEON, this is where the two meet. */
static void test_same_bits_as_its_parts_at_every_width(void **state)
{
	(void)state;
	static const int ratios[][2] = { { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 }, { 8, 5 } };
	for (int width = 1; width <= 200; width++)
		for (size_t r = 0; r < COUNT_OF(ratios); r++)
			for (size_t f = 0; f < COUNT_OF(reference_formats); f++) {
				const int in = ratios[r][0], out = ratios[r][1];
				struct image image =
				    reference_image(reference_formats[f], width * in, 2 * in, (size_t)width % 3, FILL_RANDOM);
				const size_t bytes = frame_bytes(width * out, 2 * out);
				struct frame frame = { .pixels = malloc(bytes), .width = width * out, .height = 2 * out };
				struct ingest *ingestion = ingest_create(width * in, 2 * in, frame.width, frame.height);
				ingest(ingestion, &image, &frame);
				uint8_t *wanted = malloc(bytes);
				const uint64_t sum = parts_of(&image, frame.width, frame.height, wanted);
				assert_memory_equal(frame.pixels, wanted, bytes);
				assert_true(frame.info.mean == (double)sum / (double)bytes);
				ingest_destroy(ingestion);
				reference_free(&image);
				free(frame.pixels);
				free(wanted);
			}
}

static void test_refuses_sizes_of_nothing(void **state)
{
	(void)state;
	assert_null(ingest_create(4, 4, 0, 4));
	assert_null(ingest_create(0, 4, 2, 5));
	ingest_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_size_and_smaller_of_every_format),
		cmocka_unit_test(test_one_ingest_takes_one_format_after_another),
		cmocka_unit_test(test_same_bits_as_its_parts_at_every_width),
		cmocka_unit_test(test_refuses_sizes_of_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
