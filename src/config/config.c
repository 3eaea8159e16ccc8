#include "config/config.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fsio.h"
#include "base/utf8.h"
#include "config_cameras.h"
#include "config_options.h"
#include "config_parse.h"

enum { CONFIG_FILE_BYTES_MAX = 1024 * 1024, PATH_BYTES = 128, WORD_BYTES = 32 };
/* Shares that are meant to add up to one may not quite. */
static const double ROI_SLACK = 1e-6;

/* Ten pictures a second, with a line of the log each, is as much as anybody can mean. */
#define AUTO_SAVE_INTERVAL_MIN_S 0.1

static void *member_of(struct config *config, const struct option *option)
{
	return (char *)config + option->offset;
}

static const struct option *find_option(const char *path)
{
	for (size_t i = 0; i < config_option_count; i++)
		if (strcmp(config_options[i].path, path) == 0)
			return &config_options[i];
	return NULL;
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

static int set_json(struct config *config, const struct option *option, const cJSON *value, struct error *error)
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

/* From the command line, where everything is text. */
static int set_plain(struct config *config, const struct option *option, const char *text, struct error *error)
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

void config_defaults(struct config *config)
{
	memset(config, 0, sizeof *config);
	for (size_t i = 0; i < config_option_count; i++)
		set_plain(config, &config_options[i], config_options[i].default_text,
		          NULL); /* the tests set every default_text */
}

/* Levenshtein distance, one row at a time; both are at most PATH_BYTES long. */
static int distance(const char *a, const char *b)
{
	int row[PATH_BYTES + 1];
	int length = (int)strlen(b);
	for (int j = 0; j <= length; j++)
		row[j] = j;
	for (int i = 1; a[i - 1]; i++) {
		int diagonal = row[0];
		row[0] = i;
		for (int j = 1; j <= length; j++) {
			int change = diagonal + (a[i - 1] != b[j - 1]);
			int gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			diagonal = row[j];
			row[j] = change < gap ? change : gap;
		}
	}
	return row[length];
}

static const char *nearest_path(const char *path)
{
	const char *nearest = "";
	int least = PATH_BYTES + 1;
	for (size_t i = 0; i < config_option_count; i++) {
		int far = distance(path, config_options[i].path);
		if (far < least) {
			least = far;
			nearest = config_options[i].path;
		}
	}
	return nearest;
}

static bool is_section(const char *path)
{
	size_t length = strlen(path);
	for (size_t i = 0; i < config_option_count; i++)
		if (strncmp(config_options[i].path, path, length) == 0 && config_options[i].path[length] == '.')
			return true;
	return false;
}

static void warn_unknown(struct config_warnings *warnings, const char *path)
{
	if (!warnings)
		return;
	bool has_camera = warnings->camera && warnings->camera[0];
	if (warnings->count < CONFIG_WARNINGS_MAX)
		snprintf(warnings->text[warnings->count], sizeof warnings->text[0],
		         "unknown key \"%s%s%s%s\" has no effect; the nearest known one is \"%s\"",
		         has_camera ? "cameras." : "", has_camera ? warnings->camera : "", has_camera ? "." : "", path,
		         nearest_path(path));
	warnings->count++;
}

/* The sections nest at most three deep, as the paths of the table do; unknown ones are not entered. */
int config_parse_object(struct config *config, const cJSON *object, const char *prefix,
                        struct config_warnings *warnings, struct error *error)
{
	for (const cJSON *item = object->child; item; item = item->next) {
		char path[PATH_BYTES];
		int length =
		    snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] ? "." : "", item->string ? item->string : "");
		const struct option *option = length < (int)sizeof path ? find_option(path) : NULL;
		int result = 0;
		if (option)
			result = set_json(config, option, item, error);
		else if (length < (int)sizeof path && is_section(path) && !cJSON_IsObject(item))
			result = error_set(error, -EINVAL, "%s must be a section: { … }", path);
		else if (length < (int)sizeof path && is_section(path))
			result = config_parse_object(config, item, path, warnings, error);
		else
			warn_unknown(warnings, path);
		if (result < 0)
			return result;
	}
	return 0;
}

static int parse_root(struct config *config, cJSON *root, struct config_warnings *warnings, struct error *error)
{
	cJSON *cameras = cJSON_DetachItemFromObjectCaseSensitive(root, "cameras");
	bool is_twice = cJSON_GetObjectItemCaseSensitive(root, "cameras") != NULL;
	int result = is_twice ? error_set(error, -EINVAL, "cameras is there twice")
	                      : config_parse_object(config, root, "", warnings, error);
	if (result == 0 && cameras)
		result = config_cameras_apply(config, cameras, warnings, error);
	cJSON_Delete(cameras);
	return result;
}

static int syntax_error(const char *text, size_t length, const char *at, struct error *error)
{
	int line = 1, column = 1;
	for (const char *c = text; c < at && c < text + length; c++) {
		column = *c == '\n' ? 1 : column + 1;
		line += *c == '\n';
	}
	return error_set(error, -EINVAL, "not valid JSON at line %d, column %d", line, column);
}

int config_parse(struct config *config, const char *text, size_t length, struct config_warnings *warnings,
                 struct error *error)
{
	const char *end = text;
	cJSON *root = cJSON_ParseWithLengthOpts(text, length, &end, false);
	if (!root)
		return syntax_error(text, length, end, error);
	while (end < text + length && isspace((unsigned char)*end))
		end++;
	int result = 0;
	if (end < text + length)
		result = syntax_error(text, length, end, error);
	else if (!cJSON_IsObject(root))
		result = error_set(error, -EINVAL, "the configuration must be one JSON object: { … }");
	else
		result = parse_root(config, root, warnings, error);
	cJSON_Delete(root);
	return result;
}

int config_load(struct config *config, const char *path, struct config_warnings *warnings, struct error *error)
{
	char *text = malloc(CONFIG_FILE_BYTES_MAX);
	if (!text)
		return error_set(error, -ENOMEM, "no memory to read %s", path);
	ssize_t length = fsio_read_small(path, text, CONFIG_FILE_BYTES_MAX);
	int result;
	if (length == -EFBIG)
		result = error_set(error, -EFBIG, "%s is larger than 1 MiB: is it a configuration?", path);
	else if (length < 0)
		result = error_set_errno(error, (int)length, "cannot read %s", path);
	else {
		struct error reason = { 0 };
		result = config_parse(config, text, (size_t)length, warnings, &reason);
		if (result < 0)
			error_set(error, result, "%s: %s", path, reason.text);
	}
	free(text);
	return result;
}

int config_set(struct config *config, const char *assignment, struct error *error)
{
	const char *equals = strchr(assignment, '=');
	size_t length = equals ? (size_t)(equals - assignment) : 0;
	char path[PATH_BYTES];
	if (!equals || length == 0 || length >= sizeof path)
		return error_set(error, -EINVAL, "-o takes key=value, such as camera.framerate=5, not \"%.*s\"",
		                 utf8_fit(assignment, 80), assignment);
	memcpy(path, assignment, length);
	path[length] = '\0';
	const struct option *option = find_option(path);
	if (!option)
		return error_set(error, -EINVAL, "unknown key \"%s\"; the nearest known one is \"%s\"", path,
		                 nearest_path(path));
	return set_plain(config, option, equals + 1, error);
}

int config_roi(const struct config *config, double roi[4], struct error *error)
{
	const char *text = config->camera.roi;
	char *end = NULL;
	memset(roi, 0, 4 * sizeof *roi);
	if (!text[0])
		return 0;
	for (int i = 0; i < 4; i++, text = end + 1) {
		roi[i] = strtod(text, &end);
		if (end == text || *end != (i < 3 ? ',' : '\0') || !(roi[i] >= 0 && roi[i] <= 1))
			break;
		if (i == 3 && roi[2] > 0 && roi[3] > 0 && roi[0] + roi[2] <= 1 + ROI_SLACK && roi[1] + roi[3] <= 1 + ROI_SLACK)
			return 0;
	}
	return error_set(error, -EINVAL,
	                 "camera.roi is \"%.*s\", but must be left,top,width,height within 0 to 1, as in 0.25,0.25,0.5,0.5",
	                 utf8_fit(config->camera.roi, 60), config->camera.roi);
}

int config_check(const struct config *config, struct error *error)
{
	double roi[4];
	int result = config_check_camera(config, error);
	if (result < 0)
		return result;
	result = config_roi(config, roi, error);
	if (result < 0)
		return result;
	if (config->night.dark_threshold >= config->night.bright_threshold)
		return error_set(error, -EINVAL, "night.dark_threshold (%g) must be below night.bright_threshold (%g)",
		                 config->night.dark_threshold, config->night.bright_threshold);
	if (config->ring.downscale &&
	    (config->ring.downscale_width > config->camera.width || config->ring.downscale_height > config->camera.height))
		return error_set(error, -EINVAL, "ring.downscale is %dx%d, but must not be larger than the camera's %dx%d",
		                 config->ring.downscale_width, config->ring.downscale_height, config->camera.width,
		                 config->camera.height);
	if (config->export.auto_save_interval_s > 0 && config->export.auto_save_interval_s < AUTO_SAVE_INTERVAL_MIN_S)
		return error_set(error, -EINVAL, "export.auto_save_interval_s is %g, but must be at least %g, or 0 for none",
		                 config->export.auto_save_interval_s, AUTO_SAVE_INTERVAL_MIN_S);
	if (config->export.base_dir[0] == '\0')
		return error_set(error, -EINVAL, "export.base_dir is empty, but must be a folder");
	return 0;
}
