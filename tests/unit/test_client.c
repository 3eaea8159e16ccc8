/* Calls that are answered: over TCP and a UNIX socket, in lines and frames, paused, cancelled, waited for. */
#include <pthread.h>

#include "client_rig.h"

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
		cmocka_unit_test(test_a_reply_before_the_request),
		cmocka_unit_test(test_cancelling_within_a_handler),
		cmocka_unit_test(test_a_paused_call_loses_nothing_and_has_no_timeout),
		cmocka_unit_test(test_asking_and_waiting),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
