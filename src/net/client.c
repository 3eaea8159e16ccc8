#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server_private.h"

/* A line without an end counts as complete when nothing has followed it for so long: `printf save | nc host port` keeps
 * the connection open and waits. */
#define CLIENT_QUIET_NS (300 * INT64_C(1000000))
/* How long a client that has been answered may take to close. */
#define CLIENT_DRAIN_NS (2 * CLOCK_NS_PER_S)

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
	client_stream_end(client);
	connection_close(&client->connection);
	client->state = CLIENT_FREE;
}

/* Reads and throws away. Returns false when the client is gone. */
static bool drain(struct client *client)
{
	char waste[4096];
	for (int i = 0; i < CLIENT_DRAIN_READS; i++) {
		ssize_t bytes = connection_read(&client->connection, waste, sizeof waste);
		if (bytes == -EAGAIN)
			return true;
		if (bytes <= 0)
			return bytes == 0 && client->state == CLIENT_STREAMING;
	}
	return true;
}

static void linger(struct client *client)
{
	server_count(client->server, &client->server->status.answered);
	shutdown(client->connection.fd, SHUT_WR);
	client->state = CLIENT_DRAINING;
	client->deadline_ns = clock_now_ns() + CLIENT_DRAIN_NS;
	connection_watch_input(&client->connection, true);
	if (!drain(client))
		client_close(client);
}

void client_expect_taking(struct client *client)
{
	client->taken_before = client->connection.taken;
	client->deadline_ns = clock_now_ns() + client->server->total_ns;
}

void client_note_taking(struct client *client)
{
	if (client->connection.taken - client->taken_before >= client->server->least_taken)
		client_expect_taking(client);
}

static void client_write(struct client *client)
{
	int result = connection_flush(&client->connection);
	if (result < 0) {
		client_close(client);
	} else if (result == 0) {
		linger(client);
	} else {
		client_note_taking(client);
	}
}

void client_send(struct client *client, struct chunk *head, struct chunk *body)
{
	server_cancel_reply(client->server, client);
	client_stream_end(client);
	client->state = CLIENT_WRITING;
	client_expect_taking(client);
	connection_watch_input(&client->connection, false);
	int result = connection_queue(&client->connection, head);
	if (body && result == 0)
		result = connection_queue(&client->connection, body);
	else
		chunk_release(body);
	if (result < 0)
		client_close(client);
	else
		client_write(client);
}

void client_answer(struct client *client, const char *text)
{
	struct chunk *line = text ? chunk_printf("%s\n", text) : chunk_of("", 0);
	if (line)
		client_send(client, line, NULL);
	else
		client_close(client);
}

void client_read(struct client *client)
{
	size_t room = sizeof client->buffer - 1 - client->length;
	ssize_t bytes = connection_read(&client->connection, client->buffer + client->length, room);
	if (bytes == -EAGAIN)
		return;
	if (bytes < 0 || (bytes == 0 && client->length == 0)) {
		client_close(client);
		return;
	}
	client->length += (size_t)bytes;
	client_take_lines(client, bytes == 0);
	if (client->state != CLIENT_READING)
		return;
	int64_t timeout_ns = client->length > 0 ? CLIENT_QUIET_NS : client->server->idle_ns;
	client->deadline_ns = earlier(clock_now_ns() + timeout_ns, client->total_deadline_ns);
}

/* A half-closed client goes on receiving, so its end of stream is no reason to stop; what it still sends is ignored. */
static void on_stream_event(struct client *client, uint32_t events)
{
	if (events & EPOLLIN) {
		char byte;
		if (recv(client->connection.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0)
			connection_watch_input(&client->connection, false);
		else if (!drain(client)) {
			client_close(client);
			return;
		}
	}
	if (events & (EPOLLERR | EPOLLHUP))
		client_close(client);
	else if (events & EPOLLOUT)
		client_stream_writable(client);
}

/* Its line may have been read since epoll_wait returned: then input is no event any more, but a reset is. */
static void on_event(void *data, uint32_t events)
{
	struct client *client = data;
	if (client->state == CLIENT_READING)
		client_read(client);
	else if (client->state == CLIENT_STREAMING)
		on_stream_event(client, events);
	else if (client->state == CLIENT_WRITING && !(events & EPOLLERR))
		client_write(client);
	else if (client->state == CLIENT_DRAINING ? !drain(client) : (events & (EPOLLERR | EPOLLHUP)) != 0)
		client_close(client);
	server_arm(client->server);
}

static bool has_expired(const struct client *client, int64_t now_ns)
{
	return client->state != CLIENT_FREE && client->deadline_ns <= now_ns;
}

/* This process may have been the silent one: what has happened on the socket meanwhile counts. */
static void catch_up(struct client *client)
{
	if (client->state == CLIENT_READING)
		client_read(client);
	else if (client->state == CLIENT_WRITING)
		client_write(client);
	else if (client->state == CLIENT_STREAMING)
		client_stream_writable(client);
}

void client_expire(struct client *client, int64_t now_ns)
{
	if (has_expired(client, now_ns))
		catch_up(client);
	if (!has_expired(client, now_ns))
		return;
	switch (client->state) {
	case CLIENT_READING:
		if (client->length > 0 && now_ns < client->total_deadline_ns) {
			client_take_lines(client, true);
			return;
		}
		server_count(client->server, &client->server->status.timed_out);
		client_answer(client, "UNKNOWN_COMMAND no command came in time");
		return;
	case CLIENT_DELAYED:
		client_take_lines(client, client->ended);
		return;
	case CLIENT_WAITING:
		server_count(client->server, &client->server->status.timed_out);
		client_answer(client, "BUSY the command has not ended in time");
		return;
	default:
		client_close(client);
	}
}

int client_begin(struct client *client, int fd, const struct sockaddr_storage *address, bool local)
{
	struct server *server = client->server;
	int result = connection_open(&client->connection, server->loop, fd, on_event, client);
	if (result < 0)
		return result;
	int64_t now_ns = clock_now_ns();
	client->number = ++server->connections;
	client->state = CLIENT_READING;
	client->address = *address;
	client->total_deadline_ns = now_ns + server->total_ns;
	client->deadline_ns = earlier(now_ns + server->idle_ns, client->total_deadline_ns);
	client->local = local;
	client->authorised = local || !server->needs_token;
	client->ended = false;
	client->length = 0;
	return 0;
}
