/* Clients that are sent something for as long as they stay. */
#include <errno.h>

#include "base/clock.h"
#include "server_private.h"

static struct client *streaming(struct server *server, server_ticket ticket)
{
	struct client *client = &server->clients[ticket % (uint64_t)server->slots];
	return client->state == CLIENT_STREAMING && client->ticket == ticket ? client : NULL;
}

/* Three of four places at most, so that questions always find one. */
static int streams_max(const struct server *server)
{
	int most = server->max_clients * 3 / 4;
	return most > 0 ? most : 1;
}

int server_stream_begin(struct server *server, server_ticket ticket, const struct server_stream *stream, void *data)
{
	struct client *client = &server->clients[ticket % (uint64_t)server->slots];
	if (client->state != CLIENT_WAITING || client->ticket != ticket)
		return -ENOTCONN;
	if (clients_streaming(server) >= streams_max(server))
		return -EBUSY;
	server_cancel_reply(server, client);
	client->state = CLIENT_STREAMING;
	client->stream = stream;
	client->stream_data = data;
	client->deadline_ns = INT64_MAX;
	connection_watch_input(&client->connection, true);
	return 0;
}

static void set_deadline(struct client *client, bool some_waits)
{
	if (!some_waits)
		client->deadline_ns = INT64_MAX;
	else if (client->deadline_ns == INT64_MAX)
		client_expect_taking(client);
	else
		client_note_taking(client);
	server_arm(client->server);
}

int server_stream_send(struct server *server, server_ticket ticket, struct chunk *chunk)
{
	struct client *client = streaming(server, ticket);
	if (!client) {
		chunk_release(chunk);
		return -ENOTCONN;
	}
	bool waiting = client->connection.queued > 0;
	int result = connection_queue(&client->connection, chunk);
	if (result < 0)
		return result;
	if (waiting)
		return 1;
	result = connection_flush(&client->connection);
	if (result < 0)
		client_close(client);
	else
		set_deadline(client, result > 0);
	return result;
}

bool server_stream_is_idle(struct server *server, server_ticket ticket)
{
	const struct client *client = streaming(server, ticket);
	return client && client->connection.queued == 0;
}

void server_stream_finish(struct server *server, server_ticket ticket, const char *text)
{
	struct client *client = streaming(server, ticket);
	if (client)
		client_answer(client, text);
}

void client_stream_writable(struct client *client)
{
	int result = connection_flush(&client->connection);
	if (result < 0) {
		client_close(client);
		return;
	}
	set_deadline(client, result > 0);
	if (result == 0 && client->stream->ready)
		client->stream->ready(client->stream_data);
}

void client_stream_end(struct client *client)
{
	const struct server_stream *stream = client->stream;
	client->stream = NULL;
	if (stream)
		stream->end(client->stream_data);
}
