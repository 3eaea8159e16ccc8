#include "base/sealed_name.h"

#include <stdio.h>
#include <string.h>

size_t sealed_name_length(const char *name)
{
	const size_t length = strlen(name), end = sizeof SEALED_NAME_END - 1;
	return length > end && strcmp(name + length - end, SEALED_NAME_END) == 0 ? length - end : length;
}

bool sealed_name_is_one(const char *name)
{
	return name[sealed_name_length(name)] != '\0';
}

bool sealed_name_with_extension(const char *name, const char *extension, char *text, size_t bytes)
{
	const size_t length = sealed_name_length(name);
	const char *dot = memrchr(name, '.', length);
	return dot && (size_t)snprintf(text, bytes, "%.*s.%s%s", (int)(dot - name), name, extension, name + length) < bytes;
}
