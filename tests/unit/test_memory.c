#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { MIB = 1 << 20 };

static void test_parts_add_up(void **state)
{
	(void)state;
	struct memory_parts parts = memory_parts();
	uint64_t sum = parts.files + parts.shared + parts.anonymous, rss = memory_rss();
	assert_true(parts.files > 0 && parts.anonymous > 0);
	assert_true(sum < rss + MIB && rss < sum + MIB);
}

static void test_written_memory_counts(void **state)
{
	(void)state;
	enum { BYTES = 16 * MIB };
	uint64_t before = memory_rss();
	void *block = malloc(BYTES);
	assert_non_null(block);
	memset(block, 1, BYTES);
	assert_true(memory_rss() >= before + BYTES - MIB);
	free(block);
}

static void test_released_code_comes_back_when_used(void **state)
{
	(void)state;
	uint64_t before = memory_parts().files;
	memory_release_code();
	assert_true(memory_parts().files < before);
	assert_true(memory_available() > 0);
	memory_release_code();
	assert_true(memory_rss() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts_add_up),
		cmocka_unit_test(test_written_memory_counts),
		cmocka_unit_test(test_released_code_comes_back_when_used),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
