#include "config/config.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "base/utf8.h"
#include "config_cameras.h"
#include "config_options.h"
#include "config_parse.h"
#include "config_value.h"

enum { CONFIG_FILE_BYTES_MAX = 1024 * 1024, PATH_BYTES = 128 };
/* Shares that are meant to add up to one may not quite. */
static const double ROI_SLACK = 1e-6;

/* Ten pictures a second, with a line of the log each, is as much as anybody can mean. */
#define AUTO_SAVE_INTERVAL_MIN_S 0.1

static const struct option *find_option(const char *path)
{
	for (size_t i = 0; i < config_option_count; i++)
		if (strcmp(config_options[i].path, path) == 0)
			return &config_options[i];
	return NULL;
}

void config_defaults(struct config *config)
{
	memset(config, 0, sizeof *config);
	for (size_t i = 0; i < config_option_count; i++)
		config_set_plain(config, &config_options[i], config_options[i].default_text,
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
			result = config_set_json(config, option, item, error);
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
	return config_set_plain(config, option, equals + 1, error);
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
