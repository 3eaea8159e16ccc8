/* The sockets in a folder, as they come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/camera_name.h"
#include "client/client.h"

struct record {
	struct loop *loop;
	struct client_cameras *cameras;
	char text[4096];
	int expected, told;
	bool destroys;
};

static char base[32], folder[48];

static int make_base(void **state)
{
	(void)state;
	snprintf(base, sizeof base, "/tmp/pastcam-cameras-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(folder, sizeof folder, "%.30s/sockets", base);
	return 0;
}

static int remove_base(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof command, "rm -r %s", base);
	return system(command);
}

static void path_of(const char *name, char path[108])
{
	snprintf(path, 108, "%s/%.40s", folder, name);
}

static void make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	path_of(name, address.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

static void remove_socket(const char *name)
{
	char path[108];
	path_of(name, path);
	assert_int_equal(unlink(path), 0);
}

static void on_change(void *data, const char *name, const char *path, bool is_there)
{
	struct record *record = data;
	char expected[108], file[40];
	snprintf(file, sizeof file, "%s.sock", name);
	path_of(file, expected);
	assert_string_equal(path, expected);
	size_t used = strlen(record->text);
	snprintf(record->text + used, sizeof record->text - used, "%c%s ", is_there ? '+' : '-', name);
	if (++record->told == record->expected) {
		if (record->destroys)
			client_cameras_destroy(record->cameras);
		loop_stop(record->loop);
	}
}

static void expect(struct record *record, int changes, const char *text)
{
	record->text[0] = '\0';
	record->told = 0;
	record->expected = changes;
	loop_run(record->loop);
	assert_string_equal(record->text, text);
}

static void test_cameras_come_and_go(void **state)
{
	(void)state;
	assert_int_equal(mkdir(folder, 0755), 0);
	make_socket("yard.sock");
	struct record record = { .loop = loop_create(NULL) };
	record.cameras = client_cameras_watch(record.loop, folder, on_change, &record, NULL);
	assert_non_null(record.cameras);
	assert_string_equal(record.text, "+yard ");
	make_socket("front.sock");
	expect(&record, 1, "+front ");
	remove_socket("yard.sock");
	expect(&record, 1, "-yard ");
	remove_socket("front.sock");
	make_socket("attic.sock");
	record.destroys = true;
	expect(&record, 1, "-front ");
	remove_socket("attic.sock");
	loop_destroy(record.loop);
	assert_int_equal(rmdir(folder), 0);
}

static void test_a_folder_that_comes_later(void **state)
{
	(void)state;
	struct record record = { .loop = loop_create(NULL) };
	record.cameras = client_cameras_watch(record.loop, folder, on_change, &record, NULL);
	assert_string_equal(record.text, "");
	assert_int_equal(mkdir(folder, 0755), 0);
	make_socket("front.sock");
	expect(&record, 1, "+front ");
	remove_socket("front.sock");
	assert_int_equal(rmdir(folder), 0);
	expect(&record, 1, "-front ");
	assert_int_equal(mkdir(folder, 0755), 0);
	make_socket("yard.sock");
	expect(&record, 1, "+yard ");
	make_socket("front.sock"); /* it is watched again, not only looked at */
	expect(&record, 1, "+front ");
	remove_socket("front.sock");
	remove_socket("yard.sock");
	assert_int_equal(rmdir(folder), 0);
	client_cameras_destroy(record.cameras);
	loop_destroy(record.loop);
}

static void test_only_sockets_with_a_camera_s_name_count(void **state)
{
	(void)state;
	struct client_camera_list list;
	char path[108];
	assert_int_equal(client_cameras_list(folder, &list), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	make_socket("b.sock");
	make_socket("a.sock");
	make_socket("c.socket");
	make_socket("d e.sock");
	make_socket(".sock");
	path_of("file.sock", path);
	fclose(fopen(path, "w"));
	path_of("link.sock", path);
	assert_int_equal(symlink("a.sock", path), 0);
	assert_int_equal(client_cameras_list(folder, &list), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.names[0], "a");
	assert_string_equal(list.names[1], "b");
	path_of("a.sock", path);
	assert_true(client_cameras_list(path, &list) < 0);
}

static void test_names_of_cameras(void **state)
{
	(void)state;
	static const char *const good[] = { "a", "front", "Front-2", "0_yard", "abcdefghijklmnopqrstuvwxyz012345" };
	static const char *const bad[] = { "",   ".",   "..",       "a/b", "a b", "-a",
		                               "_a", "a.b", "\xc3\xa4", "a\n", "a@b", "abcdefghijklmnopqrstuvwxyz0123456" };
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(camera_name_is_good(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(camera_name_is_good(bad[i], strlen(bad[i])));
	assert_false(camera_name_is_good("a\0b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cameras_come_and_go),
		cmocka_unit_test(test_a_folder_that_comes_later),
		cmocka_unit_test(test_only_sockets_with_a_camera_s_name_count),
		cmocka_unit_test(test_names_of_cameras),
	};
	return cmocka_run_group_tests(tests, make_base, remove_base);
}
