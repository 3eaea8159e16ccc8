/* Request lines: cutting and parsing them. */
#include "fuzz.h"

#include <string.h>

#include "net/proto.h"

static void check_arguments(const struct proto_words *words, unsigned takes)
{
	struct proto_arguments arguments;
	struct error error = { .code = 0 };
	int result = proto_parse_arguments(words, takes, &arguments, &error);
	if (result < 0) {
		FUZZ_CHECK(error.code == result && error.text[0]);
		return;
	}
	unsigned given = arguments.given;
	FUZZ_CHECK((given & ~takes) == 0);
	FUZZ_CHECK(arguments.formats < 8 && (arguments.formats != 0) == ((given & PROTO_FORMATS) != 0));
	FUZZ_CHECK(arguments.at.ns >= 0 &&
	           (arguments.at.wall || arguments.at.ns <= MOMENT_BACK_MOST_S * INT64_C(1000000000)));
	FUZZ_CHECK(!(given & PROTO_COUNT) || (arguments.count >= 1 && arguments.count <= STACK_COUNT_MAX));
	FUZZ_CHECK(!(given & PROTO_WIDTH) || (arguments.width >= PROTO_WIDTH_MIN && arguments.width <= PROTO_WIDTH_MAX));
	FUZZ_CHECK(!(given & PROTO_FPS) || (arguments.fps > 0 && arguments.fps <= 1000));
	FUZZ_CHECK(!(given & PROTO_MODE) || arguments.mode <= STACK_MAX);
	FUZZ_CHECK(arguments.before_ns >= 0 && arguments.after_ns >= 0);
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
	const unsigned taken[] = { 0,
		                       0x7ff,
		                       PROTO_FORMATS,
		                       PROTO_FORMATS | PROTO_AT | PROTO_COUNT | PROTO_MODE,
		                       PROTO_FORMATS | PROTO_META | PROTO_WIDTH,
		                       PROTO_FPS | PROTO_WIDTH | PROTO_META,
		                       PROTO_AT | PROTO_BEFORE | PROTO_AFTER,
		                       PROTO_SINCE };
	for (size_t i = 0; i < sizeof taken / sizeof taken[0] && words.count > 0; i++)
		check_arguments(&words, taken[i]);
	free(text);
	return 0;
}
