/*
 * GET /api/events: what happens, as Server-Sent Events. Each listener has an `events` line of its own to each camera it
 * wants, so that it gets exactly what it has missed since Last-Event-ID. Beside the daemons' events there are:
 * `cameras` (which there are; first, and at each change), `away` and `back` (a daemon, with the reason), and `request`
 * (what a POST has come to). GET /api/log is the same of the daemons' logs: `log`, `lost`, and the first three.
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

size_t events_listeners(const struct events *events);

#endif
