/*
 * The bytes of a reply into lines and payloads, wherever the network cut them. Pure: no I/O.
 */
#ifndef PASTCAM_CLIENT_REPLY_PARSER_H
#define PASTCAM_CLIENT_REPLY_PARSER_H

#include "client/client.h"

struct reply_parser {
	enum client_reply reply;
	const struct client_handlers *handlers;
	void *data;
	char *line; /* a line that is not whole yet */
	size_t length, room;
	uint64_t payload_left;
	bool has_bytes;  /* anything has come at all */
	bool is_stopped; /* set by a handler: no further one is called */
};

void reply_parser_init(struct reply_parser *parser, enum client_reply reply, const struct client_handlers *handlers,
                       void *data);
void reply_parser_finish(struct reply_parser *parser);

/* -EMSGSIZE for a line without an end, -ENOMEM, or 0. */
int reply_parser_feed(struct reply_parser *parser, const char *bytes, size_t length, struct error *error);

/* The stream has ended: 0 when it was between two lines or frames, else -EPIPE. */
int reply_parser_end(const struct reply_parser *parser, struct error *error);

#endif
