/* A reply's bytes into lines and frames, wherever they are cut. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/reply_parser.h"
#include "net/proto.h"

/* What the handlers were told, as text. */
struct record {
	char text[4096];
	struct reply_parser *parser;
	bool stops;
};

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	struct record *record = data;
	assert_int_equal(strlen(line), length);
	size_t used = strlen(record->text);
	snprintf(record->text + used, sizeof record->text - used, "<%s|%llu>", line, (unsigned long long)bytes);
	record->parser->is_stopped = record->stops;
}

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	struct record *record = data;
	size_t used = strlen(record->text);
	snprintf(record->text + used, sizeof record->text - used, "%.*s", (int)length, (const char *)bytes);
	if (left == 0 && record->parser->reply == CLIENT_FRAMES)
		strcat(record->text, ";");
}

static const struct client_handlers handlers = { .line = on_line, .bytes = on_bytes };

static int feed(enum client_reply reply, const char *text, size_t piece, struct record *record, struct error *error)
{
	struct reply_parser parser;
	size_t length = strlen(text);
	int result = 0;
	record->text[0] = '\0';
	record->parser = &parser;
	reply_parser_init(&parser, reply, &handlers, record);
	for (size_t at = 0; at < length && result == 0; at += piece)
		result = reply_parser_feed(&parser, text + at, length - at < piece ? length - at : piece, error);
	if (result == 0)
		result = reply_parser_end(&parser, error);
	reply_parser_finish(&parser);
	return result;
}

static void test_frames_wherever_they_are_cut(void **state)
{
	(void)state;
	static const char reply[] =
	    "{\"bytes\":5,\"id\":1}\nab\ncd{\"bytes\":1}\r\nx{\"bytes\":0}\nBUSY\n{\"bytes\":2}\n\n\n";
	static const char expected[] =
	    "<{\"bytes\":5,\"id\":1}|5>ab\ncd;<{\"bytes\":1}|1>x;<{\"bytes\":0}|0><BUSY|0><{\"bytes\":2}|2>\n\n;";
	for (size_t piece = 1; piece <= sizeof reply; piece++) {
		struct record record = { 0 };
		assert_int_equal(feed(CLIENT_FRAMES, reply, piece, &record, NULL), 0);
		assert_string_equal(record.text, expected);
	}
}

static void test_lines_are_lines_whatever_they_say(void **state)
{
	(void)state;
	struct record record = { 0 };
	assert_int_equal(feed(CLIENT_LINES, "{\"bytes\":5}\n\nlast\n", 3, &record, NULL), 0);
	assert_string_equal(record.text, "<{\"bytes\":5}|0><|0><last|0>");
}

static void test_bytes_are_handed_on_as_they_come(void **state)
{
	(void)state;
	struct record record = { 0 };
	assert_int_equal(feed(CLIENT_BYTES, "any\nthing", 2, &record, NULL), 0);
	assert_string_equal(record.text, "any\nthing");
}

static void test_metadata_without_a_number_has_no_bytes(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"{}\n",           "{\"bytes\":\"5\"}\n", "{\"bytes\":-1}\n",        "{\"bytes\":1e300}\n",
		"{\"bytes\":5\n", "[{\"bytes\":5}]\n",   "{\"a\":{\"bytes\":5}}\n", "{\n"
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct record record = { 0 };
		assert_int_equal(feed(CLIENT_FRAMES, lines[i], 100, &record, NULL), 0);
		assert_non_null(strstr(record.text, "|0>"));
	}
}

static void test_what_breaks_off_is_an_error(void **state)
{
	(void)state;
	static const struct {
		enum client_reply reply;
		const char *text, *reason;
	} cases[] = {
		{ CLIENT_LINES, "", "closed without a reply" },
		{ CLIENT_BYTES, "", "closed without a reply" },
		{ CLIENT_LINES, "half", "broke off within a line" },
		{ CLIENT_FRAMES, "{\"bytes\":9}\nabc", "6 bytes of a picture are missing" },
		{ CLIENT_FRAMES, "{\"bytes\":9", "broke off within a line" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct record record = { 0 };
		struct error error = { 0 };
		assert_int_equal(feed(cases[i].reply, cases[i].text, 100, &record, &error), -EPIPE);
		assert_non_null(strstr(error.text, cases[i].reason));
	}
}

static void test_a_line_without_an_end_is_given_up(void **state)
{
	(void)state;
	struct record record = { 0 };
	struct error error = { 0 };
	size_t bytes = CLIENT_REPLY_LINE_BYTES + 2;
	char *text = malloc(bytes);
	memset(text, 'a', bytes - 1);
	text[bytes - 1] = '\0';
	assert_int_equal(feed(CLIENT_LINES, text, 1000, &record, &error), -EMSGSIZE);
	assert_non_null(strstr(error.text, "is this pastcam?"));
	free(text);
}

static void test_a_handler_that_stops_is_called_no_more(void **state)
{
	(void)state;
	struct record record = { .stops = true };
	assert_int_equal(feed(CLIENT_FRAMES, "{\"bytes\":2}\nab{\"bytes\":2}\n", 100, &record, NULL), -EPIPE);
	assert_string_equal(record.text, "<{\"bytes\":2}|2>");
}

static void test_replies_that_tell_of_a_failure(void **state)
{
	(void)state;
	static const char *const failed[] = { "BUSY",         "NO_FRAMES: the past reaches back 8.3 s",
		                                  "BUSY\n",       "NOT_SAVED disk full\n",
		                                  "NO_FRAMES\n",  "UNAUTHORISED\r\n",
		                                  "NOT_SENT why", "UNKNOWN_COMMAND the line" };
	static const char *const fine[] = { "",     "BUSYBODY", "Saved single", "{\"a\":1}", "BUS",
		                                "NOT_", "NO_",      "NOTE",         "NO_frames", "\xff\xd8\xff" };
	for (size_t i = 0; i < sizeof failed / sizeof failed[0]; i++)
		assert_true(client_reply_failed(failed[i], strlen(failed[i])));
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
		assert_false(client_reply_failed(fine[i], strlen(fine[i])));
}

static void test_the_longest_line_is_the_daemon_s(void **state)
{
	(void)state;
	assert_int_equal(CLIENT_LINE_BYTES, PROTO_LINE_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_wherever_they_are_cut),
		cmocka_unit_test(test_lines_are_lines_whatever_they_say),
		cmocka_unit_test(test_bytes_are_handed_on_as_they_come),
		cmocka_unit_test(test_metadata_without_a_number_has_no_bytes),
		cmocka_unit_test(test_what_breaks_off_is_an_error),
		cmocka_unit_test(test_a_line_without_an_end_is_given_up),
		cmocka_unit_test(test_a_handler_that_stops_is_called_no_more),
		cmocka_unit_test(test_replies_that_tell_of_a_failure),
		cmocka_unit_test(test_the_longest_line_is_the_daemon_s),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
