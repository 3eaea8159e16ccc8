/* Where each camera's captures are. */
#include <stdlib.h>
#include <string.h>

#include "captures.h"

/* Of a camera with a section of its own, by the configuration's file as it was when it was first asked for. */
static const char *path_of_section(const struct web *web, size_t index)
{
	static char paths[CONFIG_CAMERAS_MAX][CONFIG_TEXT_BYTES];
	if (paths[index][0])
		return paths[index];
	struct config *config = malloc(sizeof *config);
	if (!config)
		return NULL;
	config_defaults(config);
	strcpy(config->name, web->config->cameras.names[index]);
	int result = config_load(config, web->config_path, NULL, NULL);
	for (size_t i = 0; result == 0 && i < web->assignment_count; i++)
		result = config_set(config, web->assignments[i], NULL);
	if (result == 0)
		strcpy(paths[index], config->export.base_dir);
	free(config);
	return result == 0 ? paths[index] : NULL;
}

const char *captures_path(const struct web *web, const char *camera)
{
	const struct config *config = web->config;
	if (config->cameras.count == 0)
		return config->export.base_dir;
	int index = camera[0] ? config_cameras_index(&config->cameras, camera) : -1;
	if (!camera[0] && config->cameras.count == 1)
		index = 0;
	return index >= 0 ? path_of_section(web, (size_t)index) : NULL;
}
