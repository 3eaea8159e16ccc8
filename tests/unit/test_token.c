#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/token.h"

static char folder[64], path[128];

static int make_folder(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/pastcam-token-XXXXXX", base && strlen(base) < 32 ? base : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/token", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	rmdir(folder);
	return 0;
}

static void put(const void *text, size_t bytes, mode_t mode)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, bytes), bytes);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int load(const char *text, struct token *token, struct error *error)
{
	put(text, strlen(text), 0600);
	return token_load("network.token_file", path, token, error);
}

static void test_loads_the_first_line(void **state)
{
	(void)state;
	const char *const files[] = { "0123456789abcdef", "0123456789abcdef\n", "0123456789abcdef\r\n",
		                          "0123456789abcdef\n# not this" };
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct token token;
		assert_int_equal(load(files[i], &token, NULL), 0);
		assert_int_equal(token.length, 16);
		assert_true(token_matches(&token, "0123456789abcdef"));
	}
}

static void test_refuses_bad_tokens(void **state)
{
	(void)state;
	char text[300];
	struct token token;
	struct error error;
	const char *const bad[] = {
		"", "\n", "0123456789abcde\n", "0123456789 abcdef\n", "0123456789\tabcdef", "0123456789abcdef\x80"
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(load(bad[i], &token, &error), -EINVAL);
		assert_non_null(strstr(error.text, path));
	}
	put("0123456789\0abcdef", 17, 0600);
	assert_int_equal(token_load("network.token_file", path, &token, &error), -EINVAL);

	memset(text, 'x', sizeof text);
	text[TOKEN_BYTES_MAX] = '\0';
	assert_int_equal(load(text, &token, &error), 0);
	text[TOKEN_BYTES_MAX] = 'x';
	text[TOKEN_BYTES_MAX + 1] = '\0';
	assert_int_equal(load(text, &token, &error), -EINVAL);
	assert_non_null(strstr(error.text, "16 to 256 bytes"));
}

static void test_refuses_files_that_others_can_touch(void **state)
{
	(void)state;
	const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0666 };
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		struct token token;
		struct error error;
		put("0123456789abcdef", 16, modes[i]);
		assert_int_equal(token_load("network.token_file", path, &token, &error), -EINVAL);
		assert_non_null(strstr(error.text, "chmod 600"));
	}
}

static void test_refuses_what_is_no_file(void **state)
{
	(void)state;
	struct token token;
	struct error error;
	unlink(path);
	assert_int_equal(token_load("network.token_file", path, &token, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
	assert_int_equal(token_load("network.token_file", folder, &token, &error), -EINVAL);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(token_load("network.token_file", path, &token, &error), -EINVAL);
	assert_non_null(strstr(error.text, "regular file"));
}

static void test_matches_the_very_token_only(void **state)
{
	(void)state;
	struct token token;
	assert_int_equal(load("0123456789abcdef", &token, NULL), 0);
	const char *const others[] = { "",
		                           "0",
		                           "0123456789abcde",
		                           "0123456789abcdeF",
		                           "x123456789abcdef",
		                           "0123456789abcdef0",
		                           "0123456789abcdef0123456789abcdef" };
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_false(token_matches(&token, others[i]));
}

static void test_creates_a_token(void **state)
{
	(void)state;
	struct token token, other;
	struct error error;
	struct stat status;
	unlink(path);
	assert_int_equal(token_create(path, &error), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_size, 65);
	assert_int_equal(token_load("network.token_file", path, &token, &error), 0);
	assert_int_equal(strspn(token.text, "0123456789abcdef"), 64);

	assert_int_equal(token_create(path, &error), -EEXIST);
	unlink(path);
	assert_int_equal(token_create(path, &error), 0);
	assert_int_equal(token_load("network.token_file", path, &other, &error), 0);
	assert_string_not_equal(token.text, other.text);

	assert_int_equal(token_create("/nonexistent/token", &error), -ENOENT);
}

static struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage address = { 0 };
	struct sockaddr_in *ip4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)&address;
	if (inet_pton(AF_INET, text, &ip4->sin_addr) == 1) {
		ip4->sin_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &ip6->sin6_addr), 1);
		ip6->sin6_family = AF_INET6;
	}
	return address;
}

static int64_t fail_from(struct throttle *throttle, const char *text, int64_t now_ns)
{
	struct sockaddr_storage address = address_of(text);
	uint64_t failures = 0;
	int64_t delay_ns = throttle_failed(throttle, &address, now_ns, &failures);
	assert_true(failures > 0);
	return delay_ns;
}

static void test_delays_grow_per_address(void **state)
{
	(void)state;
	struct throttle throttle = { 0 };
	int64_t now_ns = 1000000000;
	for (int64_t wanted = THROTTLE_FIRST_NS; wanted < THROTTLE_MOST_NS; wanted *= 2)
		assert_true(fail_from(&throttle, "192.0.2.1", now_ns++) == wanted);
	for (int i = 0; i < 1000; i++)
		assert_true(fail_from(&throttle, "192.0.2.1", now_ns++) == THROTTLE_MOST_NS);
	assert_true(fail_from(&throttle, "192.0.2.2", now_ns) == THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "192.0.2.1", now_ns - 1 + THROTTLE_FORGET_NS) == THROTTLE_MOST_NS);
	assert_true(fail_from(&throttle, "192.0.2.1", now_ns + 2 * THROTTLE_FORGET_NS) == THROTTLE_FIRST_NS);
}

static void test_neighbours_in_ipv6_count_as_one(void **state)
{
	(void)state;
	struct throttle throttle = { 0 };
	assert_true(fail_from(&throttle, "2001:db8::1", 1) == THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "2001:db8::ffff:2", 2) == 2 * THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "2001:db8:0:1::1", 3) == THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "::ffff:192.0.2.1", 4) == THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "192.0.2.1", 5) == 2 * THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "::ffff:192.0.2.2", 6) == THROTTLE_FIRST_NS);
}

static void test_a_full_table_forgets_the_oldest(void **state)
{
	(void)state;
	struct throttle throttle = { 0 };
	int64_t now_ns = 1;
	for (int i = 0; i < THROTTLE_ADDRESSES; i++) {
		char text[32];
		snprintf(text, sizeof text, "198.51.100.%d", i);
		assert_true(fail_from(&throttle, text, now_ns++) == THROTTLE_FIRST_NS);
	}
	assert_true(fail_from(&throttle, "198.51.100.0", now_ns++) == 2 * THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "192.0.2.1", now_ns++) == THROTTLE_FIRST_NS);
	/* 198.51.100.1 had to go; the others are still known. */
	assert_true(fail_from(&throttle, "198.51.100.2", now_ns++) == 2 * THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "198.51.100.0", now_ns++) == 4 * THROTTLE_FIRST_NS);
	assert_true(fail_from(&throttle, "198.51.100.1", now_ns++) == THROTTLE_FIRST_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_the_first_line),
		cmocka_unit_test(test_refuses_bad_tokens),
		cmocka_unit_test(test_refuses_files_that_others_can_touch),
		cmocka_unit_test(test_refuses_what_is_no_file),
		cmocka_unit_test(test_matches_the_very_token_only),
		cmocka_unit_test(test_creates_a_token),
		cmocka_unit_test(test_delays_grow_per_address),
		cmocka_unit_test(test_neighbours_in_ipv6_count_as_one),
		cmocka_unit_test(test_a_full_table_forgets_the_oldest),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
