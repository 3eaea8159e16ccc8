/* The trigger port: addresses, and what stops the start. */
#include "server_rig.h"

static int ipv6_state(void)
{
	struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int result = bind(fd, (struct sockaddr *)&loopback, sizeof loopback) < 0 ? -errno : 0;
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

static void test_explains_why_it_cannot_start(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	char reason[128];
	start(&rig, &server_defaults);
	params.port = rig.port;
	snprintf(reason, sizeof reason,
	         "port %d on 127.0.0.1 is already in use: is another pastcam running? set network.trigger_port",
	         params.port);
	refuse(&params, -EADDRINUSE, reason);
	finish(&rig);

	params = server_defaults;
	const char *const wrong[] = { "", "localhost", "256.1.1.1", "127.0.0.1:80", "::g" };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		params.bind = wrong[i];
		refuse(&params, -EINVAL, "is not an IPv4 or IPv6 address");
	}
	const char *const open[] = { "0.0.0.0", "192.0.2.1", "::", "2001:db8::1", "::ffff:192.0.2.1" };
	for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
		params.bind = open[i];
		refuse(&params, -EINVAL, "set network.token_file");
	}
	params.token_file = "/nonexistent/token";
	refuse(&params, -ENOENT, "network.token_file: cannot read /nonexistent/token");
}

/* A process that a hanging disk keeps from ending must not keep the next one from starting. */
static void test_a_closed_server_leaves_the_port_to_the_next(void **state)
{
	(void)state;
	struct loop *loop = loop_create(NULL);
	struct server *closed = server_create(&server_defaults, loop, on_line, NULL, NULL);
	struct server_params same_port = server_defaults;
	struct error error = { 0 };
	assert_non_null(closed);
	same_port.port = server_port(closed);
	server_close(closed);
	struct server *next = server_create(&same_port, loop, on_line, NULL, &error);
	if (!next)
		fail_msg("%s", error.text);
	server_destroy(next);
	server_destroy(closed);
	loop_destroy(loop);
}

static void test_leaves_loopback_when_allowed(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.bind = "0.0.0.0";
	params.allow_unauthenticated = true;
	start(&rig, &params);
	assert_answer(&rig, "save\n", "<save>\n");
	finish(&rig);
	params.allow_unauthenticated = false;
	params.token_file = token_file;
	start(&rig, &params);
	assert_answer(&rig, "auth 0123456789abcdef save\n", "<save>\n");
	assert_answer(&rig, "save\n", "UNAUTHORISED\n");
	finish(&rig);
}

static void test_waits_for_an_address_that_is_not_there_yet(void **state)
{
	(void)state;
	const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };
	for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
		struct rig rig;
		struct log_line line;
		struct server_params params = server_defaults;
		params.bind = addresses[i];
		params.allow_unauthenticated = true;
		if (i == 1 && ipv6_state() == -EAFNOSUPPORT) {
			refuse(&params, -EAFNOSUPPORT, "this kernel has no IPv6");
			continue;
		}
		start(&rig, &params);
		char wanted[128];
		snprintf(wanted, sizeof wanted, "no interface has the address %s yet", addresses[i]);
		assert_int_equal(log_recent(&line, 1), 1);
		assert_non_null(strstr(line.text, wanted));
		finish(&rig);
	}
}

static void test_speaks_ipv6(void **state)
{
	(void)state;
	struct rig rig;
	struct server_params params = server_defaults;
	params.bind = "::1";
	if (ipv6_state() == -EAFNOSUPPORT) {
		refuse(&params, -EAFNOSUPPORT, "this kernel has no IPv6");
		return;
	}
	start(&rig, &params);
	if (ipv6_state() < 0) { /* it waits for the address, as for any other */
		finish(&rig);
		return;
	}
	int fd = connect_to(AF_INET6, "::1", rig.port);
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	assert_string_equal(hear(fd), "<save>\n");
	finish(&rig);

	params.bind = "::";
	params.allow_unauthenticated = true;
	start(&rig, &params);
	fd = connect_to(AF_INET6, "::1", rig.port);
	assert_int_equal(send(fd, "save\n", 5, MSG_NOSIGNAL), 5);
	assert_string_equal(hear(fd), "<save>\n");
	assert_answer(&rig, "save\n", "<save>\n"); /* IPv4 */
	finish(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explains_why_it_cannot_start),
		cmocka_unit_test(test_a_closed_server_leaves_the_port_to_the_next),
		cmocka_unit_test(test_leaves_loopback_when_allowed),
		cmocka_unit_test(test_waits_for_an_address_that_is_not_there_yet),
		cmocka_unit_test(test_speaks_ipv6),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
