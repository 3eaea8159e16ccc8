/* The trigger port: replies that go out, late, large, or to who does not read them. */
#include "server_rig.h"

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

static void test_a_reader_is_not_slow_because_the_process_stood_still(void **state)
{
	(void)state;
	enum { LARGE = 32 << 20 };
	struct rig rig;
	struct server_params params = server_defaults;
	params.total_timeout_s = 4;
	start(&rig, &params);
	char *text = calloc(1, LARGE + 1);
	memset(text, 'a', LARGE);
	int fd = say(&rig, "hold\n");
	server_reply(rig.server, wait_held(&rig, 1), text);
	static char part[65536];
	size_t length = (size_t)recv(fd, part, 1, 0);
	stop_loop(&rig, connect_to(AF_INET, "127.0.0.1", rig.port), 4500000);
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
		cmocka_unit_test(test_a_half_closed_client_gets_its_late_reply),
		cmocka_unit_test(test_many_threads_may_reply_at_once),
		cmocka_unit_test(test_a_reply_larger_than_the_socket_arrives_whole),
		cmocka_unit_test(test_a_reader_is_not_slow_because_the_process_stood_still),
		cmocka_unit_test(test_a_reply_without_memory_closes_the_connection),
		cmocka_unit_test(test_a_reader_that_trickles_loses_its_place),
		cmocka_unit_test(test_whoever_waits_is_probed),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
