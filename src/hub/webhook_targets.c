#include "webhook_targets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "target_json.h"

static const double timeout_default_s = 30, timeout_most_s = 600;

bool webhook_is_url(const char *text)
{
	size_t scheme = strncasecmp(text, "http://", 7) == 0 ? 7 : strncasecmp(text, "https://", 8) == 0 ? 8 : 0;
	size_t length = strlen(text);
	if (scheme == 0 || length == scheme || length >= WEBHOOK_URL_BYTES)
		return false;
	for (const char *byte = text; *byte; byte++)
		if ((unsigned char)*byte <= ' ' || *byte == 0x7f)
			return false;
	return true;
}

/* "NAME: VALUE", one line. */
static bool make_header(const cJSON *item, char *header, size_t bytes)
{
	if (!cJSON_IsString(item) || strpbrk(item->valuestring, "\r\n") ||
	    item->string[strcspn(item->string, ":\r\n ")] != '\0')
		return false;
	return (size_t)snprintf(header, bytes, "%s: %s", item->string, item->valuestring) < bytes;
}

static int take_headers(const cJSON *object, struct webhook_target *target, struct error *error)
{
	const cJSON *item;
	if (!cJSON_IsObject(object))
		return error_set(error, -EINVAL, "\"headers\" must be a section: {\"Title\": \"…\"}");
	cJSON_ArrayForEach(item, object)
	{
		if (target->header_count >= WEBHOOK_OWN_HEADERS_MAX ||
		    !make_header(item, target->headers[target->header_count], sizeof target->headers[0]))
			return error_set(error, -EINVAL, "\"headers\" may have %d texts of one line and at most 250 bytes",
			                 WEBHOOK_OWN_HEADERS_MAX);
		target->header_count++;
	}
	return 0;
}

static int take_member(const cJSON *item, struct webhook_target *target, struct error *error)
{
	const char *key = item->string;
	if (strcmp(key, "name") == 0)
		return target_take_text(item, target->name, 64, error);
	if (strcmp(key, "url") == 0)
		return target_take_text(item, target->url, sizeof target->url, error);
	if (strcmp(key, "body") == 0)
		return target_take_text(item, target->body, sizeof target->body, error);
	if (strcmp(key, "headers") == 0)
		return take_headers(item, target, error);
	if (strcmp(key, "secret_file") == 0)
		return target_take_secret(item, target->secret, error);
	if (strcmp(key, "token_file") == 0)
		return target_take_secret(item, target->token, error);
	if (strcmp(key, "attach") == 0 && cJSON_IsBool(item)) {
		target->attach = cJSON_IsTrue(item);
		return 0;
	}
	if (strcmp(key, "timeout_s") == 0 && cJSON_IsNumber(item) && item->valuedouble > 0 &&
	    item->valuedouble <= timeout_most_s) {
		target->timeout_s = item->valuedouble;
		return 0;
	}
	return error_set(
	    error, -EINVAL,
	    "\"%.40s\" is none of name, url, body, headers, secret_file, token_file, attach (true or false) and "
	    "timeout_s (up to 600)",
	    key);
}

static int parse_target(const cJSON *object, struct webhook_targets *targets, struct error *error)
{
	struct webhook_target *target = &targets->at[targets->count];
	struct error reason = { 0 };
	int result = 0;
	if (!cJSON_IsObject(object) || targets->count == WEBHOOK_TARGETS_MAX)
		return error_set(error, -EINVAL, "hub.webhooks must have at most %d sections: {\"name\": …, \"url\": …}",
		                 WEBHOOK_TARGETS_MAX);
	*target = (struct webhook_target){ .timeout_s = timeout_default_s };
	for (const cJSON *item = object->child; result == 0 && item; item = item->next)
		result = take_member(item, target, &reason);
	if (result == 0 && (target->name[0] == '\0' || strchr(target->name, ' ') || webhook_is_url(target->name)))
		result = error_set(&reason, -EINVAL, "it needs a \"name\" without spaces");
	if (result == 0 && !webhook_is_url(target->url))
		result = error_set(&reason, -EINVAL, "it needs a \"url\" that begins with http:// or https://");
	for (size_t i = 0; result == 0 && i < targets->count; i++)
		if (strcmp(targets->at[i].name, target->name) == 0)
			result = error_set(&reason, -EINVAL, "two have this name");
	if (result < 0)
		return error_set(error, result, "hub.webhooks, \"%.40s\": %.180s", target->name, reason.text);
	targets->count++;
	return 0;
}

int webhook_targets_parse(const char *json, struct webhook_targets *targets, struct error *error)
{
	cJSON *list = cJSON_Parse(json);
	const cJSON *item;
	int result = cJSON_IsArray(list) ? 0 : error_set(error, -EINVAL, "hub.webhooks must be a list: [ … ]");
	targets->count = 0;
	cJSON_ArrayForEach(item, list) if (result == 0) result = parse_target(item, targets, error);
	cJSON_Delete(list);
	return result;
}

struct webhook_target *webhook_targets_find(struct webhook_targets *targets, const char *name)
{
	for (size_t i = 0; i < targets->count; i++)
		if (strcmp(targets->at[i].name, name) == 0)
			return &targets->at[i];
	if (!webhook_is_url(name) || targets->count == WEBHOOK_TARGETS_MAX)
		return NULL;
	struct webhook_target *target = &targets->at[targets->count++];
	*target = (struct webhook_target){ .timeout_s = timeout_default_s };
	strcpy(target->name, name);
	strcpy(target->url, name);
	return target;
}
