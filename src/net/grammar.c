#include "net/grammar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto.h"

static int check_drop(const struct proto_words *words, struct error *error)
{
	uint64_t id;
	return proto_parse_pin(words, &id, error);
}

static int check_keep(const struct proto_words *words, struct error *error)
{
	uint64_t id;
	struct proto_arguments arguments;
	return proto_parse_keep(words, &id, &arguments, error);
}

static int check_clip(const struct proto_words *words, struct error *error)
{
	struct proto_clip clip;
	return proto_parse_clip(words, &clip, error);
}

static const struct grammar {
	const char *command;
	unsigned takes; /* where there is no check of its own */
	int (*check)(const struct proto_words *words, struct error *error);
} grammars[] = {
	{ "save", PROTO_TAKEN_BY_SAVE, NULL },
	{ "past", PROTO_TAKEN_BY_PAST, NULL },
	{ "pastStack", PROTO_TAKEN_BY_STACK, NULL },
	{ "pin", PROTO_TAKEN_BY_PIN, NULL },
	{ "keep", 0, check_keep },
	{ "drop", 0, check_drop },
	{ "clip", 0, check_clip },
};

static int check(const struct grammar *grammar, const struct proto_words *words, struct error *error)
{
	struct proto_arguments arguments;
	return grammar->check ? grammar->check(words, error)
	                      : proto_parse_arguments(words, grammar->takes, &arguments, error);
}

int grammar_check(const char *line, struct error *error)
{
	char text[PROTO_LINE_BYTES + 1];
	struct proto_words words;
	if ((size_t)snprintf(text, sizeof text, "%s", line) >= sizeof text)
		return error_set(error, -EINVAL, "the request is too long");
	if (proto_split(text, &words) < 0)
		return error_set(error, -EINVAL, "the request has too many words, or control characters");
	for (size_t i = 0; words.count > 0 && i < sizeof grammars / sizeof grammars[0]; i++)
		if (strcmp(words.word[0], grammars[i].command) == 0)
			return check(&grammars[i], &words, error);
	return 0;
}
