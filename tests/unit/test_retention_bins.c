#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/retention_bins.h"

enum { COUNT = 20000, BYTES = 7 };
static const int64_t MOST_ORDER = INT64_MAX / 2, LEAST_ORDER = INT64_MIN / 2;

static struct bins bins;

/* Adds COUNT pictures step apart, of which the first is at begin, in an order that jumps about. */
static void add_all(int64_t begin, int64_t step)
{
	for (int64_t i = 0; i < COUNT; i++)
		bins_add(&bins, begin + i * 7919 % COUNT * step, BYTES);
}

static int64_t bytes_in_bins(void)
{
	int64_t bytes = 0;
	for (int i = 0; i < BINS_COUNT; i++)
		bytes += bins.bytes[i];
	return bytes;
}

/* After one pass the cut is at most two bins before what was asked for, and not after it. */
static void assert_cut_after_one_pass(int64_t begin, int64_t step)
{
	const int64_t gone = COUNT / 3;
	bins_start(&bins);
	add_all(begin, step);
	assert_int_equal(bytes_in_bins(), COUNT * BYTES);
	assert_true(bins_narrow(&bins, gone * BYTES));
	assert_true(bins.cut <= begin + gone * step);
	assert_true(bins.cut >= begin + (gone - COUNT / (BINS_COUNT / 4)) * step);
}

static void test_one_pass_finds_the_cut(void **state)
{
	(void)state;
	assert_cut_after_one_pass(0, 1);
	assert_cut_after_one_pass(-5, 3);
	assert_cut_after_one_pass(-INT64_C(1700000000000000000) / 4, INT64_C(25000000000));
	assert_cut_after_one_pass(INT64_C(1700000000000000000) / 4, 1);
	assert_cut_after_one_pass(LEAST_ORDER, (MOST_ORDER - 1) / COUNT * 2);
}

static void test_no_order_is_too_far_from_another(void **state)
{
	(void)state;
	const int64_t orders[] = { 0, MOST_ORDER, LEAST_ORDER, -1, 1 };
	for (int first = 0; first < 5; first++) {
		bins_start(&bins);
		for (int i = 0; i < 5; i++)
			bins_add(&bins, orders[(first + i) % 5], BYTES);
		assert_int_equal(bytes_in_bins(), 5 * BYTES);
		assert_true(bins_narrow(&bins, BYTES));
		assert_true(bins.cut > LEAST_ORDER && bins.cut <= -1);
	}
}

/* What lies before the cut goes in the next pass, in which the rest is added; returns how many went so far. */
static int64_t next_pass(int64_t begin, int64_t step)
{
	int64_t gone = 0;
	bins_clear(&bins);
	for (int64_t i = 0; i < COUNT; i++)
		if (begin + i * step < bins.cut)
			gone++;
		else
			bins_add(&bins, begin + i * step, BYTES);
	return gone;
}

static void test_further_passes_find_the_very_picture(void **state)
{
	(void)state;
	const int64_t must_go = 12345;
	int64_t gone = 0;
	int passes = 1;
	bins_start(&bins);
	for (add_all(-1000, 1000); gone < must_go; passes++) {
		assert_true(bins_narrow(&bins, (must_go - gone) * BYTES));
		gone = next_pass(-1000, 1000);
	}
	assert_int_equal(gone, must_go);
	assert_in_range(passes, 2, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_pass_finds_the_cut),
		cmocka_unit_test(test_no_order_is_too_far_from_another),
		cmocka_unit_test(test_further_passes_find_the_very_picture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
