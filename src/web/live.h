/*
 * GET /live.mjpg: pictures as they come, for any number of viewers. There is one `live` line per camera and width, and
 * one copy of each frame, however many watch. A viewer that is slow gets fewer pictures, and never an older one.
 */
#ifndef PASTCAM_WEB_LIVE_H
#define PASTCAM_WEB_LIVE_H

#include "request.h"

struct live;

struct live *live_create(struct web *web, struct error *error);
void live_destroy(struct live *live); /* after http_destroy; NULL is fine */

void live_get(struct request *request);

size_t live_viewers(const struct live *live);

#endif
