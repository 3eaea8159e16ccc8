/* The words after `clip`. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "proto.h"

int proto_parse_seconds(const char *name, const char *text, double least, double most, double *seconds,
                        struct error *error)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || !isfinite(value) || value < least || value > most)
		return error_set(error, -EINVAL, "%s=%.*s is not a number of seconds from %g to %g", name, utf8_fit(text, 40),
		                 text, least, most);
	*seconds = value;
	return 0;
}

const char *proto_value_of(const char *word, const char *name)
{
	size_t length = strlen(name);
	return strncasecmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static int parse_clip_word(const char *word, struct proto_clip *arguments, struct error *error)
{
	const char *value;
	if (strcasecmp(word, "stop") == 0)
		arguments->stop = true;
	else if (strcasecmp(word, "wait") == 0)
		arguments->wait = true;
	else if ((value = proto_value_of(word, "before")))
		return proto_parse_seconds("before", value, 0, PROTO_VIDEO_MOST_S, &arguments->before_s, error);
	else if ((value = proto_value_of(word, "after")))
		return proto_parse_seconds("after", value, 0, PROTO_VIDEO_MOST_S, &arguments->after_s, error);
	else if ((value = proto_value_of(word, "label")))
		arguments->label = value;
	else
		return error_set(error, -EINVAL, "clip takes before=, after=, label=, wait or stop, not \"%.*s\"",
		                 utf8_fit(word, 40), word);
	return 0;
}

int proto_parse_clip(const struct proto_words *words, struct proto_clip *arguments, struct error *error)
{
	*arguments = (struct proto_clip){ .before_s = -1, .after_s = -1, .label = "" };
	for (size_t i = 1; i < words->count; i++) {
		int result = parse_clip_word(words->word[i], arguments, error);
		if (result < 0)
			return result;
	}
	if (arguments->stop && words->count > 2)
		return error_set(error, -EINVAL, "clip stop takes nothing else");
	return 0;
}
