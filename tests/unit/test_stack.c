#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../golden/reference.h"
#include "stack.h"

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

static void test_large_counts(void **state)
{
	(void)state;
	static const size_t counts[] = { 50, 254, 255, 256, 257, 258, 510, 514, 515, 1000, 4095, STACK_COUNT_MAX };
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		for (int fill = 0; fill < FILL_KINDS; fill++)
			assert_stacked(counts[i], 37, 0, 37, (enum fill)fill);
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

/* Sums next to every whole and half quotient, for counts that a float cannot divide by exactly. */
static void test_mean_rounds_exactly(void **state)
{
	(void)state;
	static const size_t counts[] = { 3, 7, 49, 255, 257, 4093 };
	uint8_t *zeros = calloc(256, 1), *ones = malloc(256), *steps = malloc(256);
	memset(ones, 1, 256);
	for (size_t c = 0; c < COUNT_OF(counts); c++)
		for (size_t lit = 0; lit <= counts[c]; lit += 1 + counts[c] / 64) {
			const uint8_t **sources = malloc(counts[c] * sizeof *sources);
			for (size_t i = 0; i < 256; i++)
				steps[i] = (uint8_t)i;
			for (size_t k = 0; k < counts[c]; k++)
				sources[k] = k < lit ? ones : k % 2 ? steps : zeros;
			uint8_t out[256];
			stack_range(STACK_MEAN, sources, counts[c], 0, 256, out);
			for (size_t i = 0; i < 256; i++) {
				size_t sum = 0;
				for (size_t k = 0; k < counts[c]; k++)
					sum += sources[k][i];
				assert_int_equal(out[i], (sum + counts[c] / 2) / counts[c]);
			}
			free(sources);
		}
	free(zeros);
	free(ones);
	free(steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_small_count),
		cmocka_unit_test(test_large_counts),
		cmocka_unit_test(test_ranges_leave_the_rest_alone),
		cmocka_unit_test(test_mean_rounds_exactly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
