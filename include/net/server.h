/*
 * The trigger port and the camera's UNIX socket: one line in; a reply out and close, or a stream until the client
 * leaves. It owns the sockets, the limits and the time-outs, and knows nothing of cameras. Runs on the control thread's
 * loop; server_reply may be called from any thread.
 *
 * - A line ends with LF, CRLF, the end of the stream, or 300 ms without a further byte (`printf save | nc HOST PORT`
 *   keeps the connection open). What comes after the line is thrown away.
 * - A line over PROTO_LINE_BYTES, or none in time, is answered with UNKNOWN_COMMAND and the reason; a client that
 *   leaves without a byte is not answered.
 * - With a token, the line begins `auth TOKEN`, or a line of its own does before it. Anything else is UNAUTHORISED.
 * After a wrong token the next from that address is looked at only when its time has come (token.h). On the UNIX socket
 *   there is no token: the file's permissions are the key.
 * - With max_clients in, the oldest that has no complete line yet makes way for a newcomer, strangers before those that
 *   have shown the token; when all wait for replies, the newcomer does. Either way who goes is answered BUSY.
 * - A client whose reply has not come after 300 s is answered BUSY as well. A client that takes fewer than
 *   SERVER_LEAST_BYTES_PER_S over total_timeout_s while some wait for it is disconnected. One whose machine has gone
 *   without a word is found out by TCP's probes within two minutes.
 */
#ifndef PASTCAM_NET_SERVER_H
#define PASTCAM_NET_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/chunk.h"
#include "base/error.h"
#include "base/loop.h"

enum { SERVER_LEAST_BYTES_PER_S = 1024 };

struct server_params {
	const char *bind;           /* an IPv4 or IPv6 address; "0.0.0.0", "::" for all */
	int port;                   /* 0: any free one (tests), server_port tells */
	const char *token_file;     /* "" is none */
	bool allow_unauthenticated; /* without a token, answer beyond loopback */
	const char *socket_path;    /* a UNIX socket beside it; "" or NULL is none. One that cannot be made is logged */
	int max_clients;
	double idle_timeout_s;  /* no byte for so long while a line is awaited */
	double total_timeout_s; /* from accept to the end of the line; a reply under way has its own of the same length */
};

struct server;

/* Names one waiting client. A reply to a client that has left is dropped without harm, since tickets are never reused.
 */
typedef uint64_t server_ticket;

/* A complete line, without its end and without `auth TOKEN`; may be changed in place. The reply is due through
 * server_reply, from within the callback or any time later. */
typedef void (*server_line)(void *data, server_ticket ticket, char *line);

/* What the parameters' text decides, as server_create would: 0 or -EINVAL. */
int server_check(const struct server_params *params, struct error *error);

/* The token file as it is now, as server_create would: 0 or -errno. */
int server_check_files(const struct server_params *params, struct error *error);

/* -EADDRINUSE, -EACCES … as error texts that say what to do; a bind beyond loopback without token or permission, and a
 * token file that others can read or that holds under 16 bytes, are -EINVAL. */
struct server *server_create(const struct server_params *params, struct loop *loop, server_line on_line, void *data,
                             struct error *error);
/* Closes the port, sends the replies that were handed over, tells those who still wait BUSY, closes their connections.
 * The loop must not run any more; server_reply may, and is in vain. */
void server_close(struct server *server);
void server_destroy(struct server *server); /* closes first; no server_reply may run meanwhile */

/* Copies text, as valid UTF-8 (see utf8_repair), and adds the newline. */
void server_reply(struct server *server, server_ticket ticket, const char *text);

/* The same with any bytes: head, then body (NULL: none), both taken over. NULL head, for want of memory: the connection
 * is closed without a word. */
void server_reply_chunks(struct server *server, server_ticket ticket, struct chunk *head, struct chunk *body);

/* --- streams: what a client is sent for as long as it stays; on the loop's thread --- */

struct server_stream {
	void (*ready)(void *data); /* all that was sent is with the socket: there is room for more; NULL: not told */
	void (*end)(void *data);   /* the client has left, or the server closes: free data */
};

/* Instead of a reply, from within the server_line callback: the client becomes a stream. -EBUSY: streams have all the
 * places that they may have, and the client still waits for its reply; -ENOTCONN. */
int server_stream_begin(struct server *server, server_ticket ticket, const struct server_stream *stream, void *data);

/* Takes over the chunk. 0: all is with the socket; 1: some waits; -ENOBUFS: four chunks wait already; another -errno:
 * the client is gone, and end was called. Send only when it is idle, else a slow reader gets old things. */
int server_stream_send(struct server *server, server_ticket ticket, struct chunk *chunk);
bool server_stream_is_idle(struct server *server, server_ticket ticket); /* false when it is gone */

/* Ends it with a last line, as a reply would, or with what was sent (NULL). end is called. */
void server_stream_finish(struct server *server, server_ticket ticket, const char *text);

int server_port(const struct server *server);

struct server_status {
	uint64_t accepted;     /* connections */
	uint64_t answered;     /* replies sent, of any kind */
	uint64_t refused;      /* at max_clients */
	uint64_t timed_out;    /* no line, or no reply, in time */
	uint64_t unauthorised; /* no token or a wrong one */
	int streams;           /* now */
	int clients;           /* now, streams included, without those that are answered and leaving */
};
void server_status(struct server *server, struct server_status *status); /* any thread */

#endif
