/* The trigger port: lines that come in. */
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
	const int64_t together_ns = 300 * CLOCK_NS_PER_MS; /* a line ends when nothing follows for so long */
	int64_t apart_ns = together_ns;
	while (apart_ns >= together_ns) { /* until the machine does not stand still between them */
		int fd = connect_to(AF_INET, "127.0.0.1", rig.port);
		const int64_t begun_ns = clock_now_ns();
		assert_int_equal(send(fd, "sav", 3, MSG_NOSIGNAL), 3);
		assert_int_equal(send(fd, "e jpg\n", 6, MSG_NOSIGNAL), 6);
		apart_ns = clock_now_ns() - begun_ns;
		const char *reply = hear(fd);
		if (apart_ns < together_ns)
			assert_string_equal(reply, "<save jpg>\n");
	}
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

static void test_a_line_that_came_while_the_process_stood_still_is_read(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.idle_timeout_s = 3.5; /* which this thread may stand still before it stops the loop */
	start(&rig, &params);
	int fd = connect_to(AF_INET, "127.0.0.1", rig.port), other = connect_to(AF_INET, "127.0.0.1", rig.port);
	wait_clients(&rig, 2);
	stop_loop(&rig, other, 4000000);
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
		cmocka_unit_test(test_a_line_that_came_while_the_process_stood_still_is_read),
		cmocka_unit_test(test_a_line_that_is_read_while_room_is_made_is_answered),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
