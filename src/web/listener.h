/* One who listens to events: a cursor in the feed of each camera that it wants, and what is to be sent next. */
#ifndef PASTCAM_WEB_LISTENER_H
#define PASTCAM_WEB_LISTENER_H

#include "feeds.h"

struct listener {
	struct listener *next;
	struct events *events;
	struct web *web;
	struct peer *peer;
	char camera[CAMERA_NAME_BYTES]; /* "": all, also those that come later */
	const char *command;            /* what the daemons are asked for: "events", "log" */
	struct cursor *cursors;
	char *text; /* waits to be sent: what it begins with, then one event at a time */
	size_t length, sent;
	bool has_failed; /* no memory: it is closed, comes back, and goes on where it was */
};

__attribute__((format(printf, 2, 3))) void listener_put(struct listener *listener, const char *format, ...);

/* Puts the next event, or that some were lost. False: there is nothing new. */
bool listener_put_next(struct listener *listener);

/* Joins the feeds of the cameras that it wants and has not joined. ids: where it begins in them, as in Last-Event-ID
 * ("name=BOOT-12,other=BOOT-7"), one id, or "all"; "": with what is still to come. */
void listener_join(struct listener *listener, const char *ids);

void listener_free(struct listener *listener);

#endif
