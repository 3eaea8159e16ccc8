#include "config_value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

enum { WORD_BYTES = 32 };

static void *member_of(struct config *config, const struct option *option)
{
	return (char *)config + option->offset;
}

static int wrong_type(const struct option *option, struct error *error, const char *wanted)
{
	return error_set(error, -EINVAL, "%s must be %s", option->path, wanted);
}

static int set_number(struct config *config, const struct option *option, double value, struct error *error)
{
	bool whole = option->type == OPTION_INTEGER;
	if (!isfinite(value) || value < option->min || value > option->max)
		return error_set(error, -EINVAL, "%s is %g, but must be from %g to %.10g%s%s", option->path, value, option->min,
		                 option->max, option->unit[0] ? " " : "", option->unit);
	if (whole && value != floor(value))
		return error_set(error, -EINVAL, "%s is %g, but must be a whole number", option->path, value);
	if (whole)
		*(int *)member_of(config, option) = (int)value;
	else
		*(double *)member_of(config, option) = value;
	return 0;
}

/* The index of word in the option's choices, or -1. */
static int choice_index(const struct option *option, const char *word, size_t length)
{
	char choice[WORD_BYTES];
	for (int i = 0; option_choice(option, i, choice, sizeof choice); i++)
		if (strlen(choice) == length && strncasecmp(choice, word, length) == 0)
			return i;
	return -1;
}

static int set_choice(struct config *config, const struct option *option, const char *word, struct error *error)
{
	int index = choice_index(option, word, strlen(word));
	if (index < 0)
		return error_set(error, -EINVAL, "%s is \"%.*s\", but must be one of %s", option->path, utf8_fit(word, 40),
		                 word, option->choices);
	*(int *)member_of(config, option) = index;
	return 0;
}

static int set_words(struct config *config, const struct option *option, const char *words, struct error *error)
{
	int set = 0;
	for (const char *word = words; *word;) {
		size_t length = strcspn(word, ", ");
		int index = length ? choice_index(option, word, length) : -1;
		if (length && index < 0)
			return error_set(error, -EINVAL, "%s has \"%.*s\", but takes only %s", option->path,
			                 utf8_fit(word, (int)(length < 40 ? length : 40)), word, option->choices);
		if (length)
			set |= 1 << index;
		word += length;
		word += strspn(word, ", ");
	}
	if (set == 0)
		return error_set(error, -EINVAL, "%s is empty, but must have at least one of %s", option->path,
		                 option->choices);
	*(int *)member_of(config, option) = set;
	return 0;
}

/* No text but a path begins with "~". A shell would have replaced it, but not in JSON nor after -o KEY=. */
static int set_home_path(struct config *config, const struct option *option, const char *text, struct error *error)
{
	const char *home = getenv("HOME");
	if ((text[1] != '/' && text[1] != '\0') || !home || home[0] != '/')
		return error_set(error, -EINVAL, "%s is %.*s: write the path in full, as in /home/pi/pictures", option->path,
		                 utf8_fit(text, 60), text);
	if ((size_t)snprintf(member_of(config, option), option->bytes, "%s%s", home, text + 1) >= option->bytes)
		return error_set(error, -EINVAL, "%s is longer than %zu bytes", option->path, option->bytes - 1);
	return 0;
}

static int set_text(struct config *config, const struct option *option, const char *text, struct error *error)
{
	if (text[0] == '~')
		return set_home_path(config, option, text, error);
	if (strlen(text) >= option->bytes)
		return error_set(error, -EINVAL, "%s is longer than %zu bytes", option->path, option->bytes - 1);
	for (const char *byte = text; *byte; byte++) /* which would end a line of a reply or of the log */
		if ((unsigned char)*byte < ' ' || *byte == 0x7f)
			return error_set(error, -EINVAL, "%s has a control character in it", option->path);
	strcpy(member_of(config, option), text);
	return 0;
}

static int set_list(struct config *config, const struct option *option, const cJSON *list, struct error *error)
{
	char words[CONFIG_TEXT_BYTES] = "";
	size_t used = 0;
	for (const cJSON *item = list->child; item; item = item->next) {
		if (!cJSON_IsString(item))
			return wrong_type(option, error, "a list of words");
		size_t length = strlen(item->valuestring);
		if (used + length + 2 > sizeof words)
			return error_set(error, -EINVAL, "%s is too long a list", option->path);
		memcpy(words + used, item->valuestring, length);
		used += length;
		words[used++] = ',';
	}
	words[used] = '\0';
	return set_words(config, option, words, error);
}

/* Kept as text; what is in it is its reader's to judge. */
static int set_items(struct config *config, const struct option *option, const cJSON *list, struct error *error)
{
	if (!cJSON_IsArray(list))
		return wrong_type(option, error, "a list: [ … ]");
	if (!cJSON_PrintPreallocated((cJSON *)list, member_of(config, option), (int)option->bytes, false))
		return error_set(error, -EINVAL, "%s is longer than %zu bytes", option->path, option->bytes - 1);
	return 0;
}

int config_set_json(struct config *config, const struct option *option, const cJSON *value, struct error *error)
{
	char digits[WORD_BYTES];
	switch (option->type) {
	case OPTION_BOOL:
		if (!cJSON_IsBool(value))
			return wrong_type(option, error, "true or false");
		*(bool *)member_of(config, option) = cJSON_IsTrue(value);
		return 0;
	case OPTION_INTEGER:
	case OPTION_NUMBER:
		if (!cJSON_IsNumber(value))
			return wrong_type(option, error, "a number");
		return set_number(config, option, value->valuedouble, error);
	case OPTION_TEXT:
		if (!cJSON_IsString(value))
			return wrong_type(option, error, "a text in quotes");
		return set_text(config, option, value->valuestring, error);
	case OPTION_CHOICE:
		snprintf(digits, sizeof digits, "%.15g", value->valuedouble);
		if (cJSON_IsNumber(value) && choice_index(option, digits, strlen(digits)) >= 0) /* "rotation": 90 */
			return set_choice(config, option, digits, error);
		if (!cJSON_IsString(value))
			return error_set(error, -EINVAL, "%s must be one of %s, in quotes", option->path, option->choices);
		return set_choice(config, option, value->valuestring, error);
	case OPTION_SET:
		if (cJSON_IsString(value))
			return set_words(config, option, value->valuestring, error);
		if (!cJSON_IsArray(value))
			return wrong_type(option, error, "a list of words");
		return set_list(config, option, value, error);
	case OPTION_LIST:
		return set_items(config, option, value, error);
	}
	return -EINVAL;
}

int config_set_plain(struct config *config, const struct option *option, const char *text, struct error *error)
{
	char *end;
	switch (option->type) {
	case OPTION_BOOL:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return wrong_type(option, error, "true or false");
		*(bool *)member_of(config, option) = strcmp(text, "true") == 0;
		return 0;
	case OPTION_INTEGER:
	case OPTION_NUMBER: {
		double value = strtod(text, &end);
		if (end == text || *end)
			return wrong_type(option, error, "a number");
		return set_number(config, option, value, error);
	}
	case OPTION_TEXT:
		return set_text(config, option, text, error);
	case OPTION_CHOICE:
		return set_choice(config, option, text, error);
	case OPTION_SET:
		return set_words(config, option, text, error);
	case OPTION_LIST: {
		cJSON *list = cJSON_Parse(text);
		int result = set_items(config, option, list, error);
		cJSON_Delete(list);
		return result;
	}
	}
	return -EINVAL;
}
