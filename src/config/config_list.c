#include <cjson/cJSON.h>
#include <errno.h>

#include "config/config.h"

int config_each_text(const char *key, const char *list, int (*take)(void *data, const char *text, struct error *error),
                     void *data, struct error *error)
{
	cJSON *items = cJSON_Parse(list);
	int result = items ? 0 : error_set(error, -ENOMEM, "no memory to read %s", key);
	for (const cJSON *item = items ? items->child : NULL; item && result == 0; item = item->next) {
		struct error why = { 0 };
		const char *text = cJSON_GetStringValue(item);
		result = text ? take(data, text, &why) : -EINVAL;
		if (!text)
			error_set(error, result, "%s must be a list of texts: [\"…\"]", key);
		else if (result < 0)
			error_set(error, result, "%s: %s", key, why.text);
	}
	cJSON_Delete(items);
	return result;
}
