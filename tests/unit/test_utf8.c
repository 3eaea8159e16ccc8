#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/utf8.h"

static void assert_repaired(const char *text, const char *expected)
{
	char copy[256];
	snprintf(copy, sizeof copy, "%s", text);
	utf8_repair(copy);
	assert_string_equal(copy, expected);
}

static void test_valid_text_stays(void **state)
{
	(void)state;
	const char *const texts[] = { "",
		                          "plain",
		                          "Übersicht für Jörg",
		                          "写真.jpg",
		                          "\xf0\x9f\x93\xb7 \xf4\x8f\xbf\xbf",
		                          "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_repaired(texts[i], texts[i]);
}

static void test_bytes_of_no_character_become_question_marks(void **state)
{
	(void)state;
	assert_repaired("Caf\xe9 am Platz", "Caf? am Platz");         /* Latin-1 */
	assert_repaired("\x80 \xbf \xff \xfe", "? ? ? ?");            /* no character begins so */
	assert_repaired("\xc0\xaf \xc1\xbf", "?? ??");                /* overlong */
	assert_repaired("\xe0\x9f\xbf \xf0\x8f\xbf\xbf", "??? ????"); /* overlong */
	assert_repaired("\xed\xa0\x80 \xed\xbf\xbf", "??? ???");      /* surrogates */
	assert_repaired("\xf4\x90\x80\x80 \xf5\x80\x80\x80", "???? ????");
	assert_repaired("\xe4\xb8 \xc3\"}", "?? ?\"}"); /* what is cut never takes what follows along */
}

static void test_a_character_cut_at_the_end_is_dropped(void **state)
{
	(void)state;
	assert_repaired("Caf\xc3", "Caf");
	assert_repaired("a\xe5", "a");
	assert_repaired("a\xe5\x86", "a");
	assert_repaired("a\xf0\x9f\x93", "a");
	assert_repaired("a\xf0\x8f", "a??"); /* not the beginning of any */
}

/* Every pair of bytes, against the rule as the standard writes it. */
static void test_all_sequences_of_two_bytes(void **state)
{
	(void)state;
	for (int first = 1; first < 256; first++) {
		for (int second = 1; second < 256; second++) {
			char text[4] = { (char)first, (char)second, '.', '\0' };
			utf8_repair(text);
			bool two = first >= 0xc2 && first <= 0xdf && second >= 0x80 && second <= 0xbf;
			assert_int_equal((unsigned char)text[0], first < 0x80 || two ? first : '?');
			assert_int_equal((unsigned char)text[1], second < 0x80 || two ? second : '?');
			assert_string_equal(text + 2, ".");
		}
	}
}

static void test_a_cut_falls_between_characters(void **state)
{
	(void)state;
	const char *text = "a\xc3\xa4\xe5\x86\x99\xf0\x9f\x93\xb7z"; /* 1, 2, 3, 4 and 1 bytes */
	const int fit[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11 };
	for (int most = 0; most < (int)(sizeof fit / sizeof fit[0]); most++)
		assert_int_equal(utf8_fit(text, most), fit[most]);
	assert_int_equal(utf8_fit("Caf\xe9 am Platz", 8), 8);
	assert_int_equal(utf8_fit("\x80\x80\x80\x80\x80\x80", 4), 4);
}

static void test_errors_are_cut_between_characters_and_valid(void **state)
{
	(void)state;
	struct error error, valid;
	char path[400] = "/";
	for (size_t length = 1; length + 2 < sizeof path; length += 2)
		memcpy(path + length, "\xc3\xa4", 3);
	for (int shift = 0; shift < 4; shift++) {
		error_set_errno(&error, -ENOSPC, "%.*s%.*s", shift, "abc", utf8_fit(path, 160), path);
		assert_non_null(strstr(error.text, "\xc3\xa4: No space"));
		error_set(&error, -EIO, "%.*s%s", shift, "abc", path);
		valid = error;
		utf8_repair(valid.text);
		assert_string_equal(error.text, valid.text);
		assert_null(strchr(error.text, '?'));
		assert_in_range(strlen(error.text), sizeof error.text - 3, sizeof error.text - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_text_stays),
		cmocka_unit_test(test_bytes_of_no_character_become_question_marks),
		cmocka_unit_test(test_a_character_cut_at_the_end_is_dropped),
		cmocka_unit_test(test_all_sequences_of_two_bytes),
		cmocka_unit_test(test_a_cut_falls_between_characters),
		cmocka_unit_test(test_errors_are_cut_between_characters_and_valid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
