/* Request lines: cutting and parsing them. */
#include "fuzz.h"

#include <string.h>

#include "net/proto.h"

static void check_request(const struct proto_words *words, unsigned takes)
{
	struct proto_export request;
	struct error error = { .code = 0 };
	int result = proto_parse_export(words, takes, &request, &error);
	if (result < 0) {
		FUZZ_CHECK(error.code == result && error.text[0]);
		return;
	}
	FUZZ_CHECK(request.formats < 8 && (request.formats == 0 || takes & PROTO_TAKES_FORMATS));
	FUZZ_CHECK(!request.has_at || (takes & PROTO_TAKES_TIME && request.at_s <= 0 && request.at_s >= -PROTO_AT_MOST_S));
	FUZZ_CHECK(!request.has_count ||
	           (takes & PROTO_TAKES_TIME && request.count >= 1 && request.count <= STACK_COUNT_MAX));
	FUZZ_CHECK(!request.has_mode || (takes & PROTO_TAKES_MODE && request.mode <= STACK_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = fuzz_text(data, bytes), *line = text;
	const char *token;
	if (proto_cut_auth(text, &token, &line))
		FUZZ_CHECK(!strpbrk(token, " \t") && line[0] != ' ' && line[0] != '\t');
	struct proto_words words;
	int result = proto_split(line, &words);
	FUZZ_CHECK(words.count <= PROTO_WORDS_MAX && (result == 0 || words.count == 0));
	for (size_t i = 0; i < words.count; i++)
		FUZZ_CHECK(words.word[i][0] && !strpbrk(words.word[i], " \t\r\n"));
	for (unsigned takes = 0; takes < 8 && words.count > 0; takes++)
		check_request(&words, takes);
	free(text);
	return 0;
}
