/* The loop of a service: how it ends, and what it tells the service manager. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop_service.h"

/* The service manager's end. */
static int listen_to_notifications(char path[sizeof((struct sockaddr_un *)0)->sun_path])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "/tmp/test-loop-service-%d", (int)getpid());
	memcpy(path, address.sun_path, sizeof address.sun_path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
	return fd;
}

struct manager {
	struct loop *loop;
	int fd;
	int pings;
};

static void on_notification(void *data, uint32_t events)
{
	(void)events;
	struct manager *manager = data;
	char text[64] = "";
	assert_true(recv(manager->fd, text, sizeof text - 1, 0) > 0);
	assert_string_equal(text, "WATCHDOG=1");
	if (++manager->pings == 2)
		raise(SIGTERM);
}

static void test_it_tells_the_watchdog_until_it_is_told_to_end(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct manager manager = { .loop = loop_create(&error) };
	char path[sizeof((struct sockaddr_un *)0)->sun_path];
	manager.fd = listen_to_notifications(path);
	setenv("WATCHDOG_USEC", "20000", 1);
	assert_int_equal(loop_serve(manager.loop, &error), 0);
	assert_non_null(loop_add(manager.loop, manager.fd, EPOLLIN, on_notification, &manager));
	assert_int_equal(loop_run(manager.loop), 0);
	assert_int_equal(manager.pings, 2);
	loop_destroy(manager.loop);
	close(manager.fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_it_tells_the_watchdog_until_it_is_told_to_end) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
