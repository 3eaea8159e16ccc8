#include <unistd.h>

#include "server_private.h"

static bool counts(const struct client *client)
{
	return client->state != CLIENT_FREE && client->state != CLIENT_DRAINING;
}

static bool is_evictable(const struct client *client)
{
	return client->state == CLIENT_READING || client->state == CLIENT_DELAYED;
}

/* Whoever has shown the token goes after all who have not. */
static bool is_evictable_stranger(const struct client *client)
{
	return is_evictable(client) && !client->authorised;
}

static bool is_free(const struct client *client)
{
	return client->state == CLIENT_FREE;
}

static bool is_draining(const struct client *client)
{
	return client->state == CLIENT_DRAINING;
}

static struct client *clients_oldest(struct server *server, bool (*matches)(const struct client *client))
{
	struct client *oldest = NULL;
	for (int i = 0; i < server->slots; i++) {
		struct client *client = &server->clients[i];
		if (matches(client) && (!oldest || client->number < oldest->number))
			oldest = client;
	}
	return oldest;
}

int clients_count(const struct server *server)
{
	int count = 0;
	for (int i = 0; i < server->slots; i++)
		count += counts(&server->clients[i]);
	return count;
}

int clients_streaming(const struct server *server)
{
	int count = 0;
	for (int i = 0; i < server->slots; i++)
		count += server->clients[i].state == CLIENT_STREAMING;
	return count;
}

/* False when the newcomer has to go. Whoever has said nothing complete gives way first, the oldest before others: slow
 * clients cannot lock anyone out. */
static bool make_room(struct server *server)
{
	while (clients_count(server) >= server->max_clients) {
		struct client *evicted = clients_oldest(server, is_evictable_stranger);
		if (!evicted)
			evicted = clients_oldest(server, is_evictable);
		if (evicted && evicted->state == CLIENT_READING)
			client_read(evicted); /* its line may have come while others were accepted */
		if (evicted && !is_evictable(evicted))
			continue;
		server_count(server, &server->status.refused);
		if (!evicted)
			return false;
		client_answer(evicted, "BUSY");
	}
	return true;
}

static struct client *take_slot(struct server *server)
{
	struct client *draining = clients_oldest(server, is_draining);
	struct client *client = clients_oldest(server, is_free);
	if (!client && draining) {
		client_close(draining);
		client = draining;
	}
	return client;
}

void clients_admit(struct server *server, int fd, const struct sockaddr_storage *address, bool local)
{
	bool welcome = make_room(server);
	struct client *client = take_slot(server);
	if (!client || client_begin(client, fd, address, local) < 0) {
		close(fd);
		return;
	}
	/* Most lines are there already: a client that has spoken cannot be evicted for the next one. */
	if (welcome)
		client_read(client);
	else
		client_answer(client, "BUSY");
}
