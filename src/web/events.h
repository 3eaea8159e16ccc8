/*
 * GET /api/events: what happens, as Server-Sent Events. Who listens reads from the feeds of the cameras (feeds.h) at
 * its own pace; what has made way before it was read is told as `lost`. Beside the daemons' events there are: `cameras`
 * (which there are; first, and at each change), `away` and `back` (a daemon, with the reason), and `request` (what a
 * POST has come to). GET /api/log is the same of the daemons' logs: `log`, `lost`, and the first three.
 */
#ifndef PASTCAM_WEB_EVENTS_H
#define PASTCAM_WEB_EVENTS_H

#include "request.h"

struct events;

struct events *events_create(struct web *web, struct error *error);
void events_destroy(struct events *events); /* after http_destroy; NULL is fine */

void events_get(struct request *request);
void events_get_log(struct request *request);

/* Tells all who listen to events. json stays the caller's. */
void events_publish(struct web *web, const char *name, const cJSON *json);

void events_cameras_changed(struct web *web);

/* There is something new in a feed. */
void events_wake(struct web *web);

size_t events_listeners(const struct events *events);

#endif
