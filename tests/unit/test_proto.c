#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/proto.h"

enum { TAKES_ALL = PROTO_FORMATS | PROTO_AT | PROTO_COUNT | PROTO_MODE };

static int split(const char *text, char line[PROTO_LINE_BYTES], struct proto_words *words)
{
	snprintf(line, PROTO_LINE_BYTES, "%s", text);
	return proto_split(line, words);
}

static void test_cuts_words(void **state)
{
	(void)state;
	char line[PROTO_LINE_BYTES];
	struct proto_words words;
	assert_int_equal(split(" \tsave  jpg\tpng \r\n", line, &words), 0);
	assert_int_equal(words.count, 3);
	assert_string_equal(words.word[0], "save");
	assert_string_equal(words.word[1], "jpg");
	assert_string_equal(words.word[2], "png");
}

static void test_an_empty_line_has_no_words(void **state)
{
	(void)state;
	const char *const empty[] = { "", " ", "\t \t", "\r\n", "\n", " \r\n\r\n" };
	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
		char line[PROTO_LINE_BYTES];
		struct proto_words words;
		assert_int_equal(split(empty[i], line, &words), 0);
		assert_int_equal(words.count, 0);
	}
}

static void test_refuses_control_bytes(void **state)
{
	(void)state;
	const char *const bad[] = { "save\1", "\x1b[2J", "save\rpng", "a\nb", "\x7f" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char line[PROTO_LINE_BYTES];
		struct proto_words words;
		assert_int_equal(split(bad[i], line, &words), -EINVAL);
		assert_int_equal(words.count, 0);
	}
}

static void test_refuses_too_many_words(void **state)
{
	(void)state;
	char line[PROTO_LINE_BYTES];
	struct proto_words words;
	assert_int_equal(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", line, &words), 0);
	assert_int_equal(words.count, PROTO_WORDS_MAX);
	assert_int_equal(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", line, &words), -E2BIG);
	assert_int_equal(words.count, 0);
}

static void test_cuts_auth(void **state)
{
	(void)state;
	const struct {
		const char *line, *token, *rest;
	} cases[] = {
		{ "auth abc save jpg", "abc", "save jpg" },
		{ " auth\tabc  \t save", "abc", "save" },
		{ "auth abc", "abc", "" },
		{ "auth abc ", "abc", "" },
		{ "auth", "", "" },
		{ "auth ", "", "" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char line[64], *rest = NULL;
		const char *token = NULL;
		snprintf(line, sizeof line, "%s", cases[i].line);
		assert_true(proto_cut_auth(line, &token, &rest));
		assert_string_equal(token, cases[i].token);
		assert_string_equal(rest, cases[i].rest);
	}
	const char *const others[] = { "", "save", "authabc", "author x", "save auth abc", "AUTH abc" };
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		char line[64], *rest;
		const char *token;
		snprintf(line, sizeof line, "%s", others[i]);
		assert_false(proto_cut_auth(line, &token, &rest));
		assert_string_equal(line, others[i]);
	}
}

static int parse(const char *text, unsigned takes, struct proto_arguments *arguments, struct error *error)
{
	static char line[PROTO_LINE_BYTES];
	struct proto_words words;
	assert_int_equal(split(text, line, &words), 0);
	*error = (struct error){ 0 };
	return proto_parse_arguments(&words, takes, arguments, error);
}

static void test_parses_formats(void **state)
{
	(void)state;
	struct proto_arguments arguments;
	struct error error;
	assert_int_equal(parse("save", PROTO_FORMATS, &arguments, &error), 0);
	assert_int_equal(arguments.formats, 0);
	assert_int_equal(arguments.given, 0);
	assert_int_equal(parse("save jpg PNG jpg", PROTO_FORMATS, &arguments, &error), 0);
	assert_int_equal(arguments.formats, EXPORT_JPG | EXPORT_PNG);
	assert_int_equal(parse("save Npy", PROTO_FORMATS, &arguments, &error), 0);
	assert_int_equal(arguments.formats, EXPORT_NPY);
}

static void test_parses_time_count_and_mode(void **state)
{
	(void)state;
	struct proto_arguments arguments;
	struct error error;
	assert_int_equal(parse("pastStack at=-5 jpg count=4 mode=median", TAKES_ALL, &arguments, &error), 0);
	assert_int_equal(arguments.given, TAKES_ALL);
	assert_false(arguments.at.wall);
	assert_int_equal(arguments.at.ns, 5000000000);
	assert_int_equal(arguments.count, 4);
	assert_int_equal(arguments.mode, STACK_MEDIAN);
	assert_int_equal(arguments.formats, EXPORT_JPG);
	assert_int_equal(parse("past AT=-0.5 Count=4096", TAKES_ALL, &arguments, &error), 0);
	assert_int_equal(arguments.at.ns, 500000000);
	assert_int_equal(arguments.count, STACK_COUNT_MAX);
}

static void test_what_streams_and_pins_take(void **state)
{
	(void)state;
	struct proto_arguments arguments;
	struct error error;
	unsigned takes = PROTO_WIDTH | PROTO_META | PROTO_FPS | PROTO_BEFORE | PROTO_AFTER | PROTO_SINCE;
	assert_int_equal(parse("x width=320 META fps=0.5 before=10 after=2.5 since=ab-1", takes, &arguments, &error), 0);
	assert_int_equal(arguments.given, takes);
	assert_int_equal(arguments.width, 320);
	assert_true(arguments.fps == 0.5);
	assert_int_equal(arguments.before_ns, 10000000000);
	assert_int_equal(arguments.after_ns, 2500000000);
	assert_string_equal(arguments.since, "ab-1");
}

static void test_a_stack_may_be_mixed(void **state)
{
	(void)state;
	struct proto_arguments arguments;
	struct error error;
	assert_int_equal(parse("pastStack Mixed count=8 png", TAKES_ALL | PROTO_MIXED, &arguments, &error), 0);
	assert_int_equal(arguments.given, PROTO_MIXED | PROTO_COUNT | PROTO_FORMATS);
	assert_int_equal(parse("past mixed", TAKES_ALL, &arguments, &error), -EINVAL);
	assert_string_equal(error.text, "unknown format \"mixed\": use jpg, png or npy");
}

static void test_explains_what_is_wrong(void **state)
{
	(void)state;
	const struct {
		const char *line, *reason;
	} cases[] = {
		{ "save gif", "unknown format \"gif\": use jpg, png or npy" },
		{ "past at=5", "at=5 lies in the future: at=-5 is that many seconds ago" },
		{ "past count=0", "count=0 is not a whole number from 1 to 4096" },
		{ "past count=-1", "count=-1 is not a whole number from 1 to 4096" },
		{ "past count=4097", "count=4097 is not a whole number from 1 to 4096" },
		{ "past count=99999999999", "count=99999999999 is not a whole number from 1 to 4096" },
		{ "past count=2.5", "count=2.5 is not a whole number from 1 to 4096" },
		{ "past count=", "count= is not a whole number from 1 to 4096" },
		{ "past mode=average", "unknown mode \"average\": use mean, median or max" },
		{ "past at=-1 at=-2", "at= is given twice" },
		{ "past count=1 jpg count=1", "count= is given twice" },
		{ "past when=3", "unknown argument \"when=3\": use at=, count= or mode=" },
		{ "past =3", "unknown argument \"=3\": use at=, count= or mode=" },
		{ "past fps=3", "past takes no fps=" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct proto_arguments arguments;
		struct error error;
		assert_int_equal(parse(cases[i].line, TAKES_ALL, &arguments, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].reason);
	}
}

static void test_what_is_wrong_with_streams_pins_and_bytes(void **state)
{
	(void)state;
	const struct {
		const char *line;
		unsigned takes;
		const char *reason;
	} cases[] = {
		{ "get width=0", PROTO_WIDTH, "width=0 is not a whole number from 1 to 65535" },
		{ "get width=99999", PROTO_WIDTH, "width=99999 is not a whole number from 1 to 65535" },
		{ "get width=-5", PROTO_WIDTH, "width=-5 is not a whole number from 1 to 65535" },
		{ "get jpg jpg", PROTO_FORMATS | PROTO_META, "get sends one picture: name one format" },
		{ "get jpg png", PROTO_FORMATS | PROTO_META, "get sends one picture: name one format" },
		{ "live fps=0", PROTO_FPS, "fps=0 is not a number of frames a second from 0.001 to 1000" },
		{ "live fps=-1", PROTO_FPS, "fps=-1 is not a number of frames a second from 0.001 to 1000" },
		{ "live fps=1e3", PROTO_FPS, "fps=1e3 is not a number of frames a second from 0.001 to 1000" },
		{ "live jpg", PROTO_FPS | PROTO_META, "live takes no formats" },
		{ "live at", PROTO_FPS | PROTO_WIDTH, "unknown argument \"at\": use width= or fps=" },
		{ "pin before=-1", PROTO_BEFORE, "before=-1 is not a number of seconds from 0 to 3600" },
		{ "pin after=3601", PROTO_AFTER, "after=3601 is not a number of seconds from 0 to 3600" },
		{ "keep x", 0, "unknown argument \"x\": keep takes none like it" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct proto_arguments arguments;
		struct error error;
		assert_int_equal(parse(cases[i].line, cases[i].takes, &arguments, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].reason);
	}
}

static void test_refuses_what_the_command_does_not_take(void **state)
{
	(void)state;
	struct proto_arguments arguments;
	struct error error;
	assert_int_equal(parse("save at=-5", PROTO_FORMATS, &arguments, &error), -EINVAL);
	assert_string_equal(error.text, "save takes no at=");
	assert_int_equal(parse("past mode=max", PROTO_FORMATS | PROTO_AT, &arguments, &error), -EINVAL);
	assert_string_equal(error.text, "past takes no mode=");
	assert_int_equal(parse("x jpg", PROTO_AT, &arguments, &error), -EINVAL);
	assert_string_equal(error.text, "x takes no formats");
}

static void test_long_words_are_cut_in_the_explanation(void **state)
{
	(void)state;
	char line[600];
	memset(line, 'x', sizeof line - 1);
	memcpy(line, "save ", 5);
	line[sizeof line - 1] = '\0';
	struct proto_arguments arguments;
	struct error error;
	assert_int_equal(parse(line, TAKES_ALL, &arguments, &error), -EINVAL);
	assert_true(strlen(error.text) < 100);
	assert_non_null(strstr(error.text, "use jpg, png or npy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts_words),
		cmocka_unit_test(test_an_empty_line_has_no_words),
		cmocka_unit_test(test_refuses_control_bytes),
		cmocka_unit_test(test_refuses_too_many_words),
		cmocka_unit_test(test_cuts_auth),
		cmocka_unit_test(test_parses_formats),
		cmocka_unit_test(test_parses_time_count_and_mode),
		cmocka_unit_test(test_a_stack_may_be_mixed),
		cmocka_unit_test(test_explains_what_is_wrong),
		cmocka_unit_test(test_what_streams_and_pins_take),
		cmocka_unit_test(test_what_is_wrong_with_streams_pins_and_bytes),
		cmocka_unit_test(test_refuses_what_the_command_does_not_take),
		cmocka_unit_test(test_long_words_are_cut_in_the_explanation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
