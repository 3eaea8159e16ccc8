#include "proto.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

enum { PROTO_DIGITS_MAX = 9 };

static const char blanks[] = " \t";

static bool has_control(const char *line)
{
	for (; *line; line++) {
		if (((unsigned char)*line < ' ' && *line != '\t') || *line == 0x7f)
			return true;
	}
	return false;
}

int proto_split(char *line, struct proto_words *words)
{
	words->count = 0;
	size_t length = strlen(line);
	while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
		line[--length] = '\0';
	if (has_control(line))
		return -EINVAL;

	char *rest = NULL;
	for (char *word = strtok_r(line, blanks, &rest); word; word = strtok_r(NULL, blanks, &rest)) {
		if (words->count == PROTO_WORDS_MAX) {
			words->count = 0;
			return -E2BIG;
		}
		words->word[words->count++] = word;
	}
	return 0;
}

bool proto_cut_auth(char *line, const char **token, char **rest)
{
	char *word = line + strspn(line, blanks);
	size_t length = strcspn(word, blanks);
	if (length != 4 || memcmp(word, "auth", 4) != 0)
		return false;
	char *secret = word + length + strspn(word + length, blanks);
	char *end = secret + strcspn(secret, blanks);
	*token = secret;
	*rest = end + strspn(end, blanks);
	*end = '\0';
	return true;
}

/* Up to PROTO_DIGITS_MAX digits, so that no sum overflows. Returns where they end, or NULL. */
static const char *proto_digits(const char *text, double *value)
{
	const char *end = text;
	*value = 0;
	while (*end >= '0' && *end <= '9')
		*value = *value * 10 + (*end++ - '0');
	return end == text || end - text > PROTO_DIGITS_MAX ? NULL : end;
}

/* [-]digits[.digits]: no exponent, no nan, the same in every locale. */
static bool proto_seconds(const char *text, double *seconds)
{
	bool negative = *text == '-';
	double whole, fraction = 0;
	const char *end = proto_digits(text + negative, &whole);
	if (end && *end == '.') {
		const char *digits = end + 1;
		end = proto_digits(digits, &fraction);
		for (; end && digits < end; digits++)
			fraction /= 10;
	}
	if (!end || *end)
		return false;
	double value = whole + fraction;
	*seconds = negative && value > 0 ? -value : value;
	return true;
}

static int parse_at(const char *value, struct proto_export *request, struct error *error)
{
	if (!proto_seconds(value, &request->at_s))
		return error_set(error, -EINVAL, "at=%.*s is not a number of seconds: write at=-5 or at=-0.5",
		                 utf8_fit(value, 40), value);
	if (request->at_s > 0)
		return error_set(error, -EINVAL, "at=%.*s lies in the future: at=-%.*s is that many seconds ago",
		                 utf8_fit(value, 40), value, utf8_fit(value, 40), value);
	if (request->at_s < -PROTO_AT_MOST_S)
		return error_set(error, -EINVAL, "at=%.*s is too long ago: at most %.0f seconds", utf8_fit(value, 40), value,
		                 PROTO_AT_MOST_S);
	request->has_at = true;
	return 0;
}

static int parse_count(const char *value, struct proto_export *request, struct error *error)
{
	double count;
	const char *end = proto_digits(value, &count);
	if (!end || *end || count < 1 || count > STACK_COUNT_MAX)
		return error_set(error, -EINVAL, "count=%.*s is not a whole number from 1 to %d", utf8_fit(value, 40), value,
		                 STACK_COUNT_MAX);
	request->count = (int)count;
	request->has_count = true;
	return 0;
}

static int parse_mode(const char *value, struct proto_export *request, struct error *error)
{
	if (stack_mode_of(value, &request->mode) < 0)
		return error_set(error, -EINVAL, "unknown mode \"%.*s\": use mean, median or max", utf8_fit(value, 40), value);
	request->has_mode = true;
	return 0;
}

static const struct proto_key {
	const char *name;
	unsigned taken_by;
	size_t given; /* offset of its has_ flag */
	int (*parse)(const char *value, struct proto_export *request, struct error *error);
} proto_keys[] = {
	{ "at", PROTO_TAKES_TIME, offsetof(struct proto_export, has_at), parse_at },
	{ "count", PROTO_TAKES_TIME, offsetof(struct proto_export, has_count), parse_count },
	{ "mode", PROTO_TAKES_MODE, offsetof(struct proto_export, has_mode), parse_mode },
};

static int parse_key(const char *command, const char *word, unsigned takes, struct proto_export *request,
                     struct error *error)
{
	size_t length = strcspn(word, "=");
	for (size_t i = 0; i < sizeof proto_keys / sizeof proto_keys[0]; i++) {
		const struct proto_key *key = &proto_keys[i];
		if (strlen(key->name) != length || strncasecmp(word, key->name, length) != 0)
			continue;
		if (!(takes & key->taken_by))
			return error_set(error, -EINVAL, "%.*s takes no %s=", utf8_fit(command, 40), command, key->name);
		if (*(const bool *)((const char *)request + key->given))
			return error_set(error, -EINVAL, "%s= is given twice", key->name);
		return key->parse(word + length + 1, request, error);
	}
	return error_set(error, -EINVAL, "unknown argument \"%.*s\": use at=, count= or mode=", utf8_fit(word, 40), word);
}

static int parse_format(const char *command, const char *word, unsigned takes, struct proto_export *request,
                        struct error *error)
{
	unsigned format = export_format_of(word);
	if (format == 0)
		return error_set(error, -EINVAL, "unknown format \"%.*s\": use jpg, png or npy", utf8_fit(word, 40), word);
	if (!(takes & PROTO_TAKES_FORMATS))
		return error_set(error, -EINVAL, "%.*s takes no formats", utf8_fit(command, 40), command);
	request->formats |= format;
	return 0;
}

int proto_parse_export(const struct proto_words *words, unsigned takes, struct proto_export *request,
                       struct error *error)
{
	*request = (struct proto_export){ 0 };
	for (size_t i = 1; i < words->count; i++) {
		const char *word = words->word[i];
		int result = strchr(word, '=') ? parse_key(words->word[0], word, takes, request, error)
		                               : parse_format(words->word[0], word, takes, request, error);
		if (result < 0)
			return result;
	}
	return 0;
}
