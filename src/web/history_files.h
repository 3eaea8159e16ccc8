/* Which files of the captures belong to an event, and whether they are still there. */
#ifndef PASTCAM_WEB_HISTORY_FILES_H
#define PASTCAM_WEB_HISTORY_FILES_H

#include <cjson/cJSON.h>

#include "web.h"

/* Adds "on_disk" to each event whose path is in the captures of its camera: objects of name and bytes, empty when they
 * have been deleted. */
void history_files_add(const struct web *web, cJSON *events);

#endif
