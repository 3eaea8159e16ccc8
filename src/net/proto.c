#include "proto.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

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
