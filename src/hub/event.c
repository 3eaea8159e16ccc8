#include "event.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sealed_name.h"
#include "base/utf8.h"

/* docs/events.md; a test holds the two together. */
static const char *const types[] = {
	"boot",           "camera.up",   "camera.down", "night.enter", "night.exit", "motion.start", "motion.end",
	"motion.off",     "motion.on",   "trigger",     "clip.start",  "clip.end",   "clip.failed",  "picture.saved",
	"picture.failed", "storage.low", "storage.ok",  "pin.made",    "pin.kept",   "pin.dropped",  "lost",
};

bool event_type_is_known(const char *type)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

bool event_type_is_begun(const char *text)
{
	const char *type;
	for (size_t i = 0; (type = event_type_at(i)) != NULL; i++)
		if (strncmp(type, text, strlen(text)) == 0)
			return true;
	return false;
}

const char *event_type_at(size_t index)
{
	return index < sizeof types / sizeof types[0] ? types[index] : NULL;
}

bool event_split_id(const char *id, char run[HUB_RUN_BYTES], int64_t *number)
{
	const char *dash = strrchr(id, '-');
	char *end = NULL;
	size_t length = dash ? (size_t)(dash - id) : 0;
	if (length == 0 || length >= HUB_RUN_BYTES || strspn(id, "0123456789abcdef") != length || dash[1] < '0' ||
	    dash[1] > '9')
		return false;
	errno = 0;
	*number = strtoll(dash + 1, &end, 10);
	memcpy(run, id, length);
	run[length] = '\0';
	return errno == 0 && *end == '\0';
}

const char *event_text(const struct hub_event *event, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(event->json, name);
	return cJSON_IsString(item) ? item->valuestring : "";
}

static void copy_text(const struct hub_event *event, const char *name, char *text, size_t bytes)
{
	const char *from = event_text(event, name);
	int length = utf8_fit(from, (int)bytes - 1);
	memcpy(text, from, (size_t)length);
	text[length] = '\0';
}

static int take_apart(struct hub_event *event, struct error *error)
{
	const cJSON *epoch = cJSON_GetObjectItemCaseSensitive(event->json, "epoch");
	const cJSON *score = cJSON_GetObjectItemCaseSensitive(event->json, "score");
	copy_text(event, "event", event->type, sizeof event->type);
	copy_text(event, "id", event->id, sizeof event->id);
	copy_text(event, "zone", event->zone, sizeof event->zone);
	copy_text(event, "label", event->label, sizeof event->label);
	if (event->type[0] == '\0')
		return error_set(error, -EINVAL, "it has no \"event\", which is to be a name such as motion.start");
	if (!event_split_id(event->id, event->run, &event->number))
		return error_set(error, -EINVAL, "its \"id\" is no event's, such as 3f9c2a7be014-7");
	if (!cJSON_IsNumber(epoch) || !(fabs(epoch->valuedouble) < 1e11))
		return error_set(error, -EINVAL, "it has no \"epoch\", which is to be seconds since 1970");
	event->time_ms = llround(epoch->valuedouble * 1000);
	event->has_score = cJSON_IsNumber(score);
	event->score = event->has_score ? score->valuedouble : 0;
	return 0;
}

int event_parse(struct hub_event *event, const char *camera, const char *line, struct error *error)
{
	*event = HUB_EVENT_NULL;
	event->json = cJSON_Parse(line);
	if (!cJSON_IsObject(event->json)) {
		event_finish(event);
		return error_set(error, -EINVAL, "it is not one JSON object: %.*s", utf8_fit(line, 100), line);
	}
	memcpy(event->camera, camera, strnlen(camera, sizeof event->camera - 1));
	cJSON_DeleteItemFromObjectCaseSensitive(event->json, "camera");
	cJSON_AddStringToObject(event->json, "camera", event->camera);
	int result = take_apart(event, error);
	if (result < 0)
		event_finish(event);
	return result;
}

void event_finish(struct hub_event *event)
{
	cJSON_Delete(event->json);
	*event = HUB_EVENT_NULL;
}

/* What the store itself, retention and the page need without a key. */
static cJSON *outline(const cJSON *json)
{
	static const char *const members[] = { "event", "id", "time", "epoch", "camera", "path", "formats" };
	cJSON *shown = cJSON_CreateObject();
	for (size_t i = 0; shown && i < sizeof members / sizeof members[0]; i++) {
		const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, members[i]);
		if (member)
			cJSON_AddItemToObject(shown, members[i], cJSON_Duplicate(member, true));
	}
	return shown;
}

static char *print_sealed(const cJSON *json, const char *text, const struct seal_recipients *seal)
{
	char *sealed = seal_text(seal, text), *printed = NULL;
	cJSON *shown = sealed ? outline(json) : NULL;
	if (shown && cJSON_AddStringToObject(shown, "sealed", sealed))
		printed = cJSON_PrintUnformatted(shown);
	cJSON_Delete(shown);
	free(sealed);
	return printed;
}

char *event_print(const struct hub_event *event, const struct seal_recipients *seal)
{
	char *text = cJSON_PrintUnformatted(event->json);
	if (!text || !seal_is_wanted(seal))
		return text;
	char *printed = print_sealed(event->json, text, seal);
	free(text);
	return printed;
}

/* In a text of an event the quotation marks would be escaped. */
bool event_json_is_sealed(const char *json)
{
	return strstr(json, ",\"sealed\":\"") != NULL;
}

bool event_file(const struct hub_event *event, size_t index, char *path, size_t bytes)
{
	const char *first = event_text(event, "path");
	bool is_clip = strcmp(event->type, "clip.end") == 0;
	const cJSON *formats = is_clip ? NULL : cJSON_GetObjectItemCaseSensitive(event->json, "formats");
	if (first[0] == '\0' || (!is_clip && strcmp(event->type, "picture.saved") != 0))
		return false;
	if (!cJSON_IsArray(formats))
		return index == 0 && (size_t)snprintf(path, bytes, "%s", first) < bytes;
	const cJSON *format = index < 64 ? cJSON_GetArrayItem(formats, (int)index) : NULL;
	return format && cJSON_IsString(format) && sealed_name_with_extension(first, format->valuestring, path, bytes);
}

bool event_url(const struct hub_event *event, const char *page_url, char *url, size_t bytes)
{
	const char *name = strrchr(event_text(event, "path"), '/');
	size_t length = strlen(page_url);
	if (!name || length == 0)
		return false;
	if (page_url[length - 1] == '/')
		length--;
	return (size_t)snprintf(url, bytes, "%.*s/captures%s?camera=%s", (int)length, page_url, name, event->camera) <
	       bytes;
}
