/* A server on a thread of its own, and the clients that the tests of it need. */
#ifndef PASTCAM_SERVER_RIG_H
#define PASTCAM_SERVER_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/proto.h"
#include "net/server.h"

/* Lines that begin with "hold" wait until the test replies; all others are echoed. */
enum { HELD_MAX = 64, REPLY_BYTES = 4096 };

struct rig {
	struct loop *loop;
	struct server *server;
	pthread_t thread;
	int port;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t held;
	server_ticket tickets[HELD_MAX];
};

static const struct server_params server_defaults = {
	.bind = "127.0.0.1", .token_file = "", .max_clients = 4, .idle_timeout_s = 30, .total_timeout_s = 30
};

static char folder[64], token_file[128];

static inline int make_folder(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/pastcam-server-XXXXXX", base && strlen(base) < 32 ? base : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(token_file, sizeof token_file, "%s/token", folder);
	FILE *file = fopen(token_file, "w");
	fputs("0123456789abcdef\n", file);
	fclose(file);
	return chmod(token_file, 0600);
}

static inline int remove_folder(void **state)
{
	(void)state;
	unlink(token_file);
	return rmdir(folder);
}

static inline void on_line(void *data, server_ticket ticket, char *line)
{
	struct rig *rig = data;
	if (strncmp(line, "hold", 4) == 0) {
		pthread_mutex_lock(&rig->lock);
		assert_true(rig->held < HELD_MAX);
		rig->tickets[rig->held++] = ticket;
		pthread_cond_broadcast(&rig->changed);
		pthread_mutex_unlock(&rig->lock);
		return;
	}
	char reply[PROTO_LINE_BYTES + 8];
	snprintf(reply, sizeof reply, "<%s>", line);
	server_reply(rig->server, ticket, reply);
}

static inline void *run(void *data)
{
	struct rig *rig = data;
	loop_run(rig->loop);
	return NULL;
}

static inline void start(struct rig *rig, const struct server_params *params)
{
	*rig = (struct rig){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct error error = { 0 };
	rig->loop = loop_create(&error);
	rig->server = server_create(params, rig->loop, on_line, rig, &error);
	if (!rig->server)
		fail_msg("%s", error.text);
	rig->port = server_port(rig->server);
	assert_int_equal(pthread_create(&rig->thread, NULL, run, rig), 0);
}

static inline void finish(struct rig *rig)
{
	loop_stop(rig->loop);
	pthread_join(rig->thread, NULL);
	server_destroy(rig->server);
	loop_destroy(rig->loop);
}

static inline server_ticket wait_held(struct rig *rig, size_t count)
{
	pthread_mutex_lock(&rig->lock);
	while (rig->held < count)
		pthread_cond_wait(&rig->changed, &rig->lock);
	server_ticket ticket = rig->tickets[count - 1];
	pthread_mutex_unlock(&rig->lock);
	return ticket;
}

static inline void wait_clients(struct rig *rig, int count)
{
	for (struct server_status status = { .clients = -1 }; status.clients != count;)
		server_status(rig->server, &status);
}

static inline int connect_to(int family, const char *address, int port)
{
	struct sockaddr_in ip4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	inet_pton(family, address, family == AF_INET ? (void *)&ip4.sin_addr : (void *)&ip6.sin6_addr);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = family == AF_INET ? connect(fd, (struct sockaddr *)&ip4, sizeof ip4)
	                               : connect(fd, (struct sockaddr *)&ip6, sizeof ip6);
	assert_int_equal(result, 0);
	return fd;
}

static inline int say(const struct rig *rig, const char *text)
{
	int fd = connect_to(AF_INET, "127.0.0.1", rig->port);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	return fd;
}

/* All that comes until the end of the stream; closes fd. */
static inline const char *hear(int fd)
{
	static char reply[REPLY_BYTES];
	size_t length = 0;
	for (;;) {
		ssize_t bytes = recv(fd, reply + length, sizeof reply - 1 - length, 0);
		if (bytes < 0)
			fail_msg("the connection broke: %s", strerror(errno));
		if (bytes == 0)
			break;
		length += (size_t)bytes;
	}
	reply[length] = '\0';
	close(fd);
	return reply;
}

static inline void assert_answer(const struct rig *rig, const char *text, const char *reply)
{
	assert_string_equal(hear(say(rig, text)), reply);
}

static inline bool is_silent(int fd)
{
	struct pollfd state = { .fd = fd, .events = POLLIN };
	return poll(&state, 1, 0) == 0;
}

/* The loop stands still, as in a process that was stopped, until the rig's lock is free; its timers run out meanwhile.
 * fd: a client that has not spoken; closes it. */
static inline void stop_loop(struct rig *rig, int fd, useconds_t microseconds)
{
	pthread_mutex_lock(&rig->lock);
	assert_int_equal(send(fd, "hold\n", 5, MSG_NOSIGNAL), 5);
	close(fd);
	usleep(microseconds);
}

#endif
