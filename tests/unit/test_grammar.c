#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/grammar.h"

static struct error error;

static void test_what_the_daemon_takes_is_good(void **state)
{
	(void)state;
	static const char *const good[] = {
		"save",
		"save jpg npy",
		"past at=-5 png count=3",
		"pastStack mode=max mixed at=2026-11-26T10:15:00Z",
		"pin at=-5 before=1 after=0.5",
		"keep 12",
		"keep 12 png",
		"drop 7",
		"clip",
		"clip before=5 after=1.5 label=door wait",
		"clip stop",
		"trigger anything goes",
		"",
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_int_equal(grammar_check(good[i], &error), 0);
}

static void test_what_the_words_alone_decide_is_refused_with_the_sentence(void **state)
{
	(void)state;
	static const struct {
		const char *line, *said;
	} bad[] = {
		{ "save exe", "unknown format \"exe\"" },
		{ "save at=-5", "save takes no at=" },
		{ "past at=99", "lies in the future" },
		{ "past count=0", "count=0 is not a whole number" },
		{ "pastStack mode=sum", "unknown mode \"sum\"" },
		{ "pin before=-1", "before=-1 is not a number of seconds" },
		{ "keep", "\"\" is no pin" },
		{ "keep p1", "\"p1\" is no pin" },
		{ "keep 1 exe", "unknown format \"exe\"" },
		{ "drop 1x", "\"1x\" is no pin" },
		{ "clip after=inf", "after=inf is not a number of seconds" },
		{ "clip around=5", "clip takes before=" },
		{ "clip stop wait", "clip stop takes nothing else" },
		{ "save 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "too many words" },
		{ "save\x01", "control characters" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(grammar_check(bad[i].line, &error), -EINVAL);
		assert_non_null(strstr(error.text, bad[i].said));
	}
}

static void test_a_line_is_as_long_as_a_daemon_takes_it(void **state)
{
	(void)state;
	char line[2000];
	memset(line, 'x', sizeof line);
	memcpy(line, "clip label=", 11);
	line[1024] = '\0';
	assert_int_equal(grammar_check(line, &error), 0);
	line[1024] = 'x';
	line[1025] = '\0';
	assert_int_equal(grammar_check(line, &error), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_daemon_takes_is_good),
		cmocka_unit_test(test_what_the_words_alone_decide_is_refused_with_the_sentence),
		cmocka_unit_test(test_a_line_is_as_long_as_a_daemon_takes_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
