#include "history_files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sealed_name.h"
#include "captures.h"

enum { NAME_BYTES = 256, PATH_BYTES = 1024 };

static bool is_same_text(const char *folder, const char *other)
{
	size_t length = strlen(folder);
	while (length > 1 && folder[length - 1] == '/')
		length--;
	return strncmp(other, folder, length) == 0 && other[length] == '\0';
}

static bool is_same_folder(const char *folder, const char *other)
{
	struct stat one, two;
	return stat(folder, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* The name within folder, or NULL when path is elsewhere. An event's path is absolute, and the configuration's may be
 * relative, or lead through a link; one that is not there any more can only be told by its text. */
static const char *name_in(const char *folder, const char *path)
{
	char parent[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	if (!slash || slash - path >= PATH_BYTES || !captures_type(slash + 1))
		return NULL;
	snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
	return is_same_text(folder, parent) || is_same_folder(folder, parent) ? slash + 1 : NULL;
}

static void add_file(cJSON *files, const char *folder, const char *name)
{
	char path[PATH_BYTES];
	struct stat status;
	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_BYTES || lstat(path, &status) < 0 ||
	    !S_ISREG(status.st_mode))
		return;
	cJSON *file = cJSON_CreateObject();
	cJSON_AddStringToObject(file, "name", name);
	cJSON_AddNumberToObject(file, "bytes", (double)status.st_size);
	cJSON_AddItemToArray(files, file);
}

/* A picture is there in each of its formats, and the event names the first file. */
static void add_files(cJSON *files, const cJSON *event, const char *folder, const char *name)
{
	const cJSON *format, *formats = cJSON_GetObjectItemCaseSensitive(event, "formats");
	if (!cJSON_IsArray(formats)) {
		add_file(files, folder, name);
		return;
	}
	cJSON_ArrayForEach(format, formats)
	{
		char other[NAME_BYTES];
		bool fits =
		    cJSON_IsString(format) && sealed_name_with_extension(name, format->valuestring, other, sizeof other);
		if (fits && captures_type(other))
			add_file(files, folder, other);
	}
}

void history_files_add(const struct web *web, cJSON *events)
{
	cJSON *event;
	cJSON_ArrayForEach(event, events)
	{
		const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "path"));
		const char *camera = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "camera"));
		const char *folder = path && camera ? captures_path(web, camera) : NULL;
		const char *name = folder ? name_in(folder, path) : NULL;
		if (name)
			add_files(cJSON_AddArrayToObject(event, "on_disk"), event, folder, name);
	}
}
