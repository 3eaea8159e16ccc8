/* What is drawn differs from process to process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"

static uint64_t drawn_by_another_process(void)
{
	int ends[2];
	uint64_t drawn = 0;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		drawn = random_draw();
		_exit(write(ends[1], &drawn, sizeof drawn) == (ssize_t)sizeof drawn ? 0 : 1);
	}
	assert_true(child > 0);
	assert_int_equal(read(ends[0], &drawn, sizeof drawn), sizeof drawn);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(ends[1]);
	return drawn;
}

static void test_two_processes_draw_different_numbers(void **state)
{
	(void)state;
	assert_true(drawn_by_another_process() != drawn_by_another_process());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_processes_draw_different_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
