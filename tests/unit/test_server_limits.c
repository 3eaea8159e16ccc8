/* The trigger port: too many clients, tokens, the end. */
#include "server_rig.h"

static void test_one_too_many_is_told_busy(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.max_clients = 2;
	start(&rig, &params);
	int first = say(&rig, "hold\n");
	wait_held(&rig, 1);
	int second = say(&rig, "hold\n");
	wait_held(&rig, 2);
	for (int i = 0; i < 10; i++)
		assert_answer(&rig, "save\n", "BUSY\n");
	wait_clients(&rig, 2); /* the last one's reply is heard before it is off the count */
	struct server_status status;
	server_status(rig.server, &status);
	assert_int_equal(status.refused, 10);
	server_reply(rig.server, rig.tickets[0], "done");
	assert_string_equal(hear(first), "done\n");
	assert_answer(&rig, "save\n", "<save>\n");
	server_reply(rig.server, rig.tickets[1], "done");
	assert_string_equal(hear(second), "done\n");
	finish(&rig);
}

static void test_silent_clients_make_way(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	int waiting = say(&rig, "hold\n");
	wait_held(&rig, 1);
	int silent[20];
	for (size_t i = 0; i < 20; i++)
		silent[i] = connect_to(AF_INET, "127.0.0.1", rig.port);
	assert_answer(&rig, "save\n", "<save>\n");
	for (size_t i = 0; i < 18; i++) /* the oldest have gone, told so */
		assert_string_equal(hear(silent[i]), "BUSY\n");
	assert_true(is_silent(silent[18]) && is_silent(silent[19]));
	close(silent[18]);
	close(silent[19]);
	server_reply(rig.server, rig.tickets[0], "done");
	assert_string_equal(hear(waiting), "done\n");
	finish(&rig);
}

static void test_runs_out_of_descriptors_and_recovers(void **state)
{
	(void)state;
	struct rig rig;
	struct rlimit old, none;
	struct log_line line = { .text = "" };
	start(&rig, &server_defaults);
	int fd = say(&rig, "save\n");
	assert_string_equal(hear(fd), "<save>\n");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)rig.port) };
	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	getrlimit(RLIMIT_NOFILE, &old);
	none = old;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	while (!strstr(line.text, "no connection can be accepted"))
		log_recent(&line, 1);
	setrlimit(RLIMIT_NOFILE, &old);
	/* Not the first client's answer: valgrind accepts, and closes again what it then finds to be over the limit. */
	assert_answer(&rig, "save\n", "<save>\n");
	close(fd);
	finish(&rig);
}

static void test_stopping_tells_who_waits(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	int replied = say(&rig, "hold\n");
	server_ticket ticket = wait_held(&rig, 1);
	int waiting = say(&rig, "hold\n");
	wait_held(&rig, 2);
	loop_stop(rig.loop);
	pthread_join(rig.thread, NULL);
	server_reply(rig.server, ticket, "just in time");
	server_destroy(rig.server);
	loop_destroy(rig.loop);
	assert_string_equal(hear(replied), "just in time\n");
	assert_string_equal(hear(waiting), "BUSY pastcam is stopping\n");
	server_destroy(NULL);
}

/* 0 when this machine has ::1, -EAFNOSUPPORT without IPv6 in the kernel, -EADDRNOTAVAIL when it is switched off. */
static void test_asks_for_the_token(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.token_file = token_file;
	start(&rig, &params);
	assert_answer(&rig, "auth 0123456789abcdef save jpg\n", "<save jpg>\n");
	assert_answer(&rig, "auth 0123456789abcdef\nsave jpg\n", "<save jpg>\n");
	assert_answer(&rig, "auth 0123456789abcdef\r\nsave jpg", "<save jpg>\n");
	assert_answer(&rig, "auth 0123456789abcdef", "<>\n");
	assert_answer(&rig, "save jpg\n", "UNAUTHORISED\n");
	assert_answer(&rig, "auth\n", "UNAUTHORISED\n");
	assert_answer(&rig, "auth 0123456789abcdeX\nsave jpg\n", "UNAUTHORISED\n");
	struct server_status status;
	server_status(rig.server, &status);
	assert_int_equal(status.unauthorised, 3);
	finish(&rig);
}

static void test_the_token_and_the_line_may_come_apart(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.token_file = token_file;
	start(&rig, &params);
	int fd = say(&rig, "auth 0123456789abcdef\n");
	usleep(500000); /* longer than the quiet time that ends an unfinished line */
	assert_true(is_silent(fd));
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	assert_string_equal(hear(fd), "<save>\n");
	finish(&rig);
}

/* Another machine, as far as the server can tell. */
static int say_from_elsewhere(const struct rig *rig, const char *text)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1) };
	struct sockaddr_in to = { .sin_family = AF_INET,
		                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		                      .sin_port = htons((uint16_t)rig->port) };
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	return fd;
}

static uint64_t guesses(const struct rig *rig)
{
	struct server_status status;
	server_status(rig->server, &status);
	return status.unauthorised;
}

static void test_a_guess_waits_for_its_time_and_holds_up_nobody_else(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.token_file = token_file;
	start(&rig, &params);
	for (int i = 0; i < 5; i++) /* the sixth is looked at four seconds later at the earliest */
		assert_string_equal(hear(say(&rig, "auth wrong save\n")), "UNAUTHORISED\n");
	int right = say(&rig, "auth 0123456789abcdef save\n"), wrong = say(&rig, "auth wrong save\n");
	assert_string_equal(hear(say_from_elsewhere(&rig, "auth 0123456789abcdef save\n")), "<save>\n");
	assert_true(is_silent(right) && is_silent(wrong));
	assert_int_equal(guesses(&rig), 5);
	close(wrong);
	assert_string_equal(hear(right), "<save>\n");
	finish(&rig);
}

static void test_the_right_token_is_evicted_last(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.token_file = token_file;
	start(&rig, &params);
	int friend = say(&rig, "auth 0123456789abcdef\n");
	wait_clients(&rig, 1);
	int strangers[12];
	for (size_t i = 0; i < 12; i++)
		strangers[i] = connect_to(AF_INET, "127.0.0.1", rig.port);
	for (struct server_status status = { 0 }; status.accepted < 13;)
		server_status(rig.server, &status);
	assert_int_equal(send(friend, "save\n", 5, MSG_NOSIGNAL), 5);
	assert_string_equal(hear(friend), "<save>\n");
	for (size_t i = 0; i < 12; i++)
		close(strangers[i]);
	finish(&rig);
}

static void test_an_open_server_takes_any_token(void **state)
{
	(void)state;
	struct rig rig;
	start(&rig, &server_defaults);
	assert_answer(&rig, "auth whatever save\n", "<save>\n");
	finish(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_too_many_is_told_busy),
		cmocka_unit_test(test_silent_clients_make_way),
		cmocka_unit_test(test_runs_out_of_descriptors_and_recovers),
		cmocka_unit_test(test_stopping_tells_who_waits),
		cmocka_unit_test(test_asks_for_the_token),
		cmocka_unit_test(test_the_token_and_the_line_may_come_apart),
		cmocka_unit_test(test_a_guess_waits_for_its_time_and_holds_up_nobody_else),
		cmocka_unit_test(test_the_right_token_is_evicted_last),
		cmocka_unit_test(test_an_open_server_takes_any_token),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
