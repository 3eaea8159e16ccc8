/* How a client's line is read, and its token judged. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/listen.h"
#include "server_private.h"

/* The reply to a command that never ends, on a disk that hangs, say. */
#define CLIENT_WAIT_NS (300 * CLOCK_NS_PER_S)
/* However many knock: one line in the log for all of them. */
#define STRANGERS_TOLD_NS (60 * CLOCK_NS_PER_S)

static void note_stranger(struct client *client, int64_t now_ns)
{
	struct server *server = client->server;
	server_count(server, &server->status.unauthorised);
	server->strangers++;
	if (server->strangers_told_ns && now_ns - server->strangers_told_ns < STRANGERS_TOLD_NS)
		return;
	char from[64];
	listen_describe(&client->address, from, sizeof from);
	log_warning("network: commands without the right token, %" PRIu64 " since this was last said; the last from %s",
	            server->strangers, from);
	server->strangers = 0;
	server->strangers_told_ns = now_ns;
}

static void hand_on(struct client *client, char *line)
{
	client->state = CLIENT_WAITING;
	client->deadline_ns = clock_now_ns() + CLIENT_WAIT_NS;
	/* A half-closed client still gets its reply, so its end of stream is no event; a reset always is one. */
	connection_watch_input(&client->connection, false);
	client->ticket = server_expect_reply(client->server, client);
	client->server->on_line(client->server->data, client->ticket, line);
}

/* A guess from an address that has guessed wrong is not looked at before its time. True when it has to wait. */
static bool delay(struct client *client, bool last, int64_t now_ns)
{
	int64_t wait_ns = throttle_wait_ns(&client->server->throttle, &client->address, now_ns);
	if (wait_ns <= 0)
		return false;
	if (now_ns + wait_ns > client->total_deadline_ns) {
		client_answer(client, "BUSY too many wrong tokens came from this address: try again later");
		return true;
	}
	client->state = CLIENT_DELAYED;
	client->ended = last;
	client->deadline_ns = now_ns + wait_ns;
	connection_watch_input(&client->connection, false);
	return true;
}

/* False when the client may not go on: it is answered. given: NULL when it showed no token. */
static bool judge(struct client *client, const char *given)
{
	struct server *server = client->server;
	int64_t now_ns = clock_now_ns();
	if (given && token_matches(&server->token, given)) {
		client->authorised = true;
		return true;
	}
	uint64_t failures;
	if (given)
		throttle_failed(&server->throttle, &client->address, now_ns, &failures);
	note_stranger(client, now_ns);
	client_answer(client, "UNAUTHORISED");
	return false;
}

/* One complete line. True when the next is to be looked at: this one was `auth TOKEN` and nothing else. */
static bool take(struct client *client, char *line, bool last)
{
	const char *token = NULL;
	char *command = line;
	bool has_token = proto_cut_auth(line, &token, &command);
	if (!client->authorised && !judge(client, has_token ? token : NULL))
		return false;
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

void client_take_lines(struct client *client, bool last)
{
	if (client->state == CLIENT_DELAYED) {
		client->state = CLIENT_READING;
		connection_watch_input(&client->connection, true);
	}
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
		if (!client->authorised && delay(client, last, clock_now_ns()))
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
