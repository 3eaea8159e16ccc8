/* Calls to a small daemon that the test plays itself, on the same loop. */
#ifndef PASTCAM_TEST_CLIENT_RIG_H
#define PASTCAM_TEST_CLIENT_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "client/client.h"

enum { TEXT_ROOM = 1 << 18, REPLY_BYTES = 200000 };

/* The daemon: accepts one client, reads its request, sends a reply, closes. */
struct peer {
	struct loop *loop;
	struct loop_watch *accept_watch, *read_watch;
	int listening, fd;
	const char *reply; /* NULL: never answers */
	size_t reply_length;
	bool stays; /* does not close after the reply */
	bool answers_unasked;
	const char *request_end; /* what the last line of a request is */
	char request[2048];
	size_t request_length;
};

/* The caller: what it was told. */
struct record {
	struct loop *loop;
	struct client_call *call;
	char text[TEXT_ROOM];
	size_t length;
	int lines, ends, wakeups;
	struct error error;
	bool cancels, pauses;
	struct loop_watch *resume_timer;
};

static char folder[64], socket_path[96];

static inline int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/pastcam-client-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(socket_path, sizeof socket_path, "%s/front.sock", folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	unlink(socket_path);
	return rmdir(folder);
}

static inline int listen_tcp(int *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static inline int listen_unix(int backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	unlink(socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static inline void answer(struct peer *peer)
{
	loop_remove(peer->read_watch);
	peer->read_watch = NULL;
	if (!peer->reply)
		return;
	size_t sent = 0;
	while (sent <
	       peer->reply_length) { /* a test's reply may be larger than the socket's buffer: then it must be read */
		ssize_t bytes = send(peer->fd, peer->reply + sent, peer->reply_length - sent, MSG_NOSIGNAL);
		if (bytes < 0)
			break;
		sent += (size_t)bytes;
	}
	if (!peer->stays)
		shutdown(peer->fd, SHUT_WR);
}

static inline void on_request(void *data, uint32_t events)
{
	(void)events;
	struct peer *peer = data;
	ssize_t bytes = recv(peer->fd, peer->request + peer->request_length,
	                     sizeof peer->request - 1 - peer->request_length, MSG_DONTWAIT);
	if (bytes <= 0) {
		loop_remove(peer->read_watch);
		peer->read_watch = NULL;
		return;
	}
	peer->request_length += (size_t)bytes;
	peer->request[peer->request_length] = '\0';
	if (strstr(peer->request, peer->request_end))
		answer(peer);
}

static inline void on_accept(void *data, uint32_t events)
{
	(void)events;
	struct peer *peer = data;
	peer->fd = accept4(peer->listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer->fd >= 0);
	loop_remove(peer->accept_watch);
	peer->accept_watch = NULL;
	if (peer->answers_unasked) {
		answer(peer);
		close(peer->fd); /* with the request unread: a reset may follow */
		peer->fd = -1;
		return;
	}
	peer->read_watch = loop_add(peer->loop, peer->fd, EPOLLIN, on_request, peer);
}

static inline void peer_begin(struct peer *peer, struct loop *loop, int listening)
{
	peer->loop = loop;
	peer->listening = listening;
	peer->fd = -1;
	if (!peer->request_end)
		peer->request_end = "\n";
	peer->accept_watch = loop_add(loop, listening, EPOLLIN, on_accept, peer);
}

static inline void peer_end(struct peer *peer)
{
	loop_remove(peer->accept_watch);
	loop_remove(peer->read_watch);
	if (peer->fd >= 0)
		close(peer->fd);
	close(peer->listening);
}

static inline void gather(struct record *record, const char *bytes, size_t length)
{
	assert_true(record->length + length < TEXT_ROOM);
	memcpy(record->text + record->length, bytes, length);
	record->length += length;
	record->text[record->length] = '\0';
}

static inline void hinder(struct record *record)
{
	if (record->cancels) {
		client_call_cancel(record->call);
		loop_stop(record->loop);
	} else if (record->pauses) {
		record->pauses = false;
		client_call_pause(record->call);
		loop_set_timer(record->resume_timer, 50 * CLOCK_NS_PER_MS, 0);
	}
}

static inline void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	struct record *record = data;
	char head[32];
	snprintf(head, sizeof head, "%llu:", (unsigned long long)bytes);
	gather(record, head, strlen(head));
	gather(record, line, length);
	gather(record, "\n", 1);
	record->lines++;
	hinder(record);
}

static inline void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	(void)left;
	gather(data, bytes, length);
	hinder(data);
}

static inline void on_end(void *data, const struct error *error)
{
	struct record *record = data;
	record->ends++;
	record->error = *error;
	loop_stop(record->loop);
}

static inline struct client_call_params params_for(struct record *record, enum client_reply reply, int port)
{
	return (struct client_call_params){
		.address = { .socket_path = port ? NULL : socket_path, .host = "127.0.0.1", .port = port },
		.line = "version",
		.reply = reply,
		.handlers = { .line = on_line, .bytes = on_bytes, .end = on_end },
		.data = record,
		.connect_timeout_s = 20,
		.reply_timeout_s = 20,
		.idle_timeout_s = 20,
	};
}

static inline struct record *record_create(struct loop *loop)
{
	struct record *record = calloc(1, sizeof *record);
	assert_non_null(record);
	record->loop = loop;
	return record;
}

/* One call from begin to end; the record is the caller's to free. */
static inline struct record *play(struct peer *peer, enum client_reply reply, bool over_tcp, const char *line,
                                  const char *token)
{
	struct loop *loop = loop_create(NULL);
	struct record *record = record_create(loop);
	struct error error = { 0 };
	int port = 0;
	peer_begin(peer, loop, over_tcp ? listen_tcp(&port) : listen_unix(8));
	if (peer->reply && !peer->reply_length)
		peer->reply_length = strlen(peer->reply);
	struct client_call_params params = params_for(record, reply, port);
	params.address.token = token;
	params.line = line;
	record->call = client_call_begin(loop, &params, &error);
	assert_non_null(record->call);
	assert_int_equal(loop_run(loop), 0);
	peer_end(peer);
	loop_destroy(loop);
	return record;
}

#endif
