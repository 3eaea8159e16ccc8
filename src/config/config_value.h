/* One option's value, checked against its row of the table. */
#ifndef PASTCAM_CONFIG_CONFIG_VALUE_H
#define PASTCAM_CONFIG_CONFIG_VALUE_H

#include <cjson/cJSON.h>

#include "base/error.h"
#include "config/config.h"
#include "config_options.h"

/* Sets the option's member of config. -EINVAL with a sentence that names the option leaves it as it was. */
int config_set_json(struct config *config, const struct option *option, const cJSON *value, struct error *error);

/* The same from the command line, where everything is text. */
int config_set_plain(struct config *config, const struct option *option, const char *text, struct error *error);

#endif
