/* Calls to a small daemon that the test plays itself, on the same loop. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "client/client.h"

enum { TEXT_ROOM = 1 << 18, REPLY_BYTES = 200000 };

/* The daemon: accepts one client, reads its request, sends a reply, closes. */
struct peer {
	struct loop *loop;
	struct loop_watch *accept_watch, *read_watch;
	int listening, fd;
	const char *reply; /* NULL: never answers */
	size_t reply_length;
	bool stays; /* does not close after the reply */
	bool answers_unasked;
	const char *request_end; /* what the last line of a request is */
	char request[2048];
	size_t request_length;
};

/* The caller: what it was told. */
struct record {
	struct loop *loop;
	struct client_call *call;
	char text[TEXT_ROOM];
	size_t length;
	int lines, ends, wakeups;
	struct error error;
	bool cancels, pauses;
	struct loop_watch *resume_timer;
};

static char folder[64], socket_path[96];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/pastcam-client-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(socket_path, sizeof socket_path, "%s/front.sock", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(socket_path);
	return rmdir(folder);
}

static int listen_tcp(int *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static int listen_unix(int backlog)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	unlink(socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void answer(struct peer *peer)
{
	loop_remove(peer->read_watch);
	peer->read_watch = NULL;
	if (!peer->reply)
		return;
	size_t sent = 0;
	while (sent <
	       peer->reply_length) { /* a test's reply may be larger than the socket's buffer: then it must be read */
		ssize_t bytes = send(peer->fd, peer->reply + sent, peer->reply_length - sent, MSG_NOSIGNAL);
		if (bytes < 0)
			break;
		sent += (size_t)bytes;
	}
	if (!peer->stays)
		shutdown(peer->fd, SHUT_WR);
}

static void on_request(void *data, uint32_t events)
{
	(void)events;
	struct peer *peer = data;
	ssize_t bytes = recv(peer->fd, peer->request + peer->request_length,
	                     sizeof peer->request - 1 - peer->request_length, MSG_DONTWAIT);
	if (bytes <= 0) {
		loop_remove(peer->read_watch);
		peer->read_watch = NULL;
		return;
	}
	peer->request_length += (size_t)bytes;
	peer->request[peer->request_length] = '\0';
	if (strstr(peer->request, peer->request_end))
		answer(peer);
}

static void on_accept(void *data, uint32_t events)
{
	(void)events;
	struct peer *peer = data;
	peer->fd = accept4(peer->listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer->fd >= 0);
	loop_remove(peer->accept_watch);
	peer->accept_watch = NULL;
	if (peer->answers_unasked) {
		answer(peer);
		close(peer->fd); /* with the request unread: a reset may follow */
		peer->fd = -1;
		return;
	}
	peer->read_watch = loop_add(peer->loop, peer->fd, EPOLLIN, on_request, peer);
}

static void peer_begin(struct peer *peer, struct loop *loop, int listening)
{
	peer->loop = loop;
	peer->listening = listening;
	peer->fd = -1;
	if (!peer->request_end)
		peer->request_end = "\n";
	peer->accept_watch = loop_add(loop, listening, EPOLLIN, on_accept, peer);
}

static void peer_end(struct peer *peer)
{
	loop_remove(peer->accept_watch);
	loop_remove(peer->read_watch);
	if (peer->fd >= 0)
		close(peer->fd);
	close(peer->listening);
}

static void gather(struct record *record, const char *bytes, size_t length)
{
	assert_true(record->length + length < TEXT_ROOM);
	memcpy(record->text + record->length, bytes, length);
	record->length += length;
	record->text[record->length] = '\0';
}

static void hinder(struct record *record)
{
	if (record->cancels) {
		client_call_cancel(record->call);
		loop_stop(record->loop);
	} else if (record->pauses) {
		record->pauses = false;
		client_call_pause(record->call);
		loop_set_timer(record->resume_timer, 50 * CLOCK_NS_PER_MS, 0);
	}
}

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	struct record *record = data;
	char head[32];
	snprintf(head, sizeof head, "%llu:", (unsigned long long)bytes);
	gather(record, head, strlen(head));
	gather(record, line, length);
	gather(record, "\n", 1);
	record->lines++;
	hinder(record);
}

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	(void)left;
	gather(data, bytes, length);
	hinder(data);
}

static void on_end(void *data, const struct error *error)
{
	struct record *record = data;
	record->ends++;
	record->error = *error;
	loop_stop(record->loop);
}

static struct client_call_params params_for(struct record *record, enum client_reply reply, int port)
{
	return (struct client_call_params){
		.address = { .socket_path = port ? NULL : socket_path, .host = "127.0.0.1", .port = port },
		.line = "version",
		.reply = reply,
		.handlers = { .line = on_line, .bytes = on_bytes, .end = on_end },
		.data = record,
		.connect_timeout_s = 20,
		.reply_timeout_s = 20,
		.idle_timeout_s = 20,
	};
}

static struct record *record_create(struct loop *loop)
{
	struct record *record = calloc(1, sizeof *record);
	assert_non_null(record);
	record->loop = loop;
	return record;
}

/* One call from begin to end; the record is the caller's to free. */
static struct record *play(struct peer *peer, enum client_reply reply, bool over_tcp, const char *line,
                           const char *token)
{
	struct loop *loop = loop_create(NULL);
	struct record *record = record_create(loop);
	struct error error = { 0 };
	int port = 0;
	peer_begin(peer, loop, over_tcp ? listen_tcp(&port) : listen_unix(8));
	if (peer->reply && !peer->reply_length)
		peer->reply_length = strlen(peer->reply);
	struct client_call_params params = params_for(record, reply, port);
	params.address.token = token;
	params.line = line;
	record->call = client_call_begin(loop, &params, &error);
	assert_non_null(record->call);
	assert_int_equal(loop_run(loop), 0);
	peer_end(peer);
	loop_destroy(loop);
	return record;
}

static void test_a_line_over_tcp_with_a_token(void **state)
{
	(void)state;
	struct peer peer = { .reply = "pastcam 1\n", .request_end = "version\n" };
	struct record *record = play(&peer, CLIENT_LINES, true, "version", "0123456789abcdef");
	assert_string_equal(peer.request, "auth 0123456789abcdef\nversion\n");
	assert_string_equal(record->text, "0:pastcam 1\n");
	assert_int_equal(record->ends, 1);
	assert_int_equal(record->error.code, 0);
	free(record);
}

static void test_a_unix_socket_is_told_no_token(void **state)
{
	(void)state;
	struct peer peer = { .reply = "one\ntwo\n" };
	struct record *record = play(&peer, CLIENT_LINES, false, "events since=3", "0123456789abcdef");
	assert_string_equal(peer.request, "events since=3\n");
	assert_string_equal(record->text, "0:one\n0:two\n");
	assert_int_equal(record->error.code, 0);
	free(record);
}

static void test_frames_and_their_metadata(void **state)
{
	(void)state;
	struct peer peer = { .reply = "{\"bytes\":4}\nabcd{\"bytes\":2}\nef" };
	struct record *record = play(&peer, CLIENT_FRAMES, true, "live meta", NULL);
	assert_string_equal(record->text, "4:{\"bytes\":4}\nabcd2:{\"bytes\":2}\nef");
	assert_int_equal(record->error.code, 0);
	free(record);
}

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

/* What a daemon does at network.max_clients. */
static void test_a_reply_before_the_request(void **state)
{
	(void)state;
	struct peer peer = { .reply = "BUSY\n", .answers_unasked = true };
	struct record *record = play(&peer, CLIENT_LINES, false, "save", NULL);
	assert_string_equal(record->text, "0:BUSY\n");
	assert_int_equal(record->error.code, 0);
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

static void test_cancelling_within_a_handler(void **state)
{
	(void)state;
	struct loop *loop = loop_create(NULL);
	struct record *record = record_create(loop);
	struct peer peer = { .reply = "one\ntwo\n", .reply_length = 8 };
	record->cancels = true;
	peer_begin(&peer, loop, listen_unix(8));
	struct client_call_params params = params_for(record, CLIENT_LINES, 0);
	record->call = client_call_begin(loop, &params, NULL);
	loop_run(loop);
	assert_int_equal(record->lines, 1);
	assert_int_equal(record->ends, 0);
	peer_end(&peer);
	free(record);
	loop_destroy(loop);
}

static void on_resume(void *data, uint32_t times)
{
	(void)times;
	struct record *record = data;
	record->wakeups++;
	client_call_resume(record->call);
}

static void *run_loop(void *data)
{
	loop_run(data);
	return NULL;
}

static void test_a_paused_call_loses_nothing_and_has_no_timeout(void **state)
{
	(void)state;
	struct loop *loop = loop_create(NULL), *peer_loop = loop_create(NULL);
	struct record *record = record_create(loop);
	char *reply = malloc(REPLY_BYTES);
	for (size_t i = 0; i < REPLY_BYTES; i++)
		reply[i] = (char)('a' + i % 23);
	struct peer peer = { .reply = reply, .reply_length = REPLY_BYTES };
	record->pauses = true;
	record->resume_timer = loop_add_timer(loop, on_resume, record);
	peer_begin(&peer, peer_loop, listen_unix(8));
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, run_loop, peer_loop), 0);
	struct client_call_params params = params_for(record, CLIENT_BYTES, 0);
	params.reply_timeout_s = 20;
	params.idle_timeout_s = 20;
	record->call = client_call_begin(loop, &params, NULL);
	loop_run(loop);
	loop_stop(peer_loop);
	pthread_join(thread, NULL);
	assert_int_equal(record->wakeups, 1);
	assert_int_equal(record->error.code, 0);
	assert_int_equal(record->length, REPLY_BYTES);
	assert_memory_equal(record->text, reply, REPLY_BYTES);
	peer_end(&peer);
	free(reply);
	free(record);
	loop_destroy(peer_loop);
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
	expect_refused(&(struct client_address){ .socket_path = "/nowhere/x.sock" }, "save", -ENOENT, "there is no socket /nowhere");
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

static int take(void *data, const void *bytes, size_t length)
{
	struct record *record = data;
	gather(record, bytes, length);
	return record->cancels ? -ENOSPC : 0;
}

static int ask(struct record *record)
{
	struct loop *peer_loop = loop_create(NULL);
	struct peer peer = { .reply = "line\nbytes", .reply_length = 10 };
	pthread_t thread;
	int port;
	peer_begin(&peer, peer_loop, listen_tcp(&port));
	assert_int_equal(pthread_create(&thread, NULL, run_loop, peer_loop), 0);
	const struct client_address address = { .host = "127.0.0.1", .port = port };
	int result = client_ask(&address, "get", 20, take, record, &record->error);
	loop_stop(peer_loop);
	pthread_join(thread, NULL);
	peer_end(&peer);
	loop_destroy(peer_loop);
	return result;
}

static void test_asking_and_waiting(void **state)
{
	(void)state;
	struct record *record = record_create(NULL);
	assert_int_equal(ask(record), 0);
	assert_string_equal(record->text, "line\nbytes");
	record->cancels = true;
	assert_int_equal(ask(record), -ENOSPC);
	assert_int_equal(record->error.code, 0);
	const struct client_address nobody = { .socket_path = "/nowhere/x.sock" };
	assert_int_equal(client_ask(&nobody, "get", 20, take, record, &record->error), -ENOENT);
	free(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_over_tcp_with_a_token),
		cmocka_unit_test(test_a_unix_socket_is_told_no_token),
		cmocka_unit_test(test_frames_and_their_metadata),
		cmocka_unit_test(test_a_reply_that_breaks_off),
		cmocka_unit_test(test_a_reply_before_the_request),
		cmocka_unit_test(test_a_daemon_that_never_answers),
		cmocka_unit_test(test_a_daemon_that_stops_in_the_middle),
		cmocka_unit_test(test_cancelling_within_a_handler),
		cmocka_unit_test(test_a_paused_call_loses_nothing_and_has_no_timeout),
		cmocka_unit_test(test_what_fails_at_once),
		cmocka_unit_test(test_a_socket_that_was_left_over),
		cmocka_unit_test(test_a_port_where_nobody_listens),
		cmocka_unit_test(test_a_full_queue_is_waited_for),
		cmocka_unit_test(test_asking_and_waiting),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
