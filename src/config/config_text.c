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
	case OPTION_LIST:
		return cJSON_Parse(member);
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

static void add_choices(cJSON *object, const struct option *option)
{
	char word[WORD_BYTES];
	cJSON *list = cJSON_AddArrayToObject(object, "choices");
	for (int i = 0; option_choice(option, i, word, sizeof word); i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(word));
}

static cJSON *json_option(const struct config *config, const struct config *defaults, const struct option *option)
{
	static const char *const types[] = {
		[OPTION_BOOL] = "boolean",  [OPTION_INTEGER] = "integer", [OPTION_NUMBER] = "number", [OPTION_TEXT] = "text",
		[OPTION_CHOICE] = "choice", [OPTION_SET] = "set",         [OPTION_LIST] = "list",
	};
	cJSON *object = cJSON_CreateObject();
	cJSON_AddStringToObject(object, "path", option->path);
	cJSON_AddStringToObject(object, "type", types[option->type]);
	cJSON_AddStringToObject(object, "unit", option->unit);
	cJSON_AddStringToObject(object, "help", option->help);
	if (option->type == OPTION_INTEGER || option->type == OPTION_NUMBER) {
		cJSON_AddNumberToObject(object, "min", option->min);
		cJSON_AddNumberToObject(object, "max", option->max);
	}
	if (option->choices)
		add_choices(object, option);
	cJSON_AddItemToObject(object, "default", json_value(defaults, option));
	cJSON_AddItemToObject(object, "value", json_value(config, option));
	return object;
}

int config_schema(const struct config *config, FILE *out)
{
	struct config *defaults = malloc(sizeof *defaults);
	cJSON *list = cJSON_CreateArray();
	if (defaults)
		config_defaults(defaults);
	for (size_t i = 0; defaults && i < config_option_count; i++)
		cJSON_AddItemToArray(list, json_option(config, defaults, &config_options[i]));
	char *text = defaults ? cJSON_PrintUnformatted(list) : NULL;
	cJSON_Delete(list);
	free(defaults);
	if (!text)
		return -ENOMEM;
	int result = fputs(text, out) < 0 ? -EIO : 0;
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
	case OPTION_LIST:
		fputs("list", out);
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

static void print_cameras(FILE *out)
{
	fputs("\n## cameras\n\n"
	      "Of a machine with several cameras, each has a name and sections of its own, which override the common "
	      "ones:\n\n"
	      "```json\n"
	      "{\n"
	      "  \"memory\": { \"max_rss_mb\": 700 },\n"
	      "  \"cameras\": {\n"
	      "    \"front\": { \"camera\": { \"id\": \"imx219\" } },\n"
	      "    \"yard\": { \"camera\": { \"id\": \"imx477\", \"width\": 1920, \"height\": 1080 } }\n"
	      "  }\n"
	      "}\n"
	      "```\n\n"
	      "Each camera is a process of its own, `pastcam --camera front` (with systemd: `pastcam@front`). A name has 1 "
	      "to 32\n"
	      "letters, digits, `-` and `_`, the first a letter or a digit; there are at most 16 cameras.\n\n"
	      "- `network.trigger_port` counts up from the common one in the order of the file: 9999, 10000 … A camera may "
	      "have\n"
	      "  one of its own.\n"
	      "- The common `memory.max_rss_mb` is for all cameras together. A camera with one of its own, or with a\n"
	      "  `memory.share`, takes that from it; the others share what is left equally.\n"
	      "- A common `logging.file` gets the camera's name: `pastcam.log` becomes `pastcam-front.log`.\n"
	      "- Cameras may share `export.base_dir`, since file names begin with the camera's name. The limits of "
	      "`storage` are\n"
	      "  for the folder, whosever pictures are in it.\n"
	      "- `pastcam --check-config` checks all of them. Two cameras with one port, one `camera.id` or one log file "
	      "are\n"
	      "  refused.\n",
	      out);
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
	print_cameras(out);
}
