#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden/reference.h"
#include "media/luma.h"

static void test_sum_is_exact_for_every_length_and_alignment(void **state)
{
	(void)state;
	for (size_t count = 0; count < 600; count++)
		for (size_t offset = 0; offset < 3; offset++) {
			uint8_t *bytes = malloc(count + offset + 1);
			reference_fill(bytes, count + offset, FILL_RANDOM, (uint32_t)count);
			assert_int_equal(luma_sum(bytes + offset, count), reference_sum(bytes + offset, count));
			free(bytes);
		}
}

static void test_sum_does_not_overflow(void **state)
{
	(void)state;
	const size_t count = 3 * 1000 * 1000 + 7;
	uint8_t *bytes = malloc(count);
	memset(bytes, 255, count);
	assert_int_equal(luma_sum(bytes, count), 255 * (uint64_t)count);
	assert_true(luma_mean(bytes, count) == 255);
	bytes[count - 1] = 0;
	assert_int_equal(luma_sum(bytes, count), 255 * (uint64_t)(count - 1));
	free(bytes);
}

static void test_mean_of_nothing_is_zero(void **state)
{
	(void)state;
	assert_true(luma_mean((const uint8_t *)"", 0) == 0);
}

static void test_clipped_share_judges_every_eighth_row_and_column(void **state)
{
	(void)state;
	uint8_t pixels[17 * 9 * FRAME_CHANNELS];
	memset(pixels, 249, sizeof pixels);
	struct frame frame = { .pixels = pixels, .width = 17, .height = 9 };
	assert_true(luma_clipped_share(&frame) == 0);
	pixels[frame_bytes(17, 8) + frame_bytes(16, 1) + 2] = 250; /* the blue of the last judged pixel */
	assert_true(luma_clipped_share(&frame) == 1.0 / 6);
	pixels[frame_bytes(1, 1)] = 255; /* not judged */
	assert_true(luma_clipped_share(&frame) == 1.0 / 6);
	memset(pixels, 255, sizeof pixels);
	assert_true(luma_clipped_share(&frame) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum_is_exact_for_every_length_and_alignment),
		cmocka_unit_test(test_sum_does_not_overflow),
		cmocka_unit_test(test_mean_of_nothing_is_zero),
		cmocka_unit_test(test_clipped_share_judges_every_eighth_row_and_column),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
