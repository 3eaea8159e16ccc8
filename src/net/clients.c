#include <unistd.h>

#include "server_private.h"

static bool client_counts(const struct client *client)
{
	return client->state != CLIENT_FREE && client->state != CLIENT_DRAINING;
}

static bool client_can_be_let_go(const struct client *client)
{
	return client->state == CLIENT_READING || client->state == CLIENT_DELAYED;
}

static bool client_is_free(const struct client *client)
{
	return client->state == CLIENT_FREE;
}

static bool client_is_draining(const struct client *client)
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
		count += client_counts(&server->clients[i]);
	return count;
}

/* False when the newcomer has to go. Whoever has said nothing complete gives way first, the oldest before others: slow
 * clients cannot lock anyone out. */
static bool clients_make_room(struct server *server)
{
	while (clients_count(server) >= server->max_clients) {
		struct client *let_go = clients_oldest(server, client_can_be_let_go);
		if (let_go && let_go->state == CLIENT_READING)
			client_read(let_go); /* its line may have come while others were accepted */
		if (let_go && !client_can_be_let_go(let_go))
			continue;
		server_count(server, &server->status.refused);
		if (!let_go)
			return false;
		client_answer(let_go, "BUSY");
	}
	return true;
}

static struct client *clients_take_slot(struct server *server)
{
	struct client *draining = clients_oldest(server, client_is_draining);
	struct client *client = clients_oldest(server, client_is_free);
	if (!client && draining) {
		client_close(draining);
		client = draining;
	}
	return client;
}

void clients_admit(struct server *server, int fd, const struct sockaddr_storage *address)
{
	bool welcome = clients_make_room(server);
	struct client *client = clients_take_slot(server);
	if (!client || client_begin(client, fd, address) < 0) {
		close(fd);
		return;
	}
	/* Most lines are there already: a client that has spoken cannot be let go for the next one. */
	if (welcome)
		client_read(client);
	else
		client_answer(client, "BUSY");
}
