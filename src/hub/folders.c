#include "folders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(struct folders *folders, const char *path, const char *camera)
{
	for (size_t i = 0; i < folders->count; i++)
		if (strcmp(folders->at[i].path, path) == 0)
			return;
	strcpy(folders->at[folders->count].path, path);
	strcpy(folders->at[folders->count++].camera, camera);
}

static int add_camera(const struct hub *hub, struct config *scratch, const char *name, struct folders *folders,
                      struct error *error)
{
	config_defaults(scratch);
	strcpy(scratch->name, name);
	int result = config_load(scratch, hub->config_path, NULL, error);
	for (size_t i = 0; result == 0 && i < hub->assignment_count; i++)
		result = config_set(scratch, hub->assignments[i], error);
	if (result == 0)
		add(folders, scratch->export.base_dir, name);
	return result;
}

int folders_find(const struct hub *hub, struct folders *folders, struct error *error)
{
	*folders = (struct folders){ .count = 0 };
	const struct config_cameras *cameras = &hub->config->cameras;
	if (cameras->count == 0)
		add(folders, hub->config->export.base_dir, "camera");
	struct config *scratch = malloc(sizeof *scratch);
	if (!scratch)
		return error_set(error, -ENOMEM, "no memory for the configuration");
	int result = 0;
	for (size_t i = 0; result == 0 && i < cameras->count; i++)
		result = add_camera(hub, scratch, cameras->names[i], folders, error);
	free(scratch);
	return result;
}
