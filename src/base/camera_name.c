#include "base/camera_name.h"

#include <string.h>

static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

bool camera_name_is_good(const char *name, size_t length)
{
	if (length == 0 || length >= CAMERA_NAME_BYTES || name[0] == '-' || name[0] == '_')
		return false;
	for (size_t i = 0; i < length; i++)
		if (name[i] == '\0' || !strchr(name_bytes, name[i]))
			return false;
	return true;
}

const char *camera_name_rule(void)
{
	return "must be 1 to 32 letters, digits, \"-\" and \"_\", the first a letter or a digit";
}
