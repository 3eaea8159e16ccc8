/* "cameras" in config.json: from the common sections and one camera's own to what is in force for that camera. */
#ifndef PASTCAM_CONFIG_CONFIG_CAMERAS_H
#define PASTCAM_CONFIG_CONFIG_CAMERAS_H

#include "config_parse.h"

/* Fills config->cameras from the object, and, when config->name is one of them, has its sections override the common
 * ones, which config holds by now. */
int config_cameras_apply(struct config *config, const cJSON *cameras, struct config_warnings *warnings,
                         struct error *error);

#endif
