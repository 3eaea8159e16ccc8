#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/chunk.h"

static void test_what_is_appended_comes_out_in_order(void **state)
{
	struct chunk *chunk = chunk_create(0);
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t byte = (uint8_t)i;
		assert_int_equal(chunk_append(&chunk, &byte, 1), 0);
	}
	assert_int_equal(chunk_bytes(chunk), 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(chunk_data(chunk)[i], (uint8_t)i);
	chunk_release(chunk);
}

static void test_it_lives_until_the_last_reference_goes_and_is_counted(void **state)
{
	size_t before = chunk_total_bytes();
	struct chunk *chunk = chunk_printf("%s %d", "frame", 7);
	(void)state;
	assert_ptr_equal(chunk_reference(chunk), chunk);
	chunk_release(chunk);
	assert_int_equal(chunk_bytes(chunk), 7);
	assert_memory_equal(chunk_data(chunk), "frame 7", 7);
	assert_int_equal(chunk_total_bytes(), before + 7);
	chunk_release(chunk);
	assert_int_equal(chunk_total_bytes(), before);
	chunk_release(NULL);
}

static void test_a_picture_s_memory_serves_the_next_one(void **state)
{
	enum { PICTURE = 300000 };
	struct chunk *first = chunk_create(PICTURE), *other = chunk_create(PICTURE);
	size_t both = chunk_total_bytes();
	(void)state;
	chunk_release(first);
	struct chunk *next = chunk_create(PICTURE - 1000);
	assert_ptr_equal(next, first);
	assert_ptr_not_equal(next, other);
	assert_int_equal(chunk_bytes(next), 0);
	assert_int_equal(chunk_total_bytes(), both);
	chunk_release(next);
	struct chunk *larger = chunk_create(2 * PICTURE), *small = chunk_create(PICTURE / 10);
	assert_int_equal(chunk_total_bytes(), both + PICTURE + PICTURE / 10);
	chunk_release(larger);
	chunk_release(small);
	chunk_release(other);
	assert_int_equal(chunk_total_bytes(), both - 2 * PICTURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_appended_comes_out_in_order),
		cmocka_unit_test(test_a_picture_s_memory_serves_the_next_one),
		cmocka_unit_test(test_it_lives_until_the_last_reference_goes_and_is_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
