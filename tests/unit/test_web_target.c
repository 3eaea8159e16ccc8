#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web/clips.h"
#include "web/line.h"
#include "web/pictures.h"
#include "web/range.h"
#include "web/target.h"

static struct target target;
static struct error error;

static void test_a_target_is_a_path_and_parameters(void **state)
{
	(void)state;
	assert_int_equal(target_parse(&target, "/at/-5.jpg?width=320&camera=front%20door&x", &error), 0);
	assert_string_equal(target.path, "/at/-5.jpg");
	assert_int_equal(target.count, 3);
	assert_string_equal(target_value(&target, "width"), "320");
	assert_string_equal(target_value(&target, "camera"), "front door");
	assert_string_equal(target_value(&target, "x"), "");
	assert_null(target_value(&target, "y"));
	assert_int_equal(target_parse(&target, "/clip/-30..+10.mp4?a=b+c", &error), 0);
	assert_string_equal(target.path, "/clip/-30..+10.mp4");
	assert_string_equal(target_value(&target, "a"), "b c");
	assert_int_equal(target_parse(&target, "/a?&&b=1&", &error), 0);
	assert_int_equal(target.count, 1);
}

static void test_what_could_mean_something_else_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",         "at",          "http://x/", "/..",      "/../x",  "/a/..",         "/a/../b",        "/./a",
		"/%2e%2e",  "/%2E./x",     "/..%2fx",   "/a%2Fb",   "/a%5Cb", "/a\\b",         "/x%00y",         "/x%0a",
		"/x\ny",    "/x%7f",       "/%",        "/%2",      "/%zz",   "/%c3%28",       "/\xff",          "/%ff",
		"/a?b=%00", "/a?b=%0d%0a", "/a?b%00=c", "/a?b=%c3", "/a?%",   "/%c0%ae%c0%ae", "/a?b=%ed%a0%80",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(target_parse(&target, bad[i], &error), -EINVAL);
		assert_true(error.text[0]);
		assert_int_equal(target.count, 0);
		assert_string_equal(target.path, "/");
	}
}

static void test_a_clip_is_two_moments(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"-5.mp4",      "..mp4",    "-5...mp4",  "-5..-1",      "-5..-1.mp3",
		"-5..-1.mp4.", "..-1.mp4", "-5..x.mp4", "-5 ..-1.mp4", ".mp4..",
	};
	struct line line;
	assert_int_equal(clips_line("-30..+10.mp4", &line, &error), 0);
	assert_string_equal(line.text, "get mp4 at=-30 until=+10");
	assert_int_equal(clips_line("-1.5..-0.5.mp4", &line, &error), 0);
	assert_string_equal(line.text, "get mp4 at=-1.5 until=-0.5");
	assert_int_equal(clips_line("2026-11-26T10:15:00Z..2026-11-26T10:15:30.5+01:00.mp4", &line, &error), 0);
	assert_string_equal(line.text, "get mp4 at=2026-11-26T10:15:00Z until=2026-11-26T10:15:30.5+01:00");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(clips_line(bad[i], &line, &error), -EINVAL);
}

static void test_a_target_has_limits(void **state)
{
	(void)state;
	char text[TARGET_BYTES + 8];
	memset(text, 'a', sizeof text);
	text[0] = '/';
	text[TARGET_BYTES - 1] = '\0';
	assert_int_equal(target_parse(&target, text, &error), 0);
	text[TARGET_BYTES - 1] = 'a';
	text[TARGET_BYTES] = '\0';
	assert_int_equal(target_parse(&target, text, &error), -EINVAL);
	assert_int_equal(target_parse(&target, "/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p", &error), 0);
	assert_int_equal(target_parse(&target, "/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", &error), -EINVAL);
}

static void test_unknown_and_double_parameters_are_told(void **state)
{
	(void)state;
	assert_int_equal(target_parse(&target, "/?width=1&camera=a", &error), 0);
	assert_int_equal(target_check_names(&target, "camera width", &error), 0);
	assert_int_equal(target_check_names(&target, "camera widths", &error), -EINVAL);
	assert_string_equal(error.text, "there is no parameter \"width\" here; there are: camera widths");
	assert_int_equal(target_parse(&target, "/?a=1&a=2", &error), 0);
	assert_int_equal(target_check_names(&target, "a", &error), -EINVAL);
}

static void test_numbers_are_whole_and_in_range(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"/?n=", "/?n=1.5", "/?n=0x10", "/?n=%201", "/?n=101", "/?n=-1", "/?n=9999999999999999999"
	};
	long number = 7;
	assert_int_equal(target_parse(&target, "/", &error), 0);
	assert_int_equal(target_number(&target, "n", 0, 100, &number, &error), 0);
	assert_int_equal(number, 7);
	assert_int_equal(target_parse(&target, "/?n=100", &error), 0);
	assert_int_equal(target_number(&target, "n", 0, 100, &number, &error), 0);
	assert_int_equal(number, 100);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(target_parse(&target, bad[i], &error), 0);
		assert_int_equal(target_number(&target, "n", 0, 100, &number, &error), -EINVAL);
	}
	assert_int_equal(number, 100);
}

static void test_a_word_stays_one_word(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "a b", "a\nsave", "a\r", "\t", "a\x7f" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct line line = LINE_NULL;
		assert_int_equal(line_word(&line, "get", &error), 0);
		assert_int_equal(line_pair(&line, "at", bad[i], &error), -EINVAL);
		assert_int_equal(line_word(&line, "meta", &error), -EINVAL);
		assert_string_equal(line.text, "get");
	}
	struct line line = LINE_NULL;
	char word[400];
	memset(word, 'w', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	assert_int_equal(line_word(&line, word, &error), 0);
	assert_int_equal(line_word(&line, word, &error), 0);
	assert_int_equal(line_word(&line, word, &error), -ENAMETOOLONG);
	assert_int_equal(strlen(line.text), line.length);
}

static const char *picture(const char *uri, const char *tail, const char *accept)
{
	static struct line line;
	assert_int_equal(target_parse(&target, uri, &error), 0);
	return pictures_line(&target, tail, accept, &line, &error) == 0 ? line.text : NULL;
}

static void test_an_address_becomes_a_line(void **state)
{
	(void)state;
	assert_string_equal(picture("/", "-5.jpg", NULL), "get jpg at=-5 meta");
	assert_string_equal(picture("/", "-5.5.png", NULL), "get png at=-5.5 meta");
	assert_string_equal(picture("/", "2026-11-26T10:15:00+01:00.npy", NULL),
	                    "get npy at=2026-11-26T10:15:00+01:00 meta");
	assert_string_equal(picture("/?width=320&count=8&mode=mean", "now.jpeg", NULL),
	                    "get jpg at=now count=8 mode=mean width=320 meta");
	assert_string_equal(picture("/", "now.jpg", "1795256095"), "get jpg at=1795256095 meta");
	assert_string_equal(picture("/", "-5.jpg", "1795256095"), "get jpg at=-5 meta");
	static const char *const bad[] = { "", ".jpg", "-5", "-5.gif", "-5 jpg.jpg", "a/b.jpg", "-5\n.jpg", "$(x).jpg" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_null(picture("/", bad[i], NULL));
	assert_null(picture("/?width=1", "-5.jpg", NULL));
	assert_null(picture("/?mode=a%20b", "-5.jpg", NULL));
}

static void test_ranges(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		uint64_t size;
		enum range_kind kind;
		uint64_t first, last;
	} cases[] = {
		{ NULL, 100, RANGE_WHOLE, 0, 99 },
		{ "bytes=0-0", 100, RANGE_PART, 0, 0 },
		{ "bytes=10-", 100, RANGE_PART, 10, 99 },
		{ "bytes=-10", 100, RANGE_PART, 90, 99 },
		{ "bytes=-1000", 100, RANGE_PART, 0, 99 },
		{ "bytes=90-1000", 100, RANGE_PART, 90, 99 },
		{ "bytes=99-99", 100, RANGE_PART, 99, 99 },
		{ "bytes=100-", 100, RANGE_NONE, 0, 99 },
		{ "bytes=-0", 100, RANGE_NONE, 0, 99 },
		{ "bytes=0-", 0, RANGE_NONE, 0, 0 },
		{ "bytes=-1", 0, RANGE_NONE, 0, 0 },
		{ "bytes=5-4", 100, RANGE_WHOLE, 0, 99 },
		{ "bytes=0-1,5-6", 100, RANGE_WHOLE, 0, 99 },
		{ "bytes=", 100, RANGE_WHOLE, 0, 99 },
		{ "bytes=-", 100, RANGE_WHOLE, 0, 99 },
		{ "bytes=a-b", 100, RANGE_WHOLE, 0, 99 },
		{ "lines=0-1", 100, RANGE_WHOLE, 0, 99 },
		{ "bytes=99999999999999999999999-", 100, RANGE_NONE, 0, 99 },
		{ "bytes=0-99999999999999999999999", 100, RANGE_PART, 0, 99 },
		{ "bytes=+1-2", 100, RANGE_WHOLE, 0, 99 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct range range;
		assert_int_equal(range_parse(cases[i].header, cases[i].size, &range), cases[i].kind);
		if (cases[i].kind != RANGE_NONE) {
			assert_true(range.first == cases[i].first);
			assert_true(range.last == cases[i].last);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_target_is_a_path_and_parameters),
		cmocka_unit_test(test_what_could_mean_something_else_is_refused),
		cmocka_unit_test(test_a_clip_is_two_moments),
		cmocka_unit_test(test_a_target_has_limits),
		cmocka_unit_test(test_unknown_and_double_parameters_are_told),
		cmocka_unit_test(test_numbers_are_whole_and_in_range),
		cmocka_unit_test(test_a_word_stays_one_word),
		cmocka_unit_test(test_an_address_becomes_a_line),
		cmocka_unit_test(test_ranges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
