#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "service/status.h"

enum { SECTION_BYTES = 64 };

struct status_list {
	cJSON *array, *item; /* item: the last of array */
};

/* What texts from drivers, disks and strangers may be is not known. */
static void add_text(cJSON *object, const char *name, const char *text)
{
	char *copy = strdup(text);
	if (!copy)
		return;
	utf8_repair(copy);
	cJSON_AddStringToObject(object, name, copy);
	free(copy);
}

void status_list_next(struct status_list *list)
{
	list->item = cJSON_CreateObject();
	cJSON_AddItemToArray(list->array, list->item);
}

void status_list_text(struct status_list *list, const char *name, const char *text)
{
	add_text(list->item, name, text);
}

void status_list_number(struct status_list *list, const char *name, double number)
{
	cJSON_AddNumberToObject(list->item, name, round(number * 1000) / 1000);
}

/* The object that path's name goes into, and that name: "camera.frames" is frames in camera. */
static cJSON *section_of(cJSON *root, const char *path, const char **name)
{
	char section[SECTION_BYTES];
	const char *dot = strchr(path, '.');
	*name = path;
	if (!dot || (size_t)(dot - path) >= sizeof section)
		return root;
	*name = dot + 1;
	memcpy(section, path, (size_t)(dot - path));
	section[dot - path] = '\0';
	cJSON *object = cJSON_GetObjectItemCaseSensitive(root, section);
	return object ? object : cJSON_AddObjectToObject(root, section);
}

static void add_row(void *data, const struct status_row *row, const struct status_value *value)
{
	const char *name;
	cJSON *object = section_of(data, row->path, &name);
	switch (value->type) {
	case STATUS_IS_NULL:
		cJSON_AddNullToObject(object, name);
		return;
	case STATUS_IS_INTEGER:
	case STATUS_IS_NUMBER:
		cJSON_AddNumberToObject(object, name, value->number);
		return;
	case STATUS_IS_BOOL:
		cJSON_AddBoolToObject(object, name, value->truth);
		return;
	case STATUS_IS_TEXT:
		add_text(object, name, value->text);
		return;
	case STATUS_IS_LIST:
		value->list(&(struct status_list){ .array = cJSON_AddArrayToObject(object, name) }, value->snapshot);
		return;
	}
}

char *status_json(const struct status *status)
{
	cJSON *root = cJSON_CreateObject();
	status_visit(status, add_row, root);
	char *text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text;
}

char *status_rows_json(const struct status *status)
{
	static const char *const kinds[] = { "counter", "gauge", "state", "info" };
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < status->count; i++) {
		const struct status_group *group = status->sources[i].group;
		for (const struct status_row *row = group->rows; row < group->rows + group->row_count; row++) {
			cJSON *object = cJSON_CreateObject();
			cJSON_AddStringToObject(object, "path", row->path);
			cJSON_AddStringToObject(object, "kind", kinds[row->kind]);
			cJSON_AddStringToObject(object, "unit", row->unit);
			cJSON_AddStringToObject(object, "help", row->help);
			cJSON_AddItemToArray(list, object);
		}
	}
	char *text = cJSON_PrintUnformatted(list);
	cJSON_Delete(list);
	return text;
}
