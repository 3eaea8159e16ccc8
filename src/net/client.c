#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/listen.h"
#include "server_private.h"

/* A line without an end counts as complete when nothing has followed it for so long: `printf save | nc host port` keeps
 * the connection open and waits. */
#define CLIENT_QUIET_NS (300 * INT64_C(1000000))
/* How long a client that has been answered may take to close. */
#define CLIENT_DRAIN_NS (2 * CLOCK_NS_PER_S)
/* The reply to a command that never ends, on a disk that hangs, say. */
#define CLIENT_WAIT_NS (300 * CLOCK_NS_PER_S)

enum { CLIENT_DRAIN_READS = 16 };

static int64_t earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

void client_close(struct client *client)
{
	if (client->state == CLIENT_FREE)
		return;
	server_cancel_reply(client->server, client);
	loop_remove(client->watch);
	close(client->fd);
	free(client->reply);
	client->watch = NULL;
	client->reply = NULL;
	client->fd = -1;
	client->state = CLIENT_FREE;
}

static void drain(struct client *client)
{
	char waste[4096];
	for (int i = 0; i < CLIENT_DRAIN_READS; i++) {
		ssize_t bytes = recv(client->fd, waste, sizeof waste, MSG_DONTWAIT);
		if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (bytes <= 0) {
			client_close(client);
			return;
		}
	}
}

static void client_write(struct client *client)
{
	while (client->reply_sent < client->reply_length) {
		ssize_t bytes = send(client->fd, client->reply + client->reply_sent, client->reply_length - client->reply_sent,
		                     MSG_DONTWAIT | MSG_NOSIGNAL);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0 && errno == EAGAIN) {
			loop_change(client->watch, EPOLLOUT);
			return;
		}
		if (bytes < 0) {
			client_close(client);
			return;
		}
		client->reply_sent += (size_t)bytes;
	}
	server_count(client->server, &client->server->status.answered);
	shutdown(client->fd, SHUT_WR);
	client->state = CLIENT_DRAINING;
	client->deadline_ns = clock_now_ns() + CLIENT_DRAIN_NS;
	loop_change(client->watch, EPOLLIN);
	drain(client);
}

void client_answer(struct client *client, const char *text)
{
	server_cancel_reply(client->server, client);
	client->reply_length = strlen(text) + 1;
	client->reply = malloc(client->reply_length + 1);
	if (!client->reply) {
		client_close(client);
		return;
	}
	memcpy(client->reply, text, client->reply_length - 1);
	memcpy(client->reply + client->reply_length - 1, "\n", 2);
	client->reply_sent = 0;
	client->state = CLIENT_WRITING;
	client->deadline_ns = clock_now_ns() + client->server->total_ns;
	client_write(client);
}

static void refuse_token(struct client *client)
{
	struct server *server = client->server;
	uint64_t failures;
	int64_t now_ns = clock_now_ns();
	int64_t delay_ns = throttle_failed(&server->throttle, &client->address, now_ns, &failures);
	server_count(server, &server->status.unauthorised);
	if ((failures & (failures - 1)) == 0) {
		char from[64];
		listen_describe(&client->address, from, sizeof from);
		log_warning("network: %s sent a command without the right token, %llu times so far", from,
		            (unsigned long long)failures);
	}
	client->state = CLIENT_DELAYED;
	client->deadline_ns = now_ns + delay_ns;
	loop_change(client->watch, 0);
}

static void hand_on(struct client *client, char *line)
{
	client->state = CLIENT_WAITING;
	client->deadline_ns = clock_now_ns() + CLIENT_WAIT_NS;
	/* A half-closed client still gets its reply, so its end of stream is no event; a reset always is one. */
	loop_change(client->watch, 0);
	client->server->on_line(client->server->data, server_expect_reply(client->server, client), line);
}

/* One complete line. True when the next is to be looked at: this one was `auth TOKEN` and nothing else. */
static bool take(struct client *client, char *line, bool last)
{
	const char *token;
	char *command = line;
	bool has_token = proto_cut_auth(line, &token, &command);
	if (has_token && !client->authorised)
		client->authorised = token_matches(&client->server->token, token);
	if (!client->authorised) {
		refuse_token(client);
		return false;
	}
	if (has_token && command[0] == '\0' && !last)
		return true;
	hand_on(client, command);
	return false;
}

static void forget(struct client *client, size_t bytes)
{
	client->length -= bytes;
	memmove(client->buffer, client->buffer + bytes, client->length);
}

/* Takes the lines out of the buffer; last: what has come is all there will be. */
static void take_lines(struct client *client, bool last)
{
	for (;;) {
		char *end = memchr(client->buffer, '\n', client->length);
		size_t length = end ? (size_t)(end - client->buffer) : client->length;
		size_t used = end ? length + 1 : length;
		if (length > 0 && client->buffer[length - 1] == '\r')
			length--;
		if (length > PROTO_LINE_BYTES) {
			client_answer(client, "UNKNOWN_COMMAND the line is longer than 1024 bytes");
			return;
		}
		if (!end && !last)
			return;
		/* A zero byte would end the text early and hide the rest. */
		for (size_t i = 0; i < length; i++) {
			if (client->buffer[i] == '\0')
				client->buffer[i] = '\1';
		}
		client->buffer[length] = '\0';
		if (!take(client, client->buffer, last && !end))
			return;
		forget(client, used);
	}
}

void client_read(struct client *client)
{
	size_t room = sizeof client->buffer - 1 - client->length;
	ssize_t bytes = recv(client->fd, client->buffer + client->length, room, MSG_DONTWAIT);
	if (bytes < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (bytes < 0 || (bytes == 0 && client->length == 0)) {
		client_close(client);
		return;
	}
	client->length += (size_t)bytes;
	take_lines(client, bytes == 0);
	if (client->state != CLIENT_READING)
		return;
	int64_t frame_timeout_ns = client->length > 0 ? CLIENT_QUIET_NS : client->server->idle_ns;
	client->deadline_ns = earlier(clock_now_ns() + frame_timeout_ns, client->total_deadline_ns);
}

static void on_event(void *data, uint32_t events)
{
	struct client *client = data;
	if (client->state == CLIENT_READING)
		client_read(client);
	else if (client->state == CLIENT_DRAINING)
		drain(client);
	else if (client->state == CLIENT_WRITING && !(events & EPOLLERR))
		client_write(client);
	else
		client_close(client);
	server_arm(client->server);
}

void client_expire(struct client *client, int64_t now_ns)
{
	if (client->state == CLIENT_FREE || client->deadline_ns > now_ns)
		return;
	switch (client->state) {
	case CLIENT_READING:
		if (client->length > 0 && now_ns < client->total_deadline_ns) {
			take_lines(client, true);
			return;
		}
		server_count(client->server, &client->server->status.timed_out);
		client_answer(client, "UNKNOWN_COMMAND no command came in time");
		return;
	case CLIENT_DELAYED:
		client_answer(client, "UNAUTHORISED");
		return;
	case CLIENT_WAITING:
		server_count(client->server, &client->server->status.timed_out);
		client_answer(client, "BUSY the command has not ended in time");
		return;
	default:
		client_close(client);
	}
}

int client_begin(struct client *client, int fd, const struct sockaddr_storage *address)
{
	struct server *server = client->server;
	client->watch = loop_add(server->loop, fd, EPOLLIN, on_event, client);
	if (!client->watch)
		return -errno;
	int64_t now_ns = clock_now_ns();
	client->number = ++server->connections;
	client->state = CLIENT_READING;
	client->fd = fd;
	client->address = *address;
	client->total_deadline_ns = now_ns + server->total_ns;
	client->deadline_ns = earlier(now_ns + server->idle_ns, client->total_deadline_ns);
	client->authorised = !server->needs_token;
	client->length = 0;
	return 0;
}
