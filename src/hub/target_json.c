#include "target_json.h"

#include <errno.h>
#include <string.h>

int target_take_text(const cJSON *item, char *text, size_t bytes, struct error *error)
{
	if (!cJSON_IsString(item) || strlen(item->valuestring) >= bytes)
		return error_set(error, -EINVAL, "\"%.40s\" must be a text of at most %zu bytes", item->string, bytes - 1);
	strcpy(text, item->valuestring);
	return 0;
}

int target_take_secret(const cJSON *item, char secret[SECRET_BYTES], struct error *error)
{
	if (!cJSON_IsString(item))
		return error_set(error, -EINVAL, "\"%.40s\" must be the path of a file", item->string);
	return secret_read(item->string, item->valuestring, secret, error);
}
