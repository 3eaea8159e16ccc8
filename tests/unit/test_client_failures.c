/* Calls to a daemon that is not there, does not answer, or breaks off. */
#include <fcntl.h>

#include "client_rig.h"

static void test_a_reply_that_breaks_off(void **state)
{
	(void)state;
	struct peer peer = { .reply = "{\"bytes\":4}\nab" };
	struct record *record = play(&peer, CLIENT_FRAMES, true, "get meta", NULL);
	assert_int_equal(record->error.code, -EPIPE);
	assert_int_equal(record->ends, 1);
	free(record);
	peer = (struct peer){ .reply = "" };
	record = play(&peer, CLIENT_BYTES, false, "get", NULL);
	assert_int_equal(record->error.code, -EPIPE);
	assert_non_null(strstr(record->error.text, "without a reply"));
	free(record);
}

static void expect_timeout(struct client_call_params params, struct peer *peer, struct record *record,
                           const char *reason)
{
	int port;
	peer_begin(peer, record->loop, listen_tcp(&port));
	params.address = (struct client_address){ .host = "127.0.0.1", .port = port };
	record->call = client_call_begin(record->loop, &params, NULL);
	assert_non_null(record->call);
	loop_run(record->loop);
	assert_int_equal(record->error.code, -ETIMEDOUT);
	assert_non_null(strstr(record->error.text, reason));
	peer_end(peer);
}

static void test_a_daemon_that_never_answers(void **state)
{
	(void)state;
	struct loop *loop = loop_create(NULL);
	struct record *record = record_create(loop);
	struct peer peer = { 0 };
	struct client_call_params params = params_for(record, CLIENT_LINES, 0);
	params.reply_timeout_s = 0.05;
	expect_timeout(params, &peer, record, "stopped answering");
	free(record);
	loop_destroy(loop);
}

static void test_a_daemon_that_stops_in_the_middle(void **state)
{
	(void)state;
	struct loop *loop = loop_create(NULL);
	struct record *record = record_create(loop);
	struct peer peer = { .reply = "one\ntw", .reply_length = 6, .stays = true };
	struct client_call_params params = params_for(record, CLIENT_LINES, 0);
	params.idle_timeout_s = 0.05; /* which comes long before the other */
	expect_timeout(params, &peer, record, "stopped answering");
	assert_string_equal(record->text, "0:one\n");
	free(record);
	loop_destroy(loop);
}

static void expect_refused(const struct client_address *address, const char *line, int code, const char *reason)
{
	struct loop *loop = loop_create(NULL);
	struct error error = { 0 };
	const struct client_call_params params = {
		.address = *address,
		.line = line,
		.reply = CLIENT_LINES,
		.handlers = { .line = on_line, .bytes = on_bytes, .end = on_end },
	};
	assert_null(client_call_begin(loop, &params, &error));
	assert_int_equal(error.code, code);
	assert_non_null(strstr(error.text, reason));
	loop_destroy(loop);
}

static void test_what_fails_at_once(void **state)
{
	(void)state;
	char long_line[CLIENT_LINE_BYTES + 2], long_path[200];
	memset(long_line, 'a', sizeof long_line - 1);
	long_line[sizeof long_line - 1] = '\0';
	memset(long_path, 'b', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	const struct client_address local = { .host = "127.0.0.1", .port = 1 };
	expect_refused(&local, long_line, -EINVAL, "longer than 1024 bytes");
	expect_refused(&local, "save\nsave", -EINVAL, "one line at a time");
	expect_refused(&(struct client_address){ .host = "localhost", .port = 1 }, "save", -EINVAL, "is not an IPv4");
	expect_refused(&(struct client_address){ .port = 1 }, "save", -EINVAL, "is not an IPv4");
	expect_refused(&(struct client_address){ .host = "::1" }, "save", -EINVAL, "0 is not a port");
	expect_refused(&(struct client_address){ .host = "::1", .port = 65536 }, "save", -EINVAL, "is not a port");
	expect_refused(&(struct client_address){ .host = "::1", .port = 1, .token = "a b" }, "save", -EINVAL, "blanks");
	expect_refused(&(struct client_address){ .socket_path = long_path }, "save", -ENAMETOOLONG, "longer than 107");
	expect_refused(&(struct client_address){ .socket_path = "/nowhere/x.sock" }, "save", -ENOENT,
	               "there is no socket /nowhere");
}

static void test_a_socket_that_was_left_over(void **state)
{
	(void)state;
	close(listen_unix(8));
	expect_refused(&(struct client_address){ .socket_path = socket_path }, "save", -ECONNREFUSED, "nobody answers");
}

static void test_a_port_where_nobody_listens(void **state)
{
	(void)state;
	struct loop *loop = loop_create(NULL);
	struct record *record = record_create(loop);
	int port;
	close(listen_tcp(&port));
	struct client_call_params params = params_for(record, CLIENT_LINES, port);
	struct error error = { 0 };
	record->call = client_call_begin(loop, &params, &error);
	if (record->call) {
		loop_run(loop);
		error = record->error;
	}
	assert_int_equal(error.code, -ECONNREFUSED);
	assert_non_null(strstr(error.text, "nobody answers on 127.0.0.1 port"));
	free(record);
	loop_destroy(loop);
}

static int connect_unix(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static void on_drain(void *data, uint32_t times)
{
	(void)times;
	struct peer *peer = data;
	for (int fd; (fd = accept4(peer->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;)
		close(fd);
	peer->accept_watch = loop_add(peer->loop, peer->listening, EPOLLIN, on_accept, peer);
}

/* Linux refuses at once what would have to wait for a place in a UNIX socket's queue. */
static void test_a_full_queue_is_waited_for(void **state)
{
	(void)state;
	struct loop *loop = loop_create(NULL);
	struct record *record = record_create(loop);
	struct peer peer = { .loop = loop, .reply = "late\n", .reply_length = 5, .request_end = "\n", .fd = -1 };
	int waiting[64], count = 0;
	peer.listening = listen_unix(0);
	assert_true(listen(peer.listening, 0) == 0);
	while (count < 64 && (waiting[count] = connect_unix()) >= 0)
		count++;
	assert_true(count < 64);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fcntl(peer.listening, F_SETFL, O_NONBLOCK), 0);
	struct loop_watch *timer = loop_add_timer(loop, on_drain, &peer);
	loop_set_timer(timer, 50 * CLOCK_NS_PER_MS, 0);
	struct client_call_params params = params_for(record, CLIENT_LINES, 0);
	record->call = client_call_begin(loop, &params, NULL);
	assert_non_null(record->call);
	loop_run(loop);
	assert_int_equal(record->error.code, 0);
	assert_string_equal(record->text, "0:late\n");
	while (count > 0)
		close(waiting[--count]);
	peer_end(&peer);
	free(record);
	loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_reply_that_breaks_off),           cmocka_unit_test(test_a_daemon_that_never_answers),
		cmocka_unit_test(test_a_daemon_that_stops_in_the_middle), cmocka_unit_test(test_what_fails_at_once),
		cmocka_unit_test(test_a_socket_that_was_left_over),       cmocka_unit_test(test_a_port_where_nobody_listens),
		cmocka_unit_test(test_a_full_queue_is_waited_for),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
