#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int connection_open(struct connection *connection, struct loop *loop, int fd, loop_callback on_event, void *data)
{
	struct loop_watch *watch = loop_add(loop, fd, EPOLLIN, on_event, data);
	if (!watch)
		return -errno;
	*connection = (struct connection){ .fd = fd, .watch = watch, .input = true };
	return 0;
}

void connection_close(struct connection *connection)
{
	if (connection->fd < 0)
		return;
	loop_remove(connection->watch);
	close(connection->fd);
	for (size_t i = 0; i < connection->queued; i++)
		chunk_release(connection->queue[i]);
	*connection = CONNECTION_NULL;
}

ssize_t connection_read(struct connection *connection, void *bytes, size_t room)
{
	ssize_t count = recv(connection->fd, bytes, room, MSG_DONTWAIT);
	if (count < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return count;
}

static void update_events(struct connection *connection)
{
	uint32_t events = connection->input ? EPOLLIN : 0;
	loop_change(connection->watch, connection->queued > 0 ? events | EPOLLOUT : events);
}

void connection_watch_input(struct connection *connection, bool input)
{
	connection->input = input;
	update_events(connection);
}

int connection_queue(struct connection *connection, struct chunk *chunk)
{
	if (connection->queued == CONNECTION_QUEUE_MAX) {
		chunk_release(chunk);
		return -ENOBUFS;
	}
	connection->queue[connection->queued++] = chunk;
	return 0;
}

static void drop_first(struct connection *connection)
{
	chunk_release(connection->queue[0]);
	connection->queued--;
	memmove(connection->queue, connection->queue + 1, connection->queued * sizeof connection->queue[0]);
	connection->sent = 0;
}

/* False when the socket takes no more; *result is an error then, or 0. */
static bool send_first(struct connection *connection, int *result)
{
	const struct chunk *chunk = connection->queue[0];
	size_t left = chunk_bytes(chunk) - connection->sent;
	int more = connection->queued > 1 ? MSG_MORE : 0;
	ssize_t count =
	    send(connection->fd, chunk_data(chunk) + connection->sent, left, MSG_DONTWAIT | MSG_NOSIGNAL | more);
	if (count < 0) {
		*result = errno == EAGAIN || errno == EINTR ? 0 : -errno;
		return errno == EINTR;
	}
	connection->sent += (size_t)count;
	connection->taken += (uint64_t)count;
	if ((size_t)count == left)
		drop_first(connection);
	return true;
}

int connection_flush(struct connection *connection)
{
	int result = 0;
	bool waited = connection->queued > 0;
	while (connection->queued > 0 && send_first(connection, &result))
		;
	if (result < 0)
		return result;
	if (waited)
		update_events(connection);
	return connection->queued > 0 ? 1 : 0;
}
