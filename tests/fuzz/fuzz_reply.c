/* A daemon's reply, as the client parses it. The first byte says what kind it is and in what pieces it comes; how it is
 * cut must not change what the handlers are told. */
#include "fuzz.h"

#include <string.h>

#include "client/reply_parser.h"

struct record {
	FILE *out;
	uint64_t left;
	struct reply_parser *parser;
	size_t stop_after; /* lines; 0: never */
};

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	struct record *record = data;
	FUZZ_CHECK(record->left == 0 && !record->parser->is_stopped);
	FUZZ_CHECK(line[length] == '\0' && length <= CLIENT_REPLY_LINE_BYTES && !memchr(line, '\n', length));
	fprintf(record->out, "<%zu:%llu:", length, (unsigned long long)bytes);
	fwrite(line, 1, length, record->out);
	record->left = bytes;
	if (record->stop_after > 0 && --record->stop_after == 0)
		record->parser->is_stopped = true;
}

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	struct record *record = data;
	FUZZ_CHECK(length > 0 && !record->parser->is_stopped);
	if (record->parser->reply == CLIENT_FRAMES) {
		FUZZ_CHECK(length <= record->left && record->left - length == left);
		record->left = left;
	}
	fwrite(bytes, 1, length, record->out);
}

/* What the handlers were told, and how it ended, as one text; the caller frees it. */
static char *play(enum client_reply reply, size_t stop_after, const uint8_t *data, size_t bytes, size_t piece,
                  size_t *told)
{
	static const struct client_handlers handlers = { .line = on_line, .bytes = on_bytes };
	char *text = NULL;
	struct reply_parser parser;
	struct error error = { 0 };
	struct record record = { .out = open_memstream(&text, told), .parser = &parser, .stop_after = stop_after };
	int result = 0;
	FUZZ_CHECK(record.out);
	reply_parser_init(&parser, reply, &handlers, &record);
	for (size_t at = 0; at < bytes && result == 0; at += piece) {
		char *copy = fuzz_text(data + at, bytes - at < piece ? bytes - at : piece);
		result = reply_parser_feed(&parser, copy, bytes - at < piece ? bytes - at : piece, &error);
		free(copy);
	}
	if (result == 0)
		result = reply_parser_end(&parser, &error);
	FUZZ_CHECK(result == 0 || (error.code == result && error.text[0]));
	fprintf(record.out, "|%d", parser.is_stopped ? 0 : result);
	reply_parser_finish(&parser);
	fclose(record.out);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	if (bytes == 0)
		return 0;
	enum client_reply reply = (enum client_reply)(data[0] % 3);
	size_t piece = (size_t)data[0] / 3 % 17 + 1, stop_after = data[0] / 51;
	size_t whole_told, told;
	char *whole = play(reply, stop_after, data + 1, bytes - 1, bytes, &whole_told);
	char *pieces = play(reply, stop_after, data + 1, bytes - 1, piece, &told);
	FUZZ_CHECK(told == whole_told && memcmp(whole, pieces, told) == 0);
	free(whole);
	free(pieces);
	(void)client_reply_failed((const char *)data, bytes);
	return 0;
}
