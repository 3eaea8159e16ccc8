/* As much of cmocka as the kernels' tests use, for processors that it is not installed for (`make check-arm`). */
#ifndef PASTCAM_GOLDEN_CMOCKA_H
#define PASTCAM_GOLDEN_CMOCKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*run)(void **state);
};

#define cmocka_unit_test(function)                                                                                     \
	{                                                                                                                  \
#function, function                                                                                            \
	}

#define fail_msg(...) (printf(__VA_ARGS__), printf(" (%s:%d)\n", __FILE__, __LINE__), exit(1))
#define assert_true(condition) ((condition) ? (void)0 : fail_msg("not true: %s", #condition))
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_null(pointer) assert_true((pointer) == NULL)
#define assert_int_equal(a, b) assert_true((a) == (b))
#define assert_in_range(value, least, most) assert_true((value) >= (least) && (value) <= (most))
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)

static inline int golden_run(const struct CMUnitTest *tests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tests[i].run(NULL);
	printf("%zu tests passed\n", count);
	return 0;
}

#define cmocka_run_group_tests(tests, setup, teardown) golden_run(tests, sizeof tests / sizeof *(tests))

#endif
