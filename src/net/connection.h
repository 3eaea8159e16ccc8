/*
 * One socket and what is to be sent on it: a short queue of shared chunks, so that the bytes of a picture are in memory
 * once however many read them. Knows nothing of lines. On its loop's thread.
 */
#ifndef PASTCAM_NET_CONNECTION_H
#define PASTCAM_NET_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/chunk.h"
#include "base/loop.h"

enum { CONNECTION_QUEUE_MAX = 4 };

struct connection {
	int fd; /* -1: closed */
	struct loop_watch *watch;
	struct chunk *queue[CONNECTION_QUEUE_MAX];
	size_t queued, sent; /* chunks; bytes of the first that are gone */
	uint64_t taken;      /* bytes that the socket took in all */
	bool input;          /* whether input is waited for */
};

#define CONNECTION_NULL ((struct connection){ .fd = -1 })

/* Takes over fd, a non-blocking socket, unless it fails. Waits for input. */
int connection_open(struct connection *connection, struct loop *loop, int fd, loop_callback on_event, void *data);
void connection_close(struct connection *connection); /* drops what is queued; a closed one is fine */

/* Bytes read; -EAGAIN: none now; 0: the end of the stream; another -errno: the connection is gone. */
ssize_t connection_read(struct connection *connection, void *bytes, size_t room);

/* Whether input, and the end of the stream, are events. */
void connection_watch_input(struct connection *connection, bool input);

/* Takes over the chunk. -ENOBUFS, and the chunk released, when the queue is full. */
int connection_queue(struct connection *connection, struct chunk *chunk);

/* Sends what the socket takes. 0: all is sent; 1: the rest waits for the socket; -errno: the connection is gone. */
int connection_flush(struct connection *connection);

#endif
