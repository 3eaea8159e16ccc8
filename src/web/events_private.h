/* Inside events.c and events_upstream.c: a listener, and the `events` lines that feed it. */
#ifndef PASTCAM_WEB_EVENTS_PRIVATE_H
#define PASTCAM_WEB_EVENTS_PRIVATE_H

#include "cameras.h"
#include "events.h"

enum { EVENT_ID_BYTES = 64 };

/* One `events` line. */
struct upstream {
	struct upstream *next;
	struct listener *listener;
	char camera[33], last_id[EVENT_ID_BYTES];
	struct client_call *call;
	bool is_away, wants_all;
};

struct listener {
	struct listener *next;
	struct events *events;
	struct peer *peer;
	char camera[33];     /* "": all, also those that come later */
	const char *command; /* what the daemons are asked for: "events", "log" */
	struct upstream *upstreams;
	char *text; /* waits to be sent */
	size_t length, sent;
	bool is_paused;
};

/* Appends text for the listener and has it sent; nothing when it does not fit whole, since half an event would be a
 * lie. A listener that does not read pauses its daemons. */
__attribute__((format(printf, 2, 3))) void listener_put(struct listener *listener, const char *format, ...);

/* Adds an upstream for each camera that the listener wants and has none for, and connects those that are lost. ids:
 * where they begin, as in Last-Event-ID ("name=BOOT-12,other=BOOT-7"), one id, or "all". */
void upstreams_connect(struct web *web, struct listener *listener, const char *ids);
void upstreams_pause(struct listener *listener, bool pause);
void upstreams_destroy(struct listener *listener);

#endif
