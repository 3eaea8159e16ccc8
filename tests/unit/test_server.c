/* The trigger port: lines in, replies out. */
#include "server_rig.h"

static void test_answers_a_line_however_it_ends(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	assert_answer(&rig, "save jpg\n", "<save jpg>\n");
	assert_answer(&rig, "save jpg\r\n", "<save jpg>\n");
	assert_answer(&rig, "\n", "<>\n");
	assert_answer(&rig, "save", "<save>\n");
	assert_answer(&rig, "save\r", "<save>\n");
	int fd = say(&rig, "save");
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(fd), "<save>\n");
	finish(&rig);
}

static void test_takes_only_the_first_line(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	assert_answer(&rig, "one\ntwo\nthree\n", "<one>\n");
	finish(&rig);
	struct server_status status;
	start(&rig, &server_defaults);
	assert_answer(&rig, "GET / HTTP/1.1\r\n\r\nsave\r\n", "<GET / HTTP/1.1>\n");
	server_status(rig.server, &status);
	assert_int_equal(status.accepted, 1);
	assert_int_equal(status.answered, 1);
	finish(&rig);
}

static void test_takes_a_line_in_pieces(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	int fd = connect_to(AF_INET, "127.0.0.1", rig.port);
	assert_int_equal(send(fd, "sav", 3, MSG_NOSIGNAL), 3);
	assert_int_equal(send(fd, "e jpg\n", 6, MSG_NOSIGNAL), 6);
	assert_string_equal(hear(fd), "<save jpg>\n");
	finish(&rig);
}

static void test_limits_the_line(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	char line[PROTO_LINE_BYTES + 8], reply[PROTO_LINE_BYTES + 8];
	memset(line, 'x', sizeof line);
	strcpy(line + PROTO_LINE_BYTES, "\r\n");
	snprintf(reply, sizeof reply, "<%.*s>\n", PROTO_LINE_BYTES, line);
	assert_answer(&rig, line, reply);
	strcpy(line + PROTO_LINE_BYTES, "x\n");
	assert_answer(&rig, line, "UNKNOWN_COMMAND the line is longer than 1024 bytes\n");
	strcpy(line + PROTO_LINE_BYTES, "xyz");
	assert_answer(&rig, line, "UNKNOWN_COMMAND the line is longer than 1024 bytes\n");
	finish(&rig);
}

static void test_a_megabyte_without_end_gets_its_answer(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	static char flood[1 << 20];
	memset(flood, 'A', sizeof flood);
	int fd = connect_to(AF_INET, "127.0.0.1", rig.port);
	assert_int_equal(send(fd, flood, sizeof flood, MSG_NOSIGNAL), sizeof flood);
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear(fd), "UNKNOWN_COMMAND the line is longer than 1024 bytes\n");
	finish(&rig);
}

static void test_zero_bytes_hide_nothing(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	int fd = connect_to(AF_INET, "127.0.0.1", rig.port);
	assert_int_equal(send(fd, "save\0junk\n", 10, MSG_NOSIGNAL), 10);
	assert_string_equal(hear(fd), "<save\1junk>\n");
	finish(&rig);
}

static void test_a_silent_client_is_told_and_let_go(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.idle_timeout_s = 0.05;
	start(&rig, &params);
	assert_string_equal(hear(connect_to(AF_INET, "127.0.0.1", rig.port)), "UNKNOWN_COMMAND no command came in time\n");
	struct server_status status;
	server_status(rig.server, &status);
	assert_int_equal(status.timed_out, 1);
	finish(&rig);
}

static void test_a_client_that_never_ends_its_line_is_told_and_let_go(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.total_timeout_s = 0.1;
	start(&rig, &params);
	int fd = connect_to(AF_INET, "127.0.0.1", rig.port);
	while (is_silent(fd)) {
		send(fd, "x", 1, MSG_NOSIGNAL);
		usleep(20000);
	}
	assert_string_equal(hear(fd), "UNKNOWN_COMMAND no command came in time\n");
	finish(&rig);
}

static void test_a_client_that_leaves_costs_nothing(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	close(connect_to(AF_INET, "127.0.0.1", rig.port));
	close(say(&rig, "hold"));
	server_ticket ticket = wait_held(&rig, 1);
	server_reply(rig.server, ticket, "too late");

	/* A reset, with the reply still pending. */
	int fd = say(&rig, "hold");
	ticket = wait_held(&rig, 2);
	wait_clients(&rig, 1);
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(fd);
	wait_clients(&rig, 0);

	/* Whoever has its slot now does not get its reply. */
	int others[4];
	for (size_t i = 0; i < 4; i++) {
		others[i] = say(&rig, "hold");
		wait_held(&rig, 3 + i);
	}
	server_reply(rig.server, ticket, "for somebody else");
	for (size_t i = 0; i < 4; i++) {
		server_reply(rig.server, rig.tickets[2 + i], "for you");
		server_reply(rig.server, rig.tickets[2 + i], "twice");
	}
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(hear(others[i]), "for you\n");
	finish(&rig);
}

static void test_a_half_closed_client_gets_its_late_reply(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	int fd = say(&rig, "hold\n");
	shutdown(fd, SHUT_WR);
	server_ticket ticket = wait_held(&rig, 1);
	assert_answer(&rig, "meanwhile\n", "<meanwhile>\n");
	server_reply(rig.server, ticket, "late");
	assert_string_equal(hear(fd), "late\n");
	finish(&rig);
}

struct replier {
	struct rig *rig;
	size_t first;
};

static void *reply_to_some(void *data)
{
	struct replier *replier = data;
	for (size_t i = replier->first; i < 32; i += 4) {
		char text[32];
		snprintf(text, sizeof text, "reply %zu", i);
		server_reply(replier->rig->server, replier->rig->tickets[i], text);
	}
	return NULL;
}

static void test_many_threads_may_reply_at_once(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.max_clients = 32;
	start(&rig, &params);
	int fds[32];
	for (size_t i = 0; i < 32; i++) {
		fds[i] = say(&rig, "hold\n");
		wait_held(&rig, i + 1);
	}
	pthread_t threads[4];
	struct replier repliers[4];
	for (size_t i = 0; i < 4; i++) {
		repliers[i] = (struct replier){ &rig, i };
		assert_int_equal(pthread_create(&threads[i], NULL, reply_to_some, &repliers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < 32; i++) {
		char wanted[32];
		snprintf(wanted, sizeof wanted, "reply %zu\n", i);
		assert_string_equal(hear(fds[i]), wanted);
	}
	finish(&rig);
}

static void test_a_reply_larger_than_the_socket_arrives_whole(void **state)
{
	(void)state;
	enum { LARGE = 16 << 20 };
	struct rig rig;
	start(&rig, &server_defaults);
	int fd = say(&rig, "hold\n");
	server_ticket ticket = wait_held(&rig, 1);
	char *text = malloc(LARGE + 1);
	for (size_t i = 0; i < LARGE; i++)
		text[i] = (char)('a' + i % 23);
	text[LARGE] = '\0';
	server_reply(rig.server, ticket, text);
	assert_answer(&rig, "meanwhile\n", "<meanwhile>\n");
	size_t length = 0;
	for (;;) {
		static char part[65536];
		ssize_t bytes = recv(fd, part, sizeof part, 0);
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
	finish(&rig);
}

/* The loop stands still, as in a process that was stopped, until the rig's lock is free; its timers run out meanwhile.
 * fd: a client that has not spoken; closes it. */
static void stop_loop(struct rig *rig, int fd, useconds_t microseconds)
{
	pthread_mutex_lock(&rig->lock);
	assert_int_equal(send(fd, "hold\n", 5, MSG_NOSIGNAL), 5);
	close(fd);
	usleep(microseconds);
}

static void test_a_line_that_came_while_the_process_stood_still_is_read(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.idle_timeout_s = 0.5;
	start(&rig, &params);
	int fd = connect_to(AF_INET, "127.0.0.1", rig.port), other = connect_to(AF_INET, "127.0.0.1", rig.port);
	wait_clients(&rig, 2);
	stop_loop(&rig, other, 1000000);
	assert_int_equal(send(fd, "hello\n", 6, MSG_NOSIGNAL), 6);
	pthread_mutex_unlock(&rig.lock);
	assert_string_equal(hear(fd), "<hello>\n");
	finish(&rig);
}

static void test_a_line_that_is_read_while_room_is_made_is_answered(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.max_clients = 2;
	start(&rig, &params);
	int fd = connect_to(AF_INET, "127.0.0.1", rig.port), other = connect_to(AF_INET, "127.0.0.1", rig.port);
	wait_clients(&rig, 2);
	stop_loop(&rig, other, 100000);
	int third = say(&rig, "third\n");
	assert_int_equal(send(fd, "hello\n", 6, MSG_NOSIGNAL), 6);
	pthread_mutex_unlock(&rig.lock);
	assert_string_equal(hear(fd), "<hello>\n");
	close(third);
	finish(&rig);
}

static void test_a_reader_is_not_slow_because_the_process_stood_still(void **state)
{
	(void)state;
	enum { LARGE = 32 << 20 };
	struct rig rig;
	struct server_params params = server_defaults;
	params.total_timeout_s = 2;
	start(&rig, &params);
	char *text = calloc(1, LARGE + 1);
	memset(text, 'a', LARGE);
	int fd = say(&rig, "hold\n");
	server_reply(rig.server, wait_held(&rig, 1), text);
	static char part[65536];
	size_t length = (size_t)recv(fd, part, 1, 0);
	stop_loop(&rig, connect_to(AF_INET, "127.0.0.1", rig.port), 2500000);
	struct pollfd input = { .fd = fd, .events = POLLIN };
	while (poll(&input, 1, 200) > 0) { /* all that the kernel holds, so that it takes more */
		ssize_t bytes = recv(fd, part, sizeof part, 0);
		assert_true(bytes > 0);
		length += (size_t)bytes;
	}
	pthread_mutex_unlock(&rig.lock);
	for (ssize_t bytes; (bytes = recv(fd, part, sizeof part, 0)) > 0;)
		length += (size_t)bytes;
	assert_int_equal(length, LARGE + 1);
	close(fd);
	free(text);
	finish(&rig);
}

static void test_a_reply_without_memory_closes_the_connection(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	int fd = say(&rig, "hold\n");
	server_reply_chunks(rig.server, wait_held(&rig, 1), NULL, NULL);
	assert_string_equal(hear(fd), "");
	assert_answer(&rig, "hello\n", "<hello>\n");
	finish(&rig);
}

/* Takes a little, again and again: not the silence that a time-out sees, but a place that is never given back. */
static void test_a_reader_that_trickles_loses_its_place(void **state)
{
	(void)state;
	enum { LARGE = 32 << 20, TAKEN = 50, EVERY_US = 100000, TURNS = 150 };
	struct rig rig;
	struct server_params params = server_defaults;
	params.total_timeout_s = 2;
	start(&rig, &params);
	char *text = calloc(1, LARGE + 1);
	memset(text, 'a', LARGE);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), least = 1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)rig.port) };
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(send(fd, "hold\n", 5, MSG_NOSIGNAL), 5);
	server_reply(rig.server, wait_held(&rig, 1), text);
	free(text);
	struct server_status status = { .clients = 1 };
	for (int i = 0; i < TURNS && status.clients > 0; i++) {
		char bytes[TAKEN];
		recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
		usleep(EVERY_US);
		server_status(rig.server, &status);
	}
	assert_int_equal(status.clients, 0);
	close(fd);
	finish(&rig);
}

/* "  0: 0100007F:A1B2 0100007F:C3D4 01 00000000:00000000 02:…": established, and the timer that runs is keepalive's. */
static bool is_probed(int port)
{
	char line[256], state[3], timer[3];
	unsigned local;
	bool found = false;
	FILE *file = fopen("/proc/net/tcp", "r");
	assert_non_null(file);
	while (!found && fgets(line, sizeof line, file))
		found = sscanf(line, " %*d: %*8[0-9A-F]:%4x %*s %2s %*s %2s", &local, state, timer) == 3 &&
		        (int)local == port && strcmp(state, "01") == 0 && strcmp(timer, "02") == 0;
	fclose(file);
	return found;
}

static void test_whoever_waits_is_probed(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	int fd = say(&rig, "hold\n");
	server_ticket ticket = wait_held(&rig, 1);
	assert_true(is_probed(rig.port));
	server_reply(rig.server, ticket, "done");
	assert_string_equal(hear(fd), "done\n");
	finish(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_a_line_however_it_ends),
		cmocka_unit_test(test_takes_only_the_first_line),
		cmocka_unit_test(test_takes_a_line_in_pieces),
		cmocka_unit_test(test_limits_the_line),
		cmocka_unit_test(test_a_megabyte_without_end_gets_its_answer),
		cmocka_unit_test(test_zero_bytes_hide_nothing),
		cmocka_unit_test(test_a_silent_client_is_told_and_let_go),
		cmocka_unit_test(test_a_client_that_never_ends_its_line_is_told_and_let_go),
		cmocka_unit_test(test_a_client_that_leaves_costs_nothing),
		cmocka_unit_test(test_a_half_closed_client_gets_its_late_reply),
		cmocka_unit_test(test_many_threads_may_reply_at_once),
		cmocka_unit_test(test_a_reply_larger_than_the_socket_arrives_whole),
		cmocka_unit_test(test_a_line_that_came_while_the_process_stood_still_is_read),
		cmocka_unit_test(test_a_line_that_is_read_while_room_is_made_is_answered),
		cmocka_unit_test(test_a_reader_is_not_slow_because_the_process_stood_still),
		cmocka_unit_test(test_a_reply_without_memory_closes_the_connection),
		cmocka_unit_test(test_a_reader_that_trickles_loses_its_place),
		cmocka_unit_test(test_whoever_waits_is_probed),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
