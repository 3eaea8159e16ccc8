/*
 * Inside the server: server.c owns the listening socket, the table of clients and the replies that other threads hand
 * over; clients.c decides who is let in; client.c is the life of one connection; base/listen.c opens the port.
 *
 *   reading -> waiting -> writing -> draining -> free
 *        \---> delayed ---/
 *
 * There are twice as many slots as max_clients. The clients before draining count against the limit; the other half
 * lets a client that has been answered, were it only with BUSY, take its reply home before the socket closes.
 */
#ifndef PASTCAM_NET_SERVER_PRIVATE_H
#define PASTCAM_NET_SERVER_PRIVATE_H

#include <pthread.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/token.h"
#include "net/server.h"
#include "proto.h"

enum client_state {
	CLIENT_FREE,
	CLIENT_READING,  /* its line is not complete */
	CLIENT_DELAYED,  /* refused for its token; the answer is held back */
	CLIENT_WAITING,  /* its line is with on_line; server_reply is owed */
	CLIENT_WRITING,  /* the reply did not fit the socket's buffer yet */
	CLIENT_DRAINING, /* replied; what it still sends is read and thrown away, lest the close become a reset */
};

struct client {
	struct server *server;
	enum client_state state;
	uint64_t number; /* rises with every connection: lower is older */
	int fd;
	struct loop_watch *watch;
	struct sockaddr_storage address;
	int64_t total_deadline_ns, deadline_ns;
	bool authorised;
	size_t length; /* of buffer */
	char *reply;   /* owned; NULL unless writing */
	size_t reply_length, reply_sent;
	char buffer[PROTO_LINE_BYTES + 3]; /* with CR, LF and the end */
};

/* What other threads see of a slot; under server->lock. */
struct pending_reply {
	server_ticket ticket; /* 0: nothing owed */
	char *reply;          /* handed over, not yet taken by the loop; owned */
};

struct server {
	struct loop *loop;
	server_line on_line;
	void *data;
	int64_t idle_ns, total_ns;
	bool needs_token;
	struct token token;
	struct throttle throttle;

	int listener;
	struct loop_watch *listener_watch;
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
int client_begin(struct client *client, int fd, const struct sockaddr_storage *address);
void client_read(struct client *client);
void client_answer(struct client *client, const char *text); /* copies */
void client_expire(struct client *client, int64_t now_ns);
void client_close(struct client *client); /* a free one too */

/* Takes over fd. Answers BUSY when the limit is reached and no client can be let go for this one. */
void clients_admit(struct server *server, int fd, const struct sockaddr_storage *address);
int clients_count(const struct server *server); /* that count against the limit */

void server_count(struct server *server, uint64_t *counter);
server_ticket server_expect_reply(struct server *server, const struct client *client);
void server_cancel_reply(struct server *server, const struct client *client); /* nothing is owed any more */
void server_arm(struct server *server);

#endif
