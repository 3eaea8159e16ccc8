/*
 * Inside the server: server.c owns the listening sockets and the table of clients; replies.c the replies that other
 * threads hand over; clients.c decides who is let in; client.c is the life of one connection, client_line.c how its
 * line is read and judged, client_stream.c what it is sent for as long as it stays.
 *
 *   reading -> waiting -> writing -> draining -> free
 *     |  ^        \-> streaming ------------------^
 *   delayed
 *
 * There are twice as many slots as max_clients. The clients before draining count against the limit; the other half is
 * for the lingering close: the input of a client that was answered is drained, so that close() sends no reset, which
 * would destroy a reply on its way.
 */
#ifndef PASTCAM_NET_SERVER_PRIVATE_H
#define PASTCAM_NET_SERVER_PRIVATE_H

#include <pthread.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/token.h"
#include "connection.h"
#include "net/server.h"
#include "proto.h"
#include "socket_file.h"

enum client_state {
	CLIENT_FREE,
	CLIENT_READING,   /* its line is not complete */
	CLIENT_DELAYED,   /* its token is looked at later, since wrong ones came from its address */
	CLIENT_WAITING,   /* its line is with on_line; server_reply is expected */
	CLIENT_STREAMING, /* a stream sends to it until it leaves */
	CLIENT_WRITING,   /* the reply did not fit the socket's buffer yet */
	CLIENT_DRAINING,  /* replied; what it still sends is read and thrown away */
};

struct client {
	struct server *server;
	enum client_state state;
	uint64_t number; /* rises with every connection: lower is older */
	struct connection connection;
	struct sockaddr_storage address;
	int64_t total_deadline_ns, deadline_ns;
	uint64_t taken_before;  /* connection.taken when deadline_ns was set, while some waits */
	bool authorised, local; /* local: by the UNIX socket */
	bool ended;             /* its end of stream was read while its line was delayed */
	const struct server_stream *stream;
	void *stream_data;
	server_ticket ticket;
	size_t length;                     /* of buffer */
	char buffer[PROTO_LINE_BYTES + 3]; /* with CR, LF and the end */
};

/* What other threads see of a slot; under server->lock. */
struct pending_reply {
	server_ticket ticket; /* 0: none is expected */
	struct chunk *head;   /* handed over, not yet taken by the loop; owned */
	struct chunk *body;   /* follows head; may be NULL */
	bool lost;            /* there was no memory for it: the connection closes */
};

struct server_listener {
	struct server *server;
	int fd; /* -1: none */
	struct loop_watch *watch;
	bool local; /* a UNIX socket */
};

enum { LISTENER_TCP, LISTENER_LOCAL, LISTENER_COUNT };

struct server {
	struct loop *loop;
	server_line on_line;
	void *data;
	int64_t idle_ns, total_ns;
	uint64_t least_taken; /* bytes that a client takes in total_ns */
	bool needs_token;
	struct token token;
	struct throttle throttle;
	uint64_t strangers;        /* commands without the right token since the log last said so */
	int64_t strangers_told_ns; /* 0: never */

	struct server_listener listeners[LISTENER_COUNT];
	struct socket_file socket_file;
	int64_t accept_again_ns; /* 0: accepting */
	struct log_fault accept_fault;
	struct loop_watch *timer;
	int handover; /* eventfd: a reply has come */
	struct loop_watch *handover_watch;

	int max_clients, slots;
	uint64_t connections;
	struct client *clients; /* slots of them */

	pthread_mutex_t lock;
	struct pending_reply *pending_replies; /* slots of them */
	struct server_status status;
};

/* One connection. A free client is ready for client_begin, which takes over fd unless it fails. */
int client_begin(struct client *client, int fd, const struct sockaddr_storage *address, bool local);
void client_read(struct client *client);
/* From now on it has total_ns to take least_taken bytes; and again when it has taken them. */
void client_expect_taking(struct client *client);
void client_note_taking(struct client *client);
void client_answer(struct client *client, const char *text);                     /* copies */
void client_send(struct client *client, struct chunk *head, struct chunk *body); /* takes over; body may be NULL */
void client_expire(struct client *client, int64_t now_ns);
void client_close(struct client *client); /* a free one too */

/* Takes the lines out of the buffer; last: what has come is all there will be. */
void client_take_lines(struct client *client, bool last);

/* A streaming client's socket takes bytes again, or its deadline is over. */
void client_stream_writable(struct client *client);
void client_stream_end(struct client *client); /* tells the stream; none is fine */

/* Takes over fd. Answers BUSY when the limit is reached and no client can be evicted for this one. */
void clients_admit(struct server *server, int fd, const struct sockaddr_storage *address, bool local);
int clients_count(const struct server *server); /* that count against the limit */
int clients_streaming(const struct server *server);

void server_count(struct server *server, uint64_t *counter);
server_ticket server_expect_reply(struct server *server, const struct client *client);
void server_cancel_reply(struct server *server, const struct client *client); /* none is expected any more */
void server_pass_replies(struct server *server);
void server_arm(struct server *server);

#endif
