#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden/reference.h"
#include "media/stack.h"

static int ascending(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

static uint8_t expected(enum stack_mode mode, uint8_t *levels, size_t count)
{
	qsort(levels, count, 1, ascending);
	const uint64_t sum = reference_sum(levels, count);
	switch (mode) {
	case STACK_MEAN:
		return (uint8_t)((sum + count / 2) / count);
	case STACK_MEDIAN:
		return (uint8_t)((levels[(count - 1) / 2] + levels[count / 2] + 1) / 2);
	default:
		return levels[count - 1];
	}
}

/* Stacks [begin, end) of sources of `bytes`; what is outside must stay. */
static void assert_stacked(size_t count, size_t bytes, size_t begin, size_t end, enum fill fill)
{
	uint8_t **sources = malloc(count * sizeof *sources), *levels = malloc(count), *out = malloc(bytes);
	for (size_t k = 0; k < count; k++) {
		sources[k] = malloc(bytes);
		reference_fill(sources[k], bytes, fill, (uint32_t)(k * 101 + bytes));
	}
	for (enum stack_mode mode = STACK_MEAN; mode <= STACK_MAX; mode++) {
		memset(out, 77, bytes);
		stack_range(mode, (const uint8_t *const *)sources, count, begin, end, out);
		for (size_t i = 0; i < bytes; i++) {
			for (size_t k = 0; k < count; k++)
				levels[k] = sources[k][i];
			const uint8_t wanted = i >= begin && i < end ? expected(mode, levels, count) : 77;
			if (out[i] != wanted)
				fail_msg("mode %d of %zu sources, byte %zu: %d instead of %d", (int)mode, count, i, out[i], wanted);
		}
	}
	for (size_t k = 0; k < count; k++)
		free(sources[k]);
	free(sources);
	free(levels);
	free(out);
}

static void test_every_small_count(void **state)
{
	(void)state;
	for (size_t count = 1; count <= 40; count++)
		for (int fill = 0; fill < FILL_KINDS; fill++)
			assert_stacked(count, 613, 0, 613, (enum fill)fill);
}

/* Where medians are sorted in several groups, and where counting begins, is not the same on every processor. */
static void test_every_count_to_two_hundred(void **state)
{
	(void)state;
	for (size_t count = 41; count <= 200; count++)
		assert_stacked(count, 40, 0, 40, FILL_RANDOM);
}

/* Of more frames fewer bytes at a time are looked at; 300 are a block of each kind and something left. */
static void test_large_counts_of_whole_blocks(void **state)
{
	(void)state;
	static const size_t counts[] = { 90, 1024, 1025, 2048, 2049 };
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		assert_stacked(counts[i], 300, 0, 300, FILL_RANDOM);
}

static void test_large_counts(void **state)
{
	(void)state;
	static const size_t counts[] = {
		50, 63, 64, 65, 88, 89, 254, 255, 256, 257, 258, 510, 514, 515, 1000, 1025, 2049, 4095, STACK_COUNT_MAX
	};
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		for (int fill = 0; fill < FILL_KINDS; fill++)
			assert_stacked(counts[i], 37, 0, 37, (enum fill)fill);
}

/* Each way of stacking, and what it leaves for the end. */
static void test_every_width_and_alignment(void **state)
{
	(void)state;
	static const size_t counts[] = { 2, 7, 32, 33, 36, 66 };
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		for (size_t width = 1; width <= 200; width++) {
			const size_t begin = (width + 7 * i) % 64;
			assert_stacked(counts[i], width + begin + 3, begin, begin + width, FILL_RANDOM);
		}
}

static void test_ranges_leave_the_rest_alone(void **state)
{
	(void)state;
	static const size_t ranges[][2] = { { 0, 1 }, { 1, 2 }, { 5, 5 }, { 3, 1500 }, { 1023, 1026 }, { 255, 2600 } };
	static const size_t counts[] = { 1, 2, 3, 4, 5, 16, 17 };
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		for (size_t r = 0; r < COUNT_OF(ranges); r++)
			assert_stacked(counts[i], 2600, ranges[r][0], ranges[r][1], FILL_RANDOM);
}

/* Byte i of source k is as much of i as the sources before have left, so that the sum at i is i: every sum there is. */
static void assert_every_sum(size_t count)
{
	assert_true(count > 0);
	const size_t bytes = 255 * count + 1;
	uint8_t **sources = malloc(count * sizeof *sources), *out = malloc(bytes);
	for (size_t k = 0; k < count; k++) {
		sources[k] = malloc(bytes);
		for (size_t i = 0; i < bytes; i++)
			sources[k][i] = (uint8_t)(i < 255 * k ? 0 : i > 255 * (k + 1) ? 255 : i - 255 * k);
	}
	stack_range(STACK_MEAN, (const uint8_t *const *)sources, count, 0, bytes, out);
	for (size_t i = 0; i < bytes; i++)
		if (out[i] != (i + count / 2) / count)
			fail_msg("%zu / %zu is not %d", i, count, out[i]);
	for (size_t k = 0; k < count; k++)
		free(sources[k]);
	free(sources);
	free(out);
}

static void test_mean_rounds_exactly(void **state)
{
	(void)state;
	static const size_t long_counts[] = { 65, 99, 127, 255, 256, 257 };
	for (size_t count = 1; count <= 64; count++)
		assert_every_sum(count);
	for (size_t i = 0; i < COUNT_OF(long_counts); i++)
		assert_every_sum(long_counts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_small_count),
		cmocka_unit_test(test_large_counts),
		cmocka_unit_test(test_every_count_to_two_hundred),
		cmocka_unit_test(test_large_counts_of_whole_blocks),
		cmocka_unit_test(test_every_width_and_alignment),
		cmocka_unit_test(test_ranges_leave_the_rest_alone),
		cmocka_unit_test(test_mean_rounds_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
