/* The configuration as text: --dump-config and docs/config.md. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config_options.h"

enum { WORD_BYTES = 32 };

static const void *member_of(const struct config *config, const struct option *option)
{
	return (const char *)config + option->offset;
}

static cJSON *json_set(const struct option *option, int set)
{
	cJSON *list = cJSON_CreateArray();
	char word[WORD_BYTES];
	for (int i = 0; option_choice(option, i, word, sizeof word); i++)
		if (set & 1 << i)
			cJSON_AddItemToArray(list, cJSON_CreateString(word));
	return list;
}

static cJSON *json_value(const struct config *config, const struct option *option)
{
	const void *member = member_of(config, option);
	char word[WORD_BYTES] = "";
	switch (option->type) {
	case OPTION_BOOL:
		return cJSON_CreateBool(*(const bool *)member);
	case OPTION_INTEGER:
		return cJSON_CreateNumber(*(const int *)member);
	case OPTION_NUMBER:
		return cJSON_CreateNumber(*(const double *)member);
	case OPTION_TEXT:
		return cJSON_CreateString(member);
	case OPTION_CHOICE:
		option_choice(option, *(const int *)member, word, sizeof word);
		return cJSON_CreateString(word);
	case OPTION_SET:
		return json_set(option, *(const int *)member);
	}
	return NULL;
}

/* The object in which the last name of path goes; sections are made on the way. *name points at that last name. */
static cJSON *section_of(cJSON *root, const char *path, const char **name)
{
	cJSON *section = root;
	const char *dot;
	while ((dot = strchr(path, '.')) != NULL) {
		char part[WORD_BYTES];
		snprintf(part, sizeof part, "%.*s", (int)(dot - path), path);
		cJSON *next = cJSON_GetObjectItemCaseSensitive(section, part);
		section = next ? next : cJSON_AddObjectToObject(section, part);
		path = dot + 1;
	}
	*name = path;
	return section;
}

int config_dump(const struct config *config, FILE *out)
{
	cJSON *root = cJSON_CreateObject();
	for (size_t i = 0; i < config_option_count; i++) {
		const char *name;
		cJSON *section = section_of(root, config_options[i].path, &name);
		cJSON_AddItemToObject(section, name, json_value(config, &config_options[i]));
	}
	char *text = cJSON_Print(root);
	cJSON_Delete(root);
	if (!text)
		return -ENOMEM;
	int result = fprintf(out, "%s\n", text) < 0 ? -EIO : 0;
	free(text);
	return result;
}

static void print_values(FILE *out, const struct option *option)
{
	switch (option->type) {
	case OPTION_BOOL:
		fputs("true, false", out);
		break;
	case OPTION_INTEGER:
	case OPTION_NUMBER:
		fprintf(out, "%.10g to %.10g%s%s", option->min, option->max, option->unit[0] ? " " : "", option->unit);
		break;
	case OPTION_TEXT:
		fputs("text", out);
		break;
	case OPTION_SET:
		fputs("list of ", out);
		/* fall through */
	case OPTION_CHOICE:
		for (const char *c = option->choices; *c; c++)
			fputs(*c == '|' ? ", " : (char[]){ *c, '\0' }, out);
		break;
	}
}

void config_reference(FILE *out)
{
	fputs("# Configuration\n\n"
	      "`config.json` holds what differs from the defaults; every key can also be set on the command line, as in\n"
	      "`pastcam -o camera.framerate=5`. `pastcam --check-config` tells whether a configuration is good,\n"
	      "`pastcam --dump-config` shows all values in force. A wrong value stops the start and is named with its "
	      "range; an unknown\n"
	      "key is a warning. This page is made by `pastcam --config-reference`; the tests compare the two.\n",
	      out);
	size_t section_length = 0;
	const char *section = "";
	for (size_t i = 0; i < config_option_count; i++) {
		const struct option *option = &config_options[i];
		size_t length = strcspn(option->path, ".");
		if (length != section_length || strncmp(section, option->path, length) != 0) {
			fprintf(out, "\n## %.*s\n\n| key | default | values | meaning |\n|---|---|---|---|\n", (int)length,
			        option->path);
			section = option->path;
			section_length = length;
		}
		fprintf(out, "| `%s` | %s%s%s | ", option->path, option->default_text[0] ? "`" : "",
		        option->default_text[0] ? option->default_text : "empty", option->default_text[0] ? "`" : "");
		print_values(out, option);
		fprintf(out, " | %s |\n", option->help);
	}
}
