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

#include "log.h"
#include "proto.h"
#include "server.h"

/* A server on a thread of its own. Lines that begin with "hold" wait until the test replies; all others are echoed. */
enum { HELD_MAX = 64, REPLY_BYTES = 4096 };

struct fixture {
	struct loop *loop;
	struct server *server;
	pthread_t thread;
	int port;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t held;
	server_ticket tickets[HELD_MAX];
};

static const struct server_params defaults = {
	.bind = "127.0.0.1", .token_file = "", .max_clients = 4, .idle_timeout_s = 30, .total_timeout_s = 30
};

static char folder[64], token_file[128];

static int make_folder(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%s/pastcam-server-XXXXXX", base && strlen(base) < 32 ? base : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(token_file, sizeof(token_file), "%s/token", folder);
	FILE *file = fopen(token_file, "w");
	fputs("0123456789abcdef\n", file);
	fclose(file);
	return chmod(token_file, 0600);
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(token_file);
	return rmdir(folder);
}

static void on_line(void *data, server_ticket ticket, char *line)
{
	struct fixture *fixture = data;
	if (strncmp(line, "hold", 4) == 0) {
		pthread_mutex_lock(&fixture->lock);
		assert_true(fixture->held < HELD_MAX);
		fixture->tickets[fixture->held++] = ticket;
		pthread_cond_broadcast(&fixture->changed);
		pthread_mutex_unlock(&fixture->lock);
		return;
	}
	char reply[PROTO_LINE_BYTES + 8];
	snprintf(reply, sizeof(reply), "<%s>", line);
	server_reply(fixture->server, ticket, reply);
}

static void *run(void *data)
{
	struct fixture *fixture = data;
	loop_run(fixture->loop);
	return NULL;
}

static void start(struct fixture *fixture, const struct server_params *params)
{
	*fixture = (struct fixture){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	struct error error = { 0 };
	fixture->loop = loop_create(&error);
	fixture->server = server_create(params, fixture->loop, on_line, fixture, &error);
	if (!fixture->server)
		fail_msg("%s", error.text);
	fixture->port = server_port(fixture->server);
	assert_int_equal(pthread_create(&fixture->thread, NULL, run, fixture), 0);
}

static void stop(struct fixture *fixture)
{
	loop_stop(fixture->loop);
	pthread_join(fixture->thread, NULL);
	server_destroy(fixture->server);
	loop_destroy(fixture->loop);
}

static server_ticket wait_held(struct fixture *fixture, size_t count)
{
	pthread_mutex_lock(&fixture->lock);
	while (fixture->held < count)
		pthread_cond_wait(&fixture->changed, &fixture->lock);
	server_ticket ticket = fixture->tickets[count - 1];
	pthread_mutex_unlock(&fixture->lock);
	return ticket;
}

static void wait_clients(struct fixture *fixture, int count)
{
	for (struct server_status status = { .clients = -1 }; status.clients != count;)
		server_status(fixture->server, &status);
}

static int connect_to(int family, const char *address, int port)
{
	struct sockaddr_in ip4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 ip6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	inet_pton(family, address, family == AF_INET ? (void *)&ip4.sin_addr : (void *)&ip6.sin6_addr);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = family == AF_INET ? connect(fd, (struct sockaddr *)&ip4, sizeof(ip4))
	                               : connect(fd, (struct sockaddr *)&ip6, sizeof(ip6));
	assert_int_equal(result, 0);
	return fd;
}

static int say(const struct fixture *fixture, const char *text)
{
	int fd = connect_to(AF_INET, "127.0.0.1", fixture->port);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	return fd;
}

/* All that comes until the end of the stream; closes fd. */
static const char *hear(int fd)
{
	static char reply[REPLY_BYTES];
	size_t length = 0;
	for (;;) {
		ssize_t bytes = recv(fd, reply + length, sizeof(reply) - 1 - length, 0);
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

static void assert_answer(const struct fixture *fixture, const char *text, const char *reply)
{
	assert_string_equal(hear(say(fixture, text)), reply);
}

static bool is_silent(int fd)
{
	struct pollfd state = { .fd = fd, .events = POLLIN };
	return poll(&state, 1, 0) == 0;
}

static void answers_a_line_however_it_ends(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	assert_answer(&fixture, "save jpg\n", "<save jpg>\n");
	assert_answer(&fixture, "save jpg\r\n", "<save jpg>\n");
	assert_answer(&fixture, "\n", "<>\n");
	assert_answer(&fixture, "save", "<save>\n");
	assert_answer(&fixture, "save\r", "<save>\n");
	int fd = say(&fixture, "save");
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(fd), "<save>\n");
	stop(&fixture);
}

static void takes_only_the_first_line(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	assert_answer(&fixture, "one\ntwo\nthree\n", "<one>\n");
	stop(&fixture);
	struct server_status status;
	start(&fixture, &defaults);
	assert_answer(&fixture, "GET / HTTP/1.1\r\n\r\nsave\r\n", "<GET / HTTP/1.1>\n");
	server_status(fixture.server, &status);
	assert_int_equal(status.accepted, 1);
	assert_int_equal(status.answered, 1);
	stop(&fixture);
}

static void takes_a_line_in_pieces(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	int fd = connect_to(AF_INET, "127.0.0.1", fixture.port);
	assert_int_equal(send(fd, "sav", 3, MSG_NOSIGNAL), 3);
	assert_int_equal(send(fd, "e jpg\n", 6, MSG_NOSIGNAL), 6);
	assert_string_equal(hear(fd), "<save jpg>\n");
	stop(&fixture);
}

static void limits_the_line(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	char line[PROTO_LINE_BYTES + 8], reply[PROTO_LINE_BYTES + 8];
	memset(line, 'x', sizeof(line));
	strcpy(line + PROTO_LINE_BYTES, "\r\n");
	snprintf(reply, sizeof(reply), "<%.*s>\n", PROTO_LINE_BYTES, line);
	assert_answer(&fixture, line, reply);
	strcpy(line + PROTO_LINE_BYTES, "x\n");
	assert_answer(&fixture, line, "UNKNOWN_COMMAND the line is longer than 1024 bytes\n");
	strcpy(line + PROTO_LINE_BYTES, "xyz");
	assert_answer(&fixture, line, "UNKNOWN_COMMAND the line is longer than 1024 bytes\n");
	stop(&fixture);
}

static void a_megabyte_without_end_gets_its_answer(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	static char flood[1 << 20];
	memset(flood, 'A', sizeof(flood));
	int fd = connect_to(AF_INET, "127.0.0.1", fixture.port);
	assert_int_equal(send(fd, flood, sizeof(flood), MSG_NOSIGNAL), sizeof(flood));
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(fd), "UNKNOWN_COMMAND the line is longer than 1024 bytes\n");
	stop(&fixture);
}

static void zero_bytes_hide_nothing(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	int fd = connect_to(AF_INET, "127.0.0.1", fixture.port);
	assert_int_equal(send(fd, "save\0junk\n", 10, MSG_NOSIGNAL), 10);
	assert_string_equal(hear(fd), "<save\1junk>\n");
	stop(&fixture);
}

static void a_silent_client_is_told_and_let_go(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.idle_timeout_s = 0.05;
	start(&fixture, &params);
	assert_string_equal(hear(connect_to(AF_INET, "127.0.0.1", fixture.port)),
	                    "UNKNOWN_COMMAND no command came in time\n");
	struct server_status status;
	server_status(fixture.server, &status);
	assert_int_equal(status.timed_out, 1);
	stop(&fixture);
}

static void a_client_that_never_ends_its_line_is_told_and_let_go(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.total_timeout_s = 0.1;
	start(&fixture, &params);
	int fd = connect_to(AF_INET, "127.0.0.1", fixture.port);
	while (is_silent(fd)) {
		send(fd, "x", 1, MSG_NOSIGNAL);
		usleep(20000);
	}
	assert_string_equal(hear(fd), "UNKNOWN_COMMAND no command came in time\n");
	stop(&fixture);
}

static void a_client_that_leaves_costs_nothing(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	close(connect_to(AF_INET, "127.0.0.1", fixture.port));
	close(say(&fixture, "hold"));
	server_ticket ticket = wait_held(&fixture, 1);
	server_reply(fixture.server, ticket, "too late");

	/* A reset, with the reply still owed. */
	int fd = say(&fixture, "hold");
	ticket = wait_held(&fixture, 2);
	wait_clients(&fixture, 1);
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	wait_clients(&fixture, 0);

	/* Whoever has its slot now does not get its reply. */
	int others[4];
	for (size_t i = 0; i < 4; i++) {
		others[i] = say(&fixture, "hold");
		wait_held(&fixture, 3 + i);
	}
	server_reply(fixture.server, ticket, "for somebody else");
	for (size_t i = 0; i < 4; i++) {
		server_reply(fixture.server, fixture.tickets[2 + i], "for you");
		server_reply(fixture.server, fixture.tickets[2 + i], "twice");
	}
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(hear(others[i]), "for you\n");
	stop(&fixture);
}

static void a_half_closed_client_gets_its_late_reply(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	int fd = say(&fixture, "hold\n");
	shutdown(fd, SHUT_WR);
	server_ticket ticket = wait_held(&fixture, 1);
	assert_answer(&fixture, "meanwhile\n", "<meanwhile>\n");
	server_reply(fixture.server, ticket, "late");
	assert_string_equal(hear(fd), "late\n");
	stop(&fixture);
}

struct replier {
	struct fixture *fixture;
	size_t first;
};

static void *reply_to_some(void *data)
{
	struct replier *replier = data;
	for (size_t i = replier->first; i < 32; i += 4) {
		char text[32];
		snprintf(text, sizeof(text), "reply %zu", i);
		server_reply(replier->fixture->server, replier->fixture->tickets[i], text);
	}
	return NULL;
}

static void many_threads_may_reply_at_once(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.max_clients = 32;
	start(&fixture, &params);
	int fds[32];
	for (size_t i = 0; i < 32; i++) {
		fds[i] = say(&fixture, "hold\n");
		wait_held(&fixture, i + 1);
	}
	pthread_t threads[4];
	struct replier repliers[4];
	for (size_t i = 0; i < 4; i++) {
		repliers[i] = (struct replier){ &fixture, i };
		assert_int_equal(pthread_create(&threads[i], NULL, reply_to_some, &repliers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 32; i++) {
		char wanted[32];
		snprintf(wanted, sizeof(wanted), "reply %zu\n", i);
		assert_string_equal(hear(fds[i]), wanted);
	}
	stop(&fixture);
}

static void a_reply_larger_than_the_socket_arrives_whole(void **state)
{
	(void)state;
	enum { LARGE = 16 << 20 };
	struct fixture fixture;
	start(&fixture, &defaults);
	int fd = say(&fixture, "hold\n");
	server_ticket ticket = wait_held(&fixture, 1);
	char *text = malloc(LARGE + 1);
	for (size_t i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i % 23);
	text[LARGE] = '\0';
	server_reply(fixture.server, ticket, text);
	assert_answer(&fixture, "meanwhile\n", "<meanwhile>\n");
	size_t length = 0;
	for (;;) {
		static char part[65536];
		ssize_t bytes = recv(fd, part, sizeof(part), 0);
		assert_true(bytes >= 0);
		if (bytes == 0)
			break;
		size_t of_text = length + (size_t)bytes > LARGE ? LARGE - length : (size_t)bytes;
		assert_memory_equal(part, text + length, of_text);
		length += (size_t)bytes;
	}
	assert_int_equal(length, LARGE + 1);
	close(fd);
	free(text);
	stop(&fixture);
}

static void one_too_many_is_told_busy(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.max_clients = 2;
	start(&fixture, &params);
	int first = say(&fixture, "hold\n");
	wait_held(&fixture, 1);
	int second = say(&fixture, "hold\n");
	wait_held(&fixture, 2);
	for (int i = 0; i < 10; i++)
		assert_answer(&fixture, "save\n", "BUSY\n");
	struct server_status status;
	server_status(fixture.server, &status);
	assert_int_equal(status.refused, 10);
	assert_int_equal(status.clients, 2);
	server_reply(fixture.server, fixture.tickets[0], "done");
	assert_string_equal(hear(first), "done\n");
	assert_answer(&fixture, "save\n", "<save>\n");
	server_reply(fixture.server, fixture.tickets[1], "done");
	assert_string_equal(hear(second), "done\n");
	stop(&fixture);
}

static void silent_clients_make_way(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	int waiting = say(&fixture, "hold\n");
	wait_held(&fixture, 1);
	int silent[20];
	for (size_t i = 0; i < 20; i++)
		silent[i] = connect_to(AF_INET, "127.0.0.1", fixture.port);
	assert_answer(&fixture, "save\n", "<save>\n");
	for (size_t i = 0; i < 18; i++) /* the oldest have gone, told so */
		assert_string_equal(hear(silent[i]), "BUSY\n");
	assert_true(is_silent(silent[18]) && is_silent(silent[19]));
	close(silent[18]);
	close(silent[19]);
	server_reply(fixture.server, fixture.tickets[0], "done");
	assert_string_equal(hear(waiting), "done\n");
	stop(&fixture);
}

static void asks_for_the_token(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.token_file = token_file;
	start(&fixture, &params);
	assert_answer(&fixture, "auth 0123456789abcdef save jpg\n", "<save jpg>\n");
	assert_answer(&fixture, "auth 0123456789abcdef\nsave jpg\n", "<save jpg>\n");
	assert_answer(&fixture, "auth 0123456789abcdef\r\nsave jpg", "<save jpg>\n");
	assert_answer(&fixture, "auth 0123456789abcdef", "<>\n");
	assert_answer(&fixture, "save jpg\n", "UNAUTHORISED\n");
	assert_answer(&fixture, "auth\n", "UNAUTHORISED\n");
	assert_answer(&fixture, "auth 0123456789abcdeX\nsave jpg\n", "UNAUTHORISED\n");
	struct server_status status;
	server_status(fixture.server, &status);
	assert_int_equal(status.unauthorised, 3);
	stop(&fixture);
}

static void the_token_and_the_line_may_come_apart(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.token_file = token_file;
	start(&fixture, &params);
	int fd = say(&fixture, "auth 0123456789abcdef\n");
	usleep(500000); /* longer than the quiet time that ends an unfinished line */
	assert_true(is_silent(fd));
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	assert_string_equal(hear(fd), "<save>\n");
	stop(&fixture);
}

static void failures_do_not_hold_up_the_right_token(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.token_file = token_file;
	start(&fixture, &params);
	int wrong[6];
	for (size_t i = 0; i < 6; i++)
		wrong[i] = say(&fixture, "auth wrong save\n");
	for (struct server_status status = { 0 }; status.unauthorised < 6;)
		server_status(fixture.server, &status);
	/* Four at most are held back, the last for eight seconds; those before made way, if they were still there. */
	for (size_t i = 0; i < 2; i++) {
		const char *reply = hear(wrong[i]);
		assert_true(strcmp(reply, "BUSY\n") == 0 || strcmp(reply, "UNAUTHORISED\n") == 0);
	}
	assert_answer(&fixture, "auth 0123456789abcdef save\n", "<save>\n");
	assert_true(is_silent(wrong[5]));
	for (size_t i = 2; i < 6; i++)
		close(wrong[i]);
	stop(&fixture);
}

static void an_open_server_takes_any_token(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	assert_answer(&fixture, "auth whatever save\n", "<save>\n");
	stop(&fixture);
}

static void runs_out_of_descriptors_and_recovers(void **state)
{
	(void)state;
	struct fixture fixture;
	struct rlimit old, none;
	struct log_line line = { .text = "" };
	start(&fixture, &defaults);
	int fd = say(&fixture, "save\n");
	assert_string_equal(hear(fd), "<save>\n");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)fixture.port) };
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	while (!strstr(line.text, "no connection can be accepted"))
		log_recent(&line, 1);
	setrlimit(RLIMIT_NOFILE, &old);
	/* Not the first client's answer: valgrind accepts, and closes again what it then finds to be over the limit. */
	assert_answer(&fixture, "save\n", "<save>\n");
	close(fd);
	stop(&fixture);
}

static void stopping_tells_who_waits(void **state)
{
	(void)state;
	struct fixture fixture;
	start(&fixture, &defaults);
	int replied = say(&fixture, "hold\n");
	server_ticket ticket = wait_held(&fixture, 1);
	int waiting = say(&fixture, "hold\n");
	wait_held(&fixture, 2);
	loop_stop(fixture.loop);
	pthread_join(fixture.thread, NULL);
	server_reply(fixture.server, ticket, "just in time");
	server_destroy(fixture.server);
	loop_destroy(fixture.loop);
	assert_string_equal(hear(replied), "just in time\n");
	assert_string_equal(hear(waiting), "BUSY pastcam is stopping\n");
	server_destroy(NULL);
}

/* 0 when this machine has ::1, -EAFNOSUPPORT without IPv6 in the kernel, -EADDRNOTAVAIL when it is switched off. */
static int ipv6_state(void)
{
	struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int result = bind(fd, (struct sockaddr *)&loopback, sizeof(loopback)) < 0 ? -errno : 0;
	close(fd);
	return result;
}

static void refuse(const struct server_params *params, int code, const char *reason)
{
	struct error error = { 0 };
	struct loop *loop = loop_create(NULL);
	assert_null(server_create(params, loop, on_line, NULL, &error));
	assert_int_equal(error.code, code);
	if (!strstr(error.text, reason))
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
	loop_destroy(loop);
}

static void explains_why_it_cannot_start(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	char reason[128];
	start(&fixture, &defaults);
	params.port = fixture.port;
	snprintf(reason, sizeof(reason),
	         "port %d on 127.0.0.1 is already in use: is another pastcam running? set network.trigger_port",
	         params.port);
	refuse(&params, -EADDRINUSE, reason);
	stop(&fixture);

	params = defaults;
	const char *const wrong[] = { "", "localhost", "256.1.1.1", "127.0.0.1:80", "::g" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		params.bind = wrong[i];
		refuse(&params, -EINVAL, "is not an IPv4 or IPv6 address");
	}
	const char *const open[] = { "0.0.0.0", "192.0.2.1", "::", "2001:db8::1", "::ffff:192.0.2.1" };
	for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		params.bind = open[i];
		refuse(&params, -EINVAL, "set network.token_file");
	}
	params.token_file = "/nonexistent/token";
	refuse(&params, -ENOENT, "network.token_file: cannot read /nonexistent/token");
}

static void leaves_loopback_when_allowed(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.bind = "0.0.0.0";
	params.allow_unauthenticated = true;
	start(&fixture, &params);
	assert_answer(&fixture, "save\n", "<save>\n");
	stop(&fixture);
	params.allow_unauthenticated = false;
	params.token_file = token_file;
	start(&fixture, &params);
	assert_answer(&fixture, "auth 0123456789abcdef save\n", "<save>\n");
	assert_answer(&fixture, "save\n", "UNAUTHORISED\n");
	stop(&fixture);
}

static void waits_for_an_address_that_is_not_there_yet(void **state)
{
	(void)state;
	const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct fixture fixture;
		struct log_line line;
		struct server_params params = defaults;
		params.bind = addresses[i];
		params.allow_unauthenticated = true;
		if (i == 1 && ipv6_state() == -EAFNOSUPPORT) {
			refuse(&params, -EAFNOSUPPORT, "this kernel has no IPv6");
			continue;
		}
		start(&fixture, &params);
		char wanted[128];
		snprintf(wanted, sizeof(wanted), "no interface has the address %s yet", addresses[i]);
		assert_int_equal(log_recent(&line, 1), 1);
		assert_non_null(strstr(line.text, wanted));
		stop(&fixture);
	}
}

static void speaks_ipv6(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server_params params = defaults;
	params.bind = "::1";
	if (ipv6_state() == -EAFNOSUPPORT) {
		refuse(&params, -EAFNOSUPPORT, "this kernel has no IPv6");
		return;
	}
	start(&fixture, &params);
	if (ipv6_state() < 0) { /* it waits for the address, as for any other */
		stop(&fixture);
		return;
	}
	int fd = connect_to(AF_INET6, "::1", fixture.port);
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	assert_string_equal(hear(fd), "<save>\n");
	stop(&fixture);

	params.bind = "::";
	params.allow_unauthenticated = true;
	start(&fixture, &params);
	fd = connect_to(AF_INET6, "::1", fixture.port);
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	assert_string_equal(hear(fd), "<save>\n");
	assert_answer(&fixture, "save\n", "<save>\n"); /* IPv4 */
	stop(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_a_line_however_it_ends),
		cmocka_unit_test(takes_only_the_first_line),
		cmocka_unit_test(takes_a_line_in_pieces),
		cmocka_unit_test(limits_the_line),
		cmocka_unit_test(a_megabyte_without_end_gets_its_answer),
		cmocka_unit_test(zero_bytes_hide_nothing),
		cmocka_unit_test(a_silent_client_is_told_and_let_go),
		cmocka_unit_test(a_client_that_never_ends_its_line_is_told_and_let_go),
		cmocka_unit_test(a_client_that_leaves_costs_nothing),
		cmocka_unit_test(a_half_closed_client_gets_its_late_reply),
		cmocka_unit_test(many_threads_may_reply_at_once),
		cmocka_unit_test(a_reply_larger_than_the_socket_arrives_whole),
		cmocka_unit_test(one_too_many_is_told_busy),
		cmocka_unit_test(silent_clients_make_way),
		cmocka_unit_test(asks_for_the_token),
		cmocka_unit_test(the_token_and_the_line_may_come_apart),
		cmocka_unit_test(failures_do_not_hold_up_the_right_token),
		cmocka_unit_test(an_open_server_takes_any_token),
		cmocka_unit_test(runs_out_of_descriptors_and_recovers),
		cmocka_unit_test(stopping_tells_who_waits),
		cmocka_unit_test(explains_why_it_cannot_start),
		cmocka_unit_test(leaves_loopback_when_allowed),
		cmocka_unit_test(waits_for_an_address_that_is_not_there_yet),
		cmocka_unit_test(speaks_ipv6),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
