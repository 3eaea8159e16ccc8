/*
 * What the daemons tell (`events`, `log`), followed once for all who listen, from the first of them to the last. First
 * comes what the daemon has kept (`since=… once`), then what happens; one that is lost is connected again, and goes on.
 */
#ifndef PASTCAM_WEB_FEEDS_H
#define PASTCAM_WEB_FEEDS_H

#include "cameras.h"
#include "event_ring.h"

struct feed {
	struct feed *next;
	struct web *web;
	const char *command;
	char camera[CAMERA_NAME_BYTES], last_id[EVENT_ID_BYTES];
	size_t listeners;
	struct client_call *call; /* NULL: its daemon is away */
	struct error refusal;     /* code 0: it was not refused */
	bool has_history;         /* what the daemon had kept is in the ring, and the call is for what happens */
	struct error away;        /* code 0: its daemon is not away, as far as is known */
	struct event_ring ring;
};

/* command: "events" or "log", not copied. camera "": no daemon, what pastcam-web itself has to tell. NULL: no memory.
 * After each thing that is new, events_wake is called. */
struct feed *feeds_join(struct web *web, const char *command, const char *camera);
void feeds_leave(struct feed *feed);

struct feed *feeds_find(const char *command, const char *camera); /* NULL: nobody listens */
void feeds_connect(void);                                         /* those that are lost */

/* data: JSON. */
void feed_put(struct feed *feed, const char *name, const char *id, const char *data);

#endif
