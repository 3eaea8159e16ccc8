#include "line.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum { MOMENT_BYTES_MAX = 48 };

static int append(struct line *line, const char *name, const char *equals, const char *word, struct error *error)
{
	if (line->result < 0)
		return line->result;
	if (word[0] == '\0')
		return line->result = error_set(error, -EINVAL, "%s is empty", name[0] ? name : "a word");
	for (const char *byte = word; *byte; byte++) {
		if ((unsigned char)*byte <= ' ' || *byte == 0x7f)
			return line->result =
			           error_set(error, -EINVAL, "%s must be one word, without spaces", name[0] ? name : "each part");
	}
	size_t room = sizeof line->text - line->length;
	int length = snprintf(line->text + line->length, room, "%s%s%s%s", line->length > 0 ? " " : "", name, equals, word);
	if (length < 0 || (size_t)length >= room) {
		line->text[line->length] = '\0'; /* without the word that did not fit */
		return line->result = error_set(error, -ENAMETOOLONG, "the request is too long");
	}
	line->length += (size_t)length;
	return 0;
}

int line_word(struct line *line, const char *word, struct error *error)
{
	return append(line, "", "", word, error);
}

int line_pair(struct line *line, const char *name, const char *value, struct error *error)
{
	return value ? append(line, name, "=", value, error) : line->result;
}

int line_check_moment(const char *moment, struct error *error)
{
	size_t length = strlen(moment);
	size_t good = strspn(moment, "0123456789+-:.TZtznow");
	if (length > 0 && length == good && length <= MOMENT_BYTES_MAX)
		return 0;
	return error_set(error, -EINVAL,
	                 "\"%.*s\" is no moment: -5 is five seconds ago; now, seconds since 1970 and 2026-11-26T10:15:00Z "
	                 "are others",
	                 utf8_fit(moment, 60), moment);
}
