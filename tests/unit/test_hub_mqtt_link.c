/* A connection to a broker that the test plays: it takes connections, and ends them without a word. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "hub/mqtt_link.h"

enum { DESCRIPTORS = 64, TIMES = 2 };

struct broker {
	struct loop *loop;
	int listening, taken;
	int copies[DESCRIPTORS];
	size_t copied;
};

static int listen_anywhere(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* As a process that was just forked has them, asking no thread for leave: what is closed then stays open. */
static void copy_sockets(struct broker *broker)
{
	for (int fd = 3; fd < DESCRIPTORS && broker->copied < DESCRIPTORS; fd++) {
		struct sockaddr_in peer;
		socklen_t length = sizeof peer;
		if (fd != broker->taken && getpeername(fd, (struct sockaddr *)&peer, &length) == 0)
			broker->copies[broker->copied++] = (int)syscall(SYS_dup, fd);
	}
}

static int turns;

static void on_client(void *data, uint32_t events)
{
	(void)events;
	struct broker *broker = data;
	broker->taken = accept(broker->listening, NULL, NULL);
	copy_sockets(broker);
	close(broker->taken);
	broker->taken = -1;
	if (++turns > TIMES)
		loop_stop(broker->loop);
}

static void nothing(void *data)
{
	(void)data;
}

static void test_a_connection_that_ended_is_watched_no_more(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct broker broker = { .loop = loop_create(&error), .taken = -1 };
	struct mqtt_link_params params = { .host = "127.0.0.1",
		                               .client_id = "test",
		                               .user = "",
		                               .password = "",
		                               .ca_file = "",
		                               .cert_file = "",
		                               .key_file = "",
		                               .will_topic = "test/status",
		                               .keepalive_s = 60,
		                               .up = nothing,
		                               .down = nothing };
	broker.listening = listen_anywhere(&params.port);
	struct loop_watch *watch = loop_add(broker.loop, broker.listening, EPOLLIN, on_client, &broker);
	struct mqtt_link *link = mqtt_link_create(broker.loop, &params, &error);
	assert_non_null(link);
	assert_int_equal(loop_run(broker.loop), 0); /* the address sanitizer would see a watch that is gone */
	assert_int_equal(turns, TIMES + 1);
	mqtt_link_destroy(link);
	loop_remove(watch);
	for (size_t i = 0; i < broker.copied; i++)
		close(broker.copies[i]);
	close(broker.listening);
	loop_destroy(broker.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_connection_that_ended_is_watched_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
