/* The words after a command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "proto.h"

static int parse_at(const char *value, struct proto_arguments *arguments, struct error *error)
{
	return moment_parse(value, &arguments->at, error);
}

static int parse_whole(const char *name, const char *value, int min, int max, int *number, struct error *error)
{
	int64_t ns;
	const char *end = moment_parse_decimal(value, 9, &ns);
	if (!end || *end || strchr(value, '.') || ns < min * CLOCK_NS_PER_S || ns > max * CLOCK_NS_PER_S)
		return error_set(error, -EINVAL, "%s=%.*s is not a whole number from %d to %d", name, utf8_fit(value, 40),
		                 value, min, max);
	*number = (int)(ns / CLOCK_NS_PER_S);
	return 0;
}

static int parse_count(const char *value, struct proto_arguments *arguments, struct error *error)
{
	return parse_whole("count", value, 1, STACK_COUNT_MAX, &arguments->count, error);
}

static int parse_width(const char *value, struct proto_arguments *arguments, struct error *error)
{
	return parse_whole("width", value, PROTO_WIDTH_MIN, PROTO_WIDTH_MAX, &arguments->width, error);
}

static int parse_mode(const char *value, struct proto_arguments *arguments, struct error *error)
{
	if (stack_mode_of(value, &arguments->mode) < 0)
		return error_set(error, -EINVAL, "unknown mode \"%.*s\": use mean, median or max", utf8_fit(value, 40), value);
	return 0;
}

static int parse_span(const char *name, const char *value, int64_t *ns, struct error *error)
{
	const char *end = moment_parse_decimal(value, 9, ns);
	if (!end || *end || *ns > PROTO_SPAN_MOST_S * CLOCK_NS_PER_S)
		return error_set(error, -EINVAL, "%s=%.*s is not a number of seconds from 0 to %d", name, utf8_fit(value, 40),
		                 value, PROTO_SPAN_MOST_S);
	return 0;
}

static int parse_before(const char *value, struct proto_arguments *arguments, struct error *error)
{
	return parse_span("before", value, &arguments->before_ns, error);
}

static int parse_after(const char *value, struct proto_arguments *arguments, struct error *error)
{
	return parse_span("after", value, &arguments->after_ns, error);
}

static int parse_fps(const char *value, struct proto_arguments *arguments, struct error *error)
{
	int64_t ns;
	const char *end = moment_parse_decimal(value, 4, &ns);
	if (!end || *end || ns < CLOCK_NS_PER_MS || ns > 1000 * CLOCK_NS_PER_S)
		return error_set(error, -EINVAL, "fps=%.*s is not a number of frames a second from 0.001 to 1000",
		                 utf8_fit(value, 40), value);
	arguments->fps = (double)ns / (double)CLOCK_NS_PER_S;
	return 0;
}

static int parse_since(const char *value, struct proto_arguments *arguments, struct error *error)
{
	(void)error;
	arguments->since = value; /* whoever keeps the events knows what is an id */
	return 0;
}

static const struct proto_key {
	const char *name;
	unsigned bit;
	int (*parse)(const char *value, struct proto_arguments *arguments, struct error *error);
} keys[] = {
	{ "at", PROTO_AT, parse_at },
	{ "count", PROTO_COUNT, parse_count },
	{ "mode", PROTO_MODE, parse_mode },
	{ "width", PROTO_WIDTH, parse_width },
	{ "before", PROTO_BEFORE, parse_before },
	{ "after", PROTO_AFTER, parse_after },
	{ "fps", PROTO_FPS, parse_fps },
	{ "since", PROTO_SINCE, parse_since },
};
enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

/* "use at=, count= or mode=": what the command takes. */
static int unknown_argument(const char *command, const char *word, unsigned takes, struct error *error)
{
	char list[96] = "";
	size_t left = 0, used = 0;
	for (size_t i = 0; i < KEY_COUNT; i++)
		left += (takes & keys[i].bit) != 0;
	if (left == 0)
		return error_set(error, -EINVAL, "unknown argument \"%.*s\": %.*s takes none like it", utf8_fit(word, 40), word,
		                 utf8_fit(command, 40), command);
	for (size_t i = 0; i < KEY_COUNT && used < sizeof list; i++)
		if (takes & keys[i].bit) {
			left--;
			used += (size_t)snprintf(list + used, sizeof list - used, "%s=%s", keys[i].name,
			                         left == 0   ? ""
			                         : left == 1 ? " or "
			                                     : ", ");
		}
	return error_set(error, -EINVAL, "unknown argument \"%.*s\": use %s", utf8_fit(word, 40), word, list);
}

static int parse_key(const char *command, const char *word, unsigned takes, struct proto_arguments *arguments,
                     struct error *error)
{
	size_t length = strcspn(word, "=");
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct proto_key *key = &keys[i];
		if (strlen(key->name) != length || strncasecmp(word, key->name, length) != 0)
			continue;
		if (!(takes & key->bit))
			return error_set(error, -EINVAL, "%.*s takes no %s=", utf8_fit(command, 40), command, key->name);
		if (arguments->given & key->bit)
			return error_set(error, -EINVAL, "%s= is given twice", key->name);
		arguments->given |= key->bit;
		return key->parse(word + length + 1, arguments, error);
	}
	return unknown_argument(command, word, takes, error);
}

/* A word that says all by itself. */
static unsigned parse_flag(const char *word, unsigned takes)
{
	static const struct {
		const char *word;
		unsigned bit;
	} flags[] = { { "meta", PROTO_META }, { "mixed", PROTO_MIXED }, { "once", PROTO_ONCE } };
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if ((takes & flags[i].bit) && strcasecmp(word, flags[i].word) == 0)
			return flags[i].bit;
	return 0;
}

static int parse_word(const char *command, const char *word, unsigned takes, struct proto_arguments *arguments,
                      struct error *error)
{
	unsigned flag = parse_flag(word, takes);
	arguments->given |= flag;
	if (flag)
		return 0;
	unsigned format = export_format_of(word);
	if (format == 0)
		return takes & PROTO_FORMATS
		           ? error_set(error, -EINVAL, "unknown format \"%.*s\": use jpg, png or npy", utf8_fit(word, 40), word)
		           : unknown_argument(command, word, takes, error);
	if (!(takes & PROTO_FORMATS))
		return error_set(error, -EINVAL, "%.*s takes no formats", utf8_fit(command, 40), command);
	if ((takes & PROTO_META) && arguments->formats != 0)
		return error_set(error, -EINVAL, "%.*s sends one picture: name one format", utf8_fit(command, 40), command);
	arguments->formats |= format;
	arguments->given |= PROTO_FORMATS;
	return 0;
}

int proto_parse_arguments(const struct proto_words *words, unsigned takes, struct proto_arguments *arguments,
                          struct error *error)
{
	*arguments = (struct proto_arguments){ 0 };
	for (size_t i = 1; i < words->count; i++) {
		const char *word = words->word[i];
		int result = strchr(word, '=') ? parse_key(words->word[0], word, takes, arguments, error)
		                               : parse_word(words->word[0], word, takes, arguments, error);
		if (result < 0)
			return result;
	}
	return 0;
}

int proto_parse_pin(const struct proto_words *words, uint64_t *id, struct error *error)
{
	const char *given = words->count > 1 ? words->word[1] : "";
	size_t digits = strspn(given, "0123456789");
	if (digits == 0 || digits >= 19 || given[digits] != '\0')
		return error_set(error, -EINVAL, "\"%.*s\" is no pin: `%s ID`, with the ID that `pin` has answered",
		                 utf8_fit(given, 40), given, words->word[0]);
	*id = strtoull(given, NULL, 10);
	return 0;
}

int proto_parse_keep(const struct proto_words *words, uint64_t *id, struct proto_arguments *arguments,
                     struct error *error)
{
	struct proto_words rest = { .count = words->count > 1 ? words->count - 1 : 1, .word = { words->word[0] } };
	*arguments = (struct proto_arguments){ 0 };
	int result = proto_parse_pin(words, id, error);
	for (size_t i = 1; i < rest.count; i++)
		rest.word[i] = words->word[i + 1];
	return result < 0 ? result : proto_parse_arguments(&rest, PROTO_TAKEN_BY_SAVE, arguments, error);
}
