/* Members that targets of webhooks and of uploads have alike. */
#ifndef PASTCAM_HUB_TARGET_JSON_H
#define PASTCAM_HUB_TARGET_JSON_H

#include <cjson/cJSON.h>

#include "secret.h"

/* A text that fits. -EINVAL. */
int target_take_text(const cJSON *item, char *text, size_t bytes, struct error *error);

/* The first line of the file that the item names. As secret_read. */
int target_take_secret(const cJSON *item, char secret[SECRET_BYTES], struct error *error);

#endif
