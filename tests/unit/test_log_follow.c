#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

static struct log_line line;
static uint64_t lost;

static void test_lines_come_in_order_from_the_cursor_on(void **state)
{
	(void)state;
	uint64_t cursor = log_follow_end(), begin = cursor;
	assert_false(log_follow_read(&cursor, &line, &lost));
	log_info("one");
	log_debug("not logged");
	log_warning("two");
	assert_true(log_follow_read(&cursor, &line, &lost));
	assert_string_equal(line.text, "one");
	assert_int_equal(line.level, LOG_LEVEL_INFO);
	assert_true(line.wall_ns > 0);
	assert_true(log_follow_read(&cursor, &line, &lost));
	assert_string_equal(line.text, "two");
	assert_int_equal(lost, 0);
	assert_false(log_follow_read(&cursor, &line, &lost));
	assert_int_equal(cursor, begin + 2);
	assert_int_equal(log_follow_end(), begin + 2);
}

static void test_what_is_overwritten_is_told_once(void **state)
{
	(void)state;
	uint64_t cursor = log_follow_end(), read = 0;
	for (int i = 0; i < LOG_KEPT + 44; i++)
		log_info("line %d", i);
	assert_true(log_follow_read(&cursor, &line, &lost));
	assert_int_equal(lost, 44);
	while (log_follow_read(&cursor, &line, &lost)) {
		assert_int_equal(lost, 0);
		if (read++ == 0)
			assert_string_equal(line.text, "line 44");
	}
	assert_int_equal(read, LOG_KEPT);
	assert_string_equal(line.text, "line 299");
}

static int is_readable(void)
{
	struct pollfd state = { .fd = log_follow_fd(), .events = POLLIN };
	return poll(&state, 1, 0);
}

static void test_the_descriptor_tells_once_until_it_is_acknowledged(void **state)
{
	(void)state;
	assert_true(log_follow_fd() >= 0);
	assert_int_equal(log_follow_fd(), log_follow_fd());
	log_follow_acknowledge();
	assert_int_equal(is_readable(), 0);
	log_info("a");
	log_info("b");
	assert_int_equal(is_readable(), 1);
	log_follow_acknowledge();
	assert_int_equal(is_readable(), 0);
	log_info("c");
	assert_int_equal(is_readable(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_come_in_order_from_the_cursor_on),
		cmocka_unit_test(test_what_is_overwritten_is_told_once),
		cmocka_unit_test(test_the_descriptor_tells_once_until_it_is_acknowledged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
