/*
 * Streams of lines: `events` and `log`. A client is a cursor, the number of the line that it wants next, and gets lines
 * as fast as it reads; one that is too slow loses the oldest, and is told how many. All on the control thread's loop.
 */
#ifndef PASTCAM_NET_LINE_STREAMS_H
#define PASTCAM_NET_LINE_STREAMS_H

#include "commands_private.h"

struct line_source {
	/* Where a client begins that says since=, or not (NULL). -EINVAL. */
	int (*begin)(struct commands *commands, const char *since, uint64_t *cursor, struct error *error);
	/* What is new, as whole lines, and moves the cursor; NULL: nothing, or no memory for it, and the cursor stays. */
	struct chunk *(*read)(struct commands *commands, uint64_t *cursor);
	uint64_t (*end)(struct commands *commands); /* the cursor of what is still to come */
	struct chunk *(*heartbeat)(struct commands *commands, uint64_t cursor); /* a line; NULL without memory */
	int (*fd)(struct commands *commands); /* readable when there is something new; -1, with errno set */
	void (*acknowledge)(struct commands *commands);
};

extern const struct line_source line_source_events, line_source_log;

#endif
