#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/proto.h"

enum { TAKES_ALL = PROTO_TAKES_FORMATS | PROTO_TAKES_TIME | PROTO_TAKES_MODE };

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

static int parse(const char *text, unsigned takes, struct proto_export *request, struct error *error)
{
	char line[PROTO_LINE_BYTES];
	struct proto_words words;
	assert_int_equal(split(text, line, &words), 0);
	*error = (struct error){ 0 };
	return proto_parse_export(&words, takes, request, error);
}

static void test_parses_formats(void **state)
{
	(void)state;
	struct proto_export request;
	struct error error;
	assert_int_equal(parse("save", PROTO_TAKES_FORMATS, &request, &error), 0);
	assert_int_equal(request.formats, 0);
	assert_false(request.has_at || request.has_count || request.has_mode);
	assert_int_equal(parse("save jpg PNG jpg", PROTO_TAKES_FORMATS, &request, &error), 0);
	assert_int_equal(request.formats, EXPORT_JPG | EXPORT_PNG);
	assert_int_equal(parse("save Npy", PROTO_TAKES_FORMATS, &request, &error), 0);
	assert_int_equal(request.formats, EXPORT_NPY);
}

static void test_parses_time_count_and_mode(void **state)
{
	(void)state;
	struct proto_export request;
	struct error error;
	assert_int_equal(parse("pastStack at=-5 jpg count=4 mode=median", TAKES_ALL, &request, &error), 0);
	assert_true(request.has_at && request.has_count && request.has_mode);
	assert_true(request.at_s == -5.0);
	assert_int_equal(request.count, 4);
	assert_int_equal(request.mode, STACK_MEDIAN);
	assert_int_equal(request.formats, EXPORT_JPG);
	assert_int_equal(parse("past AT=-0.5 Count=4096", TAKES_ALL, &request, &error), 0);
	assert_true(request.at_s == -0.5);
	assert_int_equal(request.count, STACK_COUNT_MAX);
	assert_int_equal(parse("past at=0", TAKES_ALL, &request, &error), 0);
	assert_true(request.has_at && request.at_s == 0);
	assert_int_equal(parse("past at=-0", TAKES_ALL, &request, &error), 0);
	assert_int_equal(parse("past at=-999999.999", TAKES_ALL, &request, &error), 0);
	assert_true(request.at_s < -999999.9 && request.at_s > -1000000);
}

static void test_explains_what_is_wrong(void **state)
{
	(void)state;
	const struct {
		const char *line, *reason;
	} cases[] = {
		{ "save gif", "unknown format \"gif\": use jpg, png or npy" },
		{ "past at=5", "at=5 lies in the future: at=-5 is that many seconds ago" },
		{ "past at=-1e99", "at=-1e99 is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=nan", "at=nan is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=-inf", "at=-inf is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=0x10", "at=0x10 is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=", "at= is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=-", "at=- is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=-5,5", "at=-5,5 is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=-.5", "at=-.5 is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=-5.", "at=-5. is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=--5", "at=--5 is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past at=-99999999", "at=-99999999 is too long ago: at most 1000000 seconds" },
		{ "past at=-99999999999", "at=-99999999999 is not a number of seconds: write at=-5 or at=-0.5" },
		{ "past count=0", "count=0 is not a whole number from 1 to 4096" },
		{ "past count=-1", "count=-1 is not a whole number from 1 to 4096" },
		{ "past count=4097", "count=4097 is not a whole number from 1 to 4096" },
		{ "past count=99999999999", "count=99999999999 is not a whole number from 1 to 4096" },
		{ "past count=2.5", "count=2.5 is not a whole number from 1 to 4096" },
		{ "past count=", "count= is not a whole number from 1 to 4096" },
		{ "past mode=average", "unknown mode \"average\": use mean, median or max" },
		{ "past at=-1 at=-2", "at= is given twice" },
		{ "past count=1 jpg count=1", "count= is given twice" },
		{ "past fps=3", "unknown argument \"fps=3\": use at=, count= or mode=" },
		{ "past =3", "unknown argument \"=3\": use at=, count= or mode=" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct proto_export request;
		struct error error;
		assert_int_equal(parse(cases[i].line, TAKES_ALL, &request, &error), -EINVAL);
		assert_string_equal(error.text, cases[i].reason);
	}
}

static void test_refuses_what_the_command_does_not_take(void **state)
{
	(void)state;
	struct proto_export request;
	struct error error;
	assert_int_equal(parse("save at=-5", PROTO_TAKES_FORMATS, &request, &error), -EINVAL);
	assert_string_equal(error.text, "save takes no at=");
	assert_int_equal(parse("past mode=max", PROTO_TAKES_FORMATS | PROTO_TAKES_TIME, &request, &error), -EINVAL);
	assert_string_equal(error.text, "past takes no mode=");
	assert_int_equal(parse("x jpg", PROTO_TAKES_TIME, &request, &error), -EINVAL);
	assert_string_equal(error.text, "x takes no formats");
}

static void test_long_words_are_cut_in_the_explanation(void **state)
{
	(void)state;
	char line[600];
	memset(line, 'x', sizeof line - 1);
	memcpy(line, "save ", 5);
	line[sizeof line - 1] = '\0';
	struct proto_export request;
	struct error error;
	assert_int_equal(parse(line, TAKES_ALL, &request, &error), -EINVAL);
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
		cmocka_unit_test(test_explains_what_is_wrong),
		cmocka_unit_test(test_refuses_what_the_command_does_not_take),
		cmocka_unit_test(test_long_words_are_cut_in_the_explanation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
