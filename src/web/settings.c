#include "settings.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/fsio.h"
#include "base/log.h"
#include "base/utf8.h"
#include "motion.h"
#include "response.h"

enum { FILE_BYTES_MAX = 1024 * 1024, TAG_BYTES = 32, PATH_PARTS_MAX = 3 };

/* --- changing a text --- */

static cJSON *member(cJSON *object, const char *name, bool make)
{
	cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
	if (!found && make)
		found = cJSON_AddObjectToObject(object, name);
	return cJSON_IsObject(found) ? found : NULL;
}

/* path is "night.enable" or "ring.downscale.width". */
static int change_one(cJSON *root, const char *path, const cJSON *value, struct error *error)
{
	char name[64];
	bool remove = cJSON_IsNull(value);
	cJSON *section = root;
	const char *dot;
	for (int part = 0; section && (dot = strchr(path, '.')) != NULL && part < PATH_PARTS_MAX; part++) {
		size_t length = (size_t)(dot - path);
		if (length == 0 || length >= sizeof name)
			return error_set(error, -EINVAL, "\"%.*s\" is no option", utf8_fit(path, 60), path);
		memcpy(name, path, length);
		name[length] = '\0';
		section = member(section, name, !remove);
		path = dot + 1;
	}
	if (!section)
		return remove ? 0 : error_set(error, -EINVAL, "\"%.*s\" is no option", utf8_fit(path, 60), path);
	cJSON_DeleteItemFromObjectCaseSensitive(section, path);
	if (!remove && !cJSON_AddItemToObject(section, path, cJSON_Duplicate(value, true)))
		return error_set(error, -ENOMEM, "no memory for the settings");
	return 0;
}

char *settings_change(const char *text, const char *camera, const cJSON *changes, struct error *error)
{
	cJSON *root = cJSON_ParseWithOpts(text[0] ? text : "{}", NULL, true);
	cJSON *target = cJSON_IsObject(root) ? root : NULL;
	char *changed = NULL;
	int result = 0;
	if (target && camera[0])
		target = member(member(root, "cameras", true), camera, true);
	if (!target)
		result = error_set(error, -EINVAL, "the configuration's file is not a JSON object: mend it by hand first");
	for (const cJSON *change = changes->child; change && result == 0; change = change->next)
		result = change_one(target, change->string, change, error);
	if (result == 0)
		changed = cJSON_Print(root);
	if (result == 0 && !changed)
		error_set(error, -ENOMEM, "no memory for the settings");
	cJSON_Delete(root);
	return changed;
}

/* --- checking a text --- */

static int check_for(const char *text, const char *camera, struct config *config, struct error *error)
{
	struct config_warnings warnings = { 0 };
	config_defaults(config);
	strcpy(config->name, camera);
	int result = config_parse(config, text, strlen(text), &warnings, error);
	bool is_whole = camera[0] || config->cameras.count == 0;
	if (result == 0 && is_whole)
		result = config_check(config, error);
	if (result == 0 && is_whole)
		result = motion_check_settings(config, error);
	return result;
}

int settings_check(const char *text, struct error *error)
{
	struct config *config = malloc(sizeof *config);
	if (!config)
		return error_set(error, -ENOMEM, "no memory to check the settings");
	int result = check_for(text, "", config, error);
	const struct config_cameras cameras = config->cameras;
	for (size_t i = 0; result == 0 && i < cameras.count; i++)
		result = check_for(text, cameras.names[i], config, error);
	free(config);
	return result;
}

/* --- the file --- */

/* malloc'd; "" when there is none. NULL, and answered. */
static char *read_file(struct request *request)
{
	char *text = malloc(FILE_BYTES_MAX);
	if (!text) {
		request_respond(request, 500, NULL);
		return NULL;
	}
	ssize_t length = fsio_read_small(request->web->config_path, text, FILE_BYTES_MAX);
	if (length >= 0 || length == -ENOENT)
		return text;
	request_problem(request, 503, "%.200s cannot be read: %s", request->web->config_path, strerror((int)-length));
	free(text);
	return NULL;
}

static void write_tag(const char *text, char tag[TAG_BYTES])
{
	snprintf(tag, TAG_BYTES, "\"%08lx\"", crc32(0, (const Bytef *)text, (uInt)strlen(text)));
}

/* The camera whose section is meant: the one asked for, where there are several in the file. */
static const char *section_of(struct request *request, const char *text)
{
	const char *camera = target_value(&request->target, "camera");
	struct config *config = camera && camera[0] ? malloc(sizeof *config) : NULL;
	if (!config)
		return "";
	config_defaults(config);
	config_parse(config, text, strlen(text), NULL, NULL);
	bool is_there = config_cameras_index(&config->cameras, camera) >= 0;
	free(config);
	return is_there ? camera : "";
}

static char *schema_text(const char *text, const char *camera, struct error *error)
{
	char *schema = NULL;
	size_t length = 0;
	struct config *config = malloc(sizeof *config);
	FILE *out = config ? open_memstream(&schema, &length) : NULL;
	if (out) {
		config_defaults(config);
		strcpy(config->name, camera);
		if (text[0])
			config_parse(config, text, strlen(text), NULL, error); /* what is good of it is shown */
		config_schema(config, out);
		fclose(out);
	}
	free(config);
	return schema;
}

static void answer_settings(struct request *request, const char *text)
{
	char tag[TAG_BYTES];
	struct error error = { 0 };
	const char *camera = section_of(request, text);
	char *schema = schema_text(text, camera, &error);
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "file", request->web->config_path);
	cJSON_AddStringToObject(json, "camera", camera);
	cJSON_AddStringToObject(json, "trouble", error.text);
	cJSON_AddItemToObject(json, "options", cJSON_CreateRaw(schema ? schema : "[]"));
	cJSON *fixed = cJSON_AddArrayToObject(json, "command_line");
	for (size_t i = 0; i < request->web->assignment_count; i++)
		cJSON_AddItemToArray(fixed, cJSON_CreateString(request->web->assignments[i]));
	free(schema);
	char *body = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	struct MHD_Response *response =
	    body ? MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE) : NULL;
	write_tag(text, tag);
	if (response) {
		response_header(response, "Content-Type", "application/json");
		response_header(response, "ETag", tag);
	}
	request_respond(request, 200, response);
}

void settings_get(struct request *request)
{
	char *text = read_file(request);
	if (text)
		answer_settings(request, text);
	free(text);
}

static int replace(struct request *request, const char *old, const char *new, struct error *error)
{
	char path[FSIO_PATH_BYTES];
	struct stat status;
	const char *file = request->web->config_path;
	mode_t mode = stat(file, &status) == 0 ? status.st_mode & 0777 : 0644;
	snprintf(path, sizeof path, "%s.old", file);
	int result = old[0] ? fsio_replace(path, old, strlen(old), mode, error) : 0;
	if (result == 0)
		result = fsio_replace(file, new, strlen(new), mode, error);
	if (result == 0)
		log_info("The settings in %s were changed on the page", file);
	return result;
}

int settings_check_names(const cJSON *changes, struct error *error)
{
	struct config_warnings warnings = { 0 };
	struct config *config = malloc(sizeof *config);
	char *text = config ? settings_change("", "", changes, error) : NULL;
	int result = text ? 0 : -EINVAL;
	if (text) {
		config_defaults(config);
		config_parse(config, text, strlen(text), &warnings, NULL); /* its values are checked with all others */
		if (warnings.count > 0)
			result = error_set(error, -EINVAL, "%s", warnings.text[0]);
	}
	free(text);
	free(config);
	return result;
}

static void apply(struct request *request, const char *old, const cJSON *changes)
{
	struct error error = { 0 };
	char *changed = NULL;
	if (settings_check_names(changes, &error) == 0)
		changed = settings_change(old, section_of(request, old), changes, &error);
	if (!changed || settings_check(changed, &error) < 0)
		request_problem(request, 422, "%s", error.text);
	else if (replace(request, old, changed, &error) < 0)
		request_problem(request, 507, "the settings were not saved: %s", error.text);
	else
		answer_settings(request, changed);
	free(changed);
}

void settings_put(struct request *request)
{
	char tag[TAG_BYTES];
	const char *wanted = request_header(request, "If-Match");
	cJSON *changes = request_body_json(request);
	char *old = changes ? read_file(request) : NULL;
	if (old) {
		write_tag(old, tag);
		if (!wanted)
			request_problem(request, 428, "send the ETag of the settings that you changed as If-Match");
		else if (strcmp(wanted, tag) != 0)
			request_problem(request, 412, "somebody else has changed the settings meanwhile: look at them again first");
		else
			apply(request, old, changes);
	}
	free(old);
	cJSON_Delete(changes);
}
