#include "upload_targets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "target_json.h"
#include "webhook_targets.h"

static const double timeout_default_s = 60, timeout_most_s = 3600;

/* --- reading --- */

static int take_member(const cJSON *item, struct upload_target *target, struct error *error)
{
	const char *key = item->string;
	if (strcmp(key, "name") == 0)
		return target_take_text(item, target->name, sizeof target->name, error);
	if (strcmp(key, "url") == 0)
		return target_take_text(item, target->url, sizeof target->url, error);
	if (strcmp(key, "region") == 0)
		return target_take_text(item, target->region, sizeof target->region, error);
	if (strcmp(key, "access_key_file") == 0)
		return target_take_secret(item, target->access_key, error);
	if (strcmp(key, "secret_key_file") == 0)
		return target_take_secret(item, target->secret_key, error);
	if (strcmp(key, "delete") == 0 && cJSON_IsBool(item)) {
		target->delete = cJSON_IsTrue(item);
		return 0;
	}
	if (strcmp(key, "timeout_s") == 0 && cJSON_IsNumber(item) && item->valuedouble >= 1 &&
	    item->valuedouble <= timeout_most_s) {
		target->timeout_s = item->valuedouble;
		return 0;
	}
	return error_set(error, -EINVAL,
	                 "\"%.40s\" is none of name, url, region, access_key_file, secret_key_file, delete (true or false) "
	                 "and timeout_s (1 to 3600)",
	                 key);
}

static bool is_region(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")] == '\0';
}

/* A bucket's, at least: http://host/bucket, without what would end the path. */
static bool is_store_url(const char *url)
{
	const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;
	return webhook_is_url(url) && path && path[1] && !strpbrk(url, "?#%");
}

static int check_target(const struct upload_targets *targets, const struct upload_target *target, struct error *error)
{
	if (target->name[0] == '\0' || strchr(target->name, ' '))
		return error_set(error, -EINVAL, "it needs a \"name\" without spaces");
	if (!is_store_url(target->url))
		return error_set(error, -EINVAL,
		                 "it needs a \"url\" with the bucket, such as https://s3.example/bucket/{camera}, without ?, # "
		                 "and %%");
	if (!is_region(target->region))
		return error_set(error, -EINVAL, "\"region\" is a name such as eu-central-1");
	if (target->access_key[0] == '\0' || target->secret_key[0] == '\0')
		return error_set(error, -EINVAL, "it needs an \"access_key_file\" and a \"secret_key_file\"");
	return upload_targets_index(targets, target->name) >= 0 ? error_set(error, -EINVAL, "two have this name") : 0;
}

static int parse_target(const cJSON *object, struct upload_targets *targets, struct error *error)
{
	struct error reason = { 0 };
	int result = 0;
	if (!cJSON_IsObject(object) || targets->count == UPLOAD_TARGETS_MAX)
		return error_set(error, -EINVAL, "hub.uploads must have at most %d sections: {\"name\": …, \"url\": …}",
		                 UPLOAD_TARGETS_MAX);
	struct upload_target *target = &targets->at[targets->count];
	*target = (struct upload_target){ .timeout_s = timeout_default_s, .region = "us-east-1" };
	for (const cJSON *item = object->child; result == 0 && item; item = item->next)
		result = take_member(item, target, &reason);
	if (result == 0)
		result = check_target(targets, target, &reason);
	if (result < 0)
		return error_set(error, result, "hub.uploads, \"%.40s\": %.180s", target->name, reason.text);
	strcpy(target->row, "upload ");
	strcat(target->row, target->name);
	targets->count++;
	return 0;
}

int upload_targets_parse(const char *json, struct upload_targets *targets, struct error *error)
{
	cJSON *list = cJSON_Parse(json);
	const cJSON *item;
	int result = cJSON_IsArray(list) ? 0 : error_set(error, -EINVAL, "hub.uploads must be a list: [ … ]");
	targets->count = 0;
	cJSON_ArrayForEach(item, list) if (result == 0) result = parse_target(item, targets, error);
	cJSON_Delete(list);
	return result;
}

int upload_targets_index(const struct upload_targets *targets, const char *name)
{
	for (size_t i = 0; i < targets->count; i++)
		if (strcmp(targets->at[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

/* --- objects --- */

/* What S3 signs: each byte that is none of these is %XX. */
static size_t add_encoded(char *out, size_t room, const char *text, const char *also)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
	size_t length = 0;
	for (; *text && length + 4 <= room; text++) {
		if (strchr(plain, *text) || strchr(also, *text))
			out[length++] = *text;
		else
			length += (size_t)snprintf(out + length, 4, "%%%02X", (unsigned char)*text);
	}
	return *text ? room : length;
}

static size_t add_value(char *out, size_t room, const char **text, const char *const values[3])
{
	static const char *const names[] = { "{node}", "{camera}", "{date}" };
	for (size_t i = 0; i < 3; i++) {
		size_t length = strlen(names[i]);
		if (strncmp(*text, names[i], length) != 0)
			continue;
		*text += length;
		return add_encoded(out, room, values[i], "");
	}
	char one[2] = { *(*text)++, '\0' };
	return add_encoded(out, room, one, "/:@[]");
}

int upload_object(const struct upload_target *target, const char *node, const char *camera, int64_t time_ms,
                  const char *path, char object[UPLOAD_OBJECT_BYTES])
{
	char date[16];
	const char *slash = strrchr(path, '/'), *text = target->url;
	const char *const values[3] = { node, camera, date };
	size_t length = 0, room = UPLOAD_OBJECT_BYTES - 1;
	clock_format_local(time_ms * CLOCK_NS_PER_MS, "%Y-%m-%d", date, sizeof date);
	while (*text && length < room)
		length += add_value(object + length, room - length, &text, values);
	if (length > 0 && length < room && object[length - 1] != '/')
		object[length++] = '/';
	if (length < room)
		length += add_encoded(object + length, room - length, slash ? slash + 1 : path, "");
	object[length < room ? length : room] = '\0';
	return length >= room ? -EMSGSIZE : 0;
}
