#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "web/turns.h"

enum { MANY = 12 };

static struct turn turns[MANY];
static char order[64];

static void on_begin(struct turn *turn)
{
	order[strlen(order)] = (char)('a' + (turn - turns));
}

static void leave_at_once(struct turn *turn)
{
	on_begin(turn);
	turns_leave(turn);
}

static int reset(void **state)
{
	(void)state;
	memset(order, 0, sizeof order);
	for (size_t i = 0; i < MANY; i++)
		turns[i] = (struct turn){ .camera = "front", .lane = TURN_LIGHT, .begin = on_begin };
	return 0;
}

static int leave_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		turns_leave(&turns[i]);
	return 0;
}

static void test_so_many_begin_at_once_and_the_others_in_turn(void **state)
{
	(void)state;
	for (size_t i = 0; i < 9; i++)
		assert_true(turns_join(&turns[i]));
	assert_string_equal(order, "abcdef");
	turns_leave(&turns[7]); /* gives up before its turn */
	turns_leave(&turns[2]);
	assert_string_equal(order, "abcdefg");
	turns_leave(&turns[0]);
	assert_string_equal(order, "abcdefgi");
	turns_leave(&turns[0]); /* again is fine */
}

static void test_what_takes_long_holds_nothing_else_up(void **state)
{
	(void)state;
	turns[0].lane = turns[1].lane = TURN_HEAVY;
	turns[2].camera = "yard";
	turns[2].lane = TURN_HEAVY;
	turns[4].lane = TURN_WHOLE;
	turns[5].lane = TURN_FREE;
	for (size_t i = 0; i < 6; i++)
		turns_join(&turns[i]);
	assert_string_equal(order, "acdef"); /* one heavy a camera; b waits */
	turns_leave(&turns[0]);
	assert_string_equal(order, "acdefb");
}

static void test_who_is_done_at_once_is_not_there_any_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < 7; i++)
		turns_join(&turns[i]);
	turns[7].lane = TURN_HEAVY;
	turns[7].begin = leave_at_once;
	assert_false(turns_join(&turns[7]));
	turns[8].begin = turns[9].begin = leave_at_once; /* each lets the next begin */
	assert_true(turns_join(&turns[8]));
	assert_true(turns_join(&turns[9]));
	turns_leave(&turns[6]);
	assert_string_equal(order, "abcdefh");
	turns_leave(&turns[0]);
	assert_string_equal(order, "abcdefhij");
}

static void test_whole_pictures_wait_for_memory(void **state)
{
	(void)state;
	char *held = turns_hold(64 * 1024 * 1024);
	assert_non_null(held);
	turns[0].lane = TURN_WHOLE;
	turns[1].lane = TURN_HEAVY;
	for (size_t i = 0; i < 3; i++)
		turns_join(&turns[i]);
	assert_string_equal(order, "c");
	turns_let_go(held);
	assert_string_equal(order, "cab");
	turns_let_go(NULL);
	assert_null(turns_hold(SIZE_MAX));
}

int main(void)
{
#define TURNS(test) cmocka_unit_test_setup_teardown(test, reset, leave_all)
	const struct CMUnitTest tests[] = {
		TURNS(test_so_many_begin_at_once_and_the_others_in_turn),
		TURNS(test_what_takes_long_holds_nothing_else_up),
		TURNS(test_who_is_done_at_once_is_not_there_any_more),
		TURNS(test_whole_pictures_wait_for_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
