/*
 * libmicrohttpd on our loop: connections, their limits and their deadlines. Requests go to request.c.
 *
 * libmicrohttpd brings its own epoll descriptor, which the loop watches; there is no other thread. A connection that
 * has not asked for anything in time is closed, and when there are too many, the one that has asked nothing, or read
 * next to nothing, for longest makes way.
 */
#ifndef PASTCAM_WEB_HTTP_H
#define PASTCAM_WEB_HTTP_H

#include "web.h"

struct http;

/* Takes over listener. */
struct http *http_create(struct web *web, int listener, struct error *error);
void http_destroy(struct http *http); /* closes all connections; NULL is fine */

/* What a connection is busy with, which decides who makes way. */
enum peer_state {
	PEER_READING,   /* its request is not complete; idle ones between two requests too */
	PEER_ANSWERING, /* its request is complete, and will be answered */
	PEER_SENDING,   /* its answer is there, for it to read */
	PEER_STREAMING, /* it is sent pictures or events without end */
};

struct peer;
/* Forgets peer_finish_within, but for PEER_SENDING. */
void peer_set_state(struct peer *peer, enum peer_state state);

bool peer_is_streaming(const struct peer *peer);

/* It makes way for others: what waits for an answer is to end without one. */
bool peer_is_closing(const struct peer *peer);

/* Closes the connection when the answer is not read by then. */
void peer_finish_within(struct peer *peer, double seconds);

/* Nothing is asked of, read from or sent to a suspended connection; it is not noticed when its client goes. Both may be
 * called twice. */
void peer_suspend(struct peer *peer);
void peer_resume(struct peer *peer);

struct http_counts {
	unsigned long long connections, refused, requests, errors;
	unsigned now;
};
struct http_counts *http_counts(struct http *http);

#endif
