/* One object of the configuration, for the files of this folder. */
#ifndef PASTCAM_CONFIG_CONFIG_PARSE_H
#define PASTCAM_CONFIG_CONFIG_PARSE_H

#include <cjson/cJSON.h>

#include "config/config.h"

/* Sets what object names; prefix: its path, "" for the root. -EINVAL with path, value and range. */
int config_parse_object(struct config *config, const cJSON *object, const char *prefix,
                        struct config_warnings *warnings, struct error *error);

#endif
