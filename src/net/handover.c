/* Replies that other threads hand over to the loop's. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/utf8.h"
#include "server_private.h"

server_ticket server_expect_reply(struct server *server, const struct client *client)
{
	size_t slot = (size_t)(client - server->clients);
	server_ticket ticket = client->number * (uint64_t)server->slots + slot;
	pthread_mutex_lock(&server->lock);
	server->pending_replies[slot].ticket = ticket;
	pthread_mutex_unlock(&server->lock);
	return ticket;
}

/* Empties the slot and returns what was handed over; what waits for its reply stays unless even_without_reply. */
static struct pending_reply take_pending_reply(struct server *server, size_t slot, bool even_without_reply)
{
	pthread_mutex_lock(&server->lock);
	struct pending_reply pending = server->pending_replies[slot];
	if (pending.head || pending.lost || even_without_reply)
		server->pending_replies[slot] = (struct pending_reply){ 0 };
	pthread_mutex_unlock(&server->lock);
	return pending;
}

void server_cancel_reply(struct server *server, const struct client *client)
{
	struct pending_reply pending = take_pending_reply(server, (size_t)(client - server->clients), true);
	chunk_release(pending.head);
	chunk_release(pending.body);
}

void server_reply_chunks(struct server *server, server_ticket ticket, struct chunk *head, struct chunk *body)
{
	pthread_mutex_lock(&server->lock);
	struct pending_reply *pending = &server->pending_replies[ticket % (uint64_t)server->slots];
	if (pending->ticket == ticket && !pending->head) {
		pending->lost = !head;
		pending->head = head;
		pending->body = head ? body : NULL;
		if (head)
			head = body = NULL;
		eventfd_write(server->handover, 1);
	}
	pthread_mutex_unlock(&server->lock);
	chunk_release(head);
	chunk_release(body);
}

void server_reply(struct server *server, server_ticket ticket, const char *text)
{
	char *copy = strdup(text);
	if (copy)
		utf8_repair(copy);
	server_reply_chunks(server, ticket, copy ? chunk_printf("%s\n", copy) : NULL, NULL);
	free(copy);
}

void server_pass_replies(struct server *server)
{
	for (int i = 0; i < server->slots; i++) {
		struct pending_reply pending = take_pending_reply(server, (size_t)i, false);
		if (pending.head)
			client_send(&server->clients[i], pending.head, pending.body);
		else if (pending.lost)
			client_close(&server->clients[i]);
	}
}
