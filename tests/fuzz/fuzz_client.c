/* One connection of the trigger port, fed in pieces. The first byte is flags, the second the size of the pieces; the
 * rest is what the client sends. */
#include "fuzz.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/server_private.h"

enum { NEEDS_TOKEN = 1, HALF_CLOSES = 2, REPLIES_LATER = 4, LEAVES_EARLY = 8 };

static struct loop *loop;
static struct server *server;
static server_ticket later;

static void on_line(void *data, server_ticket ticket, char *line)
{
	const uint8_t *flags = data;
	FUZZ_CHECK(strlen(line) <= PROTO_LINE_BYTES && !strchr(line, '\n') && later == 0);
	if (*flags & REPLIES_LATER)
		later = ticket;
	else
		server_reply(server, ticket, line);
}

static uint8_t flags;

static void start(void)
{
	struct log_params quiet = { .level = LOG_LEVEL_ERROR };
	struct server_params params = {
		.bind = "127.0.0.1", .token_file = "", .max_clients = 2, .idle_timeout_s = 10, .total_timeout_s = 10
	};
	FUZZ_CHECK(log_open(&quiet, NULL) == 0);
	loop = loop_create(NULL);
	FUZZ_CHECK(loop);
	server = server_create(&params, loop, on_line, &flags, NULL);
	FUZZ_CHECK(server);
	strcpy(server->token.text, "0123456789abcdef");
	server->token.length = 16;
}

/* One round of the loop. */
static void turn(void)
{
	loop_stop(loop);
	FUZZ_CHECK(loop_run(loop) == 0);
}

static void talk(int fd, const uint8_t *data, size_t bytes, size_t piece)
{
	while (bytes > 0) {
		size_t part = bytes < piece ? bytes : piece;
		ssize_t sent = send(fd, data, part, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent <= 0)
			return;
		data += sent;
		bytes -= (size_t)sent;
		turn();
	}
}

static void hear(int fd)
{
	char reply[PROTO_LINE_BYTES + 64];
	ssize_t bytes = recv(fd, reply, sizeof reply, MSG_DONTWAIT);
	FUZZ_CHECK(bytes <= PROTO_LINE_BYTES + 1);
	FUZZ_CHECK(bytes <= 0 || reply[bytes - 1] == '\n');
	FUZZ_CHECK(bytes <= 0 || recv(fd, reply, sizeof reply, MSG_DONTWAIT) == 0); /* the stream ends with the reply */
}

static void visit(int ends[2], const uint8_t *data, size_t bytes, size_t piece)
{
	struct sockaddr_storage address = { .ss_family = AF_INET };
	clients_admit(server, ends[0], &address, false);
	talk(ends[1], data, bytes, piece);
	if (flags & HALF_CLOSES)
		shutdown(ends[1], SHUT_WR);
	turn();
	if (flags & LEAVES_EARLY)
		shutdown(ends[1], SHUT_RDWR);
	turn();
	if (later)
		server_reply(server, later, "later");
	turn();
	hear(ends[1]);
	close(ends[1]);
	for (int i = 0; i < 4; i++)
		turn();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	int ends[2];
	if (bytes < 2 || data[1] == 0)
		return 0;
	if (!server)
		start();
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	flags = data[0];
	later = 0;
	server->needs_token = flags & NEEDS_TOKEN;
	visit(ends, data + 2, bytes - 2, data[1]);
	FUZZ_CHECK(clients_count(server) == 0);
	return 0;
}
