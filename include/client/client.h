/*
 * The other end of the line protocol (docs/protocol.md): one call sends one line to a daemon, over its UNIX socket or
 * over TCP, and hands on the reply as it comes, until the daemon closes. Asynchronous, on a loop of the caller's;
 * client_ask is a small blocking helper on top.
 *
 * A call belongs to its loop's thread. Nothing of a reply is gathered beyond one line, so a stream takes no memory; a
 * reader that cannot keep up pauses the call, and the daemon then sends fewer pictures.
 */
#ifndef PASTCAM_CLIENT_CLIENT_H
#define PASTCAM_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

enum {
	CLIENT_LINE_BYTES = 1024,              /* the longest line that a daemon takes */
	CLIENT_REPLY_LINE_BYTES = 1024 * 1024, /* the longest line of a reply */
};

/* Where a daemon answers. The strings are borrowed until client_call_begin or client_ask returns. */
struct client_address {
	const char *socket_path; /* a UNIX socket, which knows no token; NULL or "": TCP */
	const char *host;        /* a numeric IPv4 or IPv6 address */
	int port;
	const char *token; /* NULL or "" is none */
};

enum client_reply {
	CLIENT_LINES,  /* text: one line as most commands answer, or many as `events` does */
	CLIENT_FRAMES, /* `get meta`, `live meta`: JSON lines, each followed by as many bytes as its "bytes" says */
	CLIENT_BYTES,  /* whatever comes: `get`, `live`, `stream` */
};

/* All are called on the loop's thread, and may cancel or pause the call. */
struct client_handlers {
	/* A line without its end, terminated. bytes: so many bytes follow it (CLIENT_FRAMES; 0: it is text, such as an
	 * error). NULL is fine for CLIENT_BYTES. */
	void (*line)(void *data, const char *line, size_t length, uint64_t bytes);
	/* The next bytes of a frame, or of anything; left: how many of the frame are still to come (0 for CLIENT_BYTES).
	 * NULL is fine for CLIENT_LINES. */
	void (*bytes)(void *data, const void *bytes, size_t length, uint64_t left);
	/* Once and last, after which the call is gone. code 0: the reply came whole. Whole is not successful: see
	 * client_reply_failed. */
	void (*end)(void *data, const struct error *error);
};

struct client_call_params {
	struct client_address address;
	const char *line; /* without an end; borrowed like the address */
	enum client_reply reply;
	struct client_handlers handlers;
	void *data;
	/* Seconds; 0: without limit. */
	double connect_timeout_s; /* until the line is sent */
	double reply_timeout_s;   /* from then to the first byte */
	double idle_timeout_s;    /* between bytes; `events` has a heartbeat each 10 s */
};

struct client_call;

/* Connects and sends without waiting. NULL, with a reason and without a call of `end`, when that fails at once: a line
 * that cannot be sent, no such socket (-ENOENT), nobody who listens (-ECONNREFUSED), no rights (-EACCES). */
struct client_call *client_call_begin(struct loop *loop, const struct client_call_params *params, struct error *error);

/* Closes without a call of `end`. NULL is fine. */
void client_call_cancel(struct client_call *call);

/* Takes no bytes, and counts no time, until resumed. What was read already may still come. */
void client_call_pause(struct client_call *call);
void client_call_resume(struct client_call *call);

/* Takes some bytes of a reply; 0, or -errno to end. */
typedef int (*client_sink)(void *data, const void *bytes, size_t length);

/* Blocking: sends line and hands every byte of the reply to sink. 0 when all of it came; -errno of the sink (error is
 * then left alone), or with a reason. reply_timeout_s: as above, between bytes there is no limit. */
int client_ask(const struct client_address *address, const char *line, double reply_timeout_s, client_sink sink,
               void *data, struct error *error);

/* True when a reply begins like one that tells why a command did not work (NOT_…, NO_…, BUSY, UNAUTHORISED,
 * UNKNOWN_COMMAND). */
bool client_reply_failed(const char *reply, size_t length);

/* --- the cameras of this machine, by their sockets --- */

enum { CLIENT_CAMERAS_MAX = 64 };

/* A socket NAME.sock has come or gone. path is valid during the call. One that is there may be left over from a daemon
 * that was killed: connecting tells. */
typedef void (*client_camera_change)(void *data, const char *name, const char *path, bool is_there);

struct client_cameras;

/* Watches a folder, which may come later, and tells about the sockets in it: those that are there before it returns,
 * then within two seconds of a change; nothing wakes up without one, but while the folder is not there. At most
 * CLIENT_CAMERAS_MAX; others wait until one of them goes. */
struct client_cameras *client_cameras_watch(struct loop *loop, const char *folder, client_camera_change change,
                                            void *data, struct error *error);
void client_cameras_destroy(struct client_cameras *cameras); /* NULL is fine */

struct client_camera_list {
	size_t count;
	char names[CLIENT_CAMERAS_MAX][33]; /* sorted */
};

/* The same at once, for those who ask only once. A folder that is not there has none: 0. -errno when it cannot be read.
 */
int client_cameras_list(const char *folder, struct client_camera_list *list);

#endif
