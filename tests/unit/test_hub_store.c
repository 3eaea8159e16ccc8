/* The store of pastcam-hub: batches, cursors, damage. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hub_rig.h"

static int reopen(struct error *error)
{
	store_destroy(rig.store);
	return hub_rig_open(&rig, error);
}

static int64_t count(const char *text)
{
	return sql_number(store_sql(rig.store), text, -1);
}

static void test_an_event_is_stored_once(void **state)
{
	(void)state;
	char id[HUB_ID_BYTES];
	assert_int_equal(hub_rig_add(&rig, "yard", "aa", 1, "boot", ""), 1);
	assert_int_equal(hub_rig_add(&rig, "yard", "aa", 1, "boot", ""), 0);
	/* Another camera's, and those of another start of the daemon, are others. */
	assert_int_equal(hub_rig_add(&rig, "door", "aa", 1, "boot", ""), 1);
	assert_int_equal(hub_rig_add(&rig, "yard", "bb", 1, "boot", ""), 1);
	assert_int_equal(count("SELECT count(*) FROM events"), 3);
	store_cursor(rig.store, "yard", id);
	assert_string_equal(id, "bb-1");
	store_cursor(rig.store, "nobody", id);
	assert_string_equal(id, "");
}

static void test_lost_is_told_and_moves_no_cursor(void **state)
{
	(void)state;
	char id[HUB_ID_BYTES];
	hub_rig_add(&rig, "yard", "aa", 1, "boot", "");
	assert_int_equal(hub_rig_add(&rig, "yard", "aa", 9, "lost", ",\"count\":8"), 1);
	store_cursor(rig.store, "yard", id);
	assert_string_equal(id, "aa-1");
	assert_int_equal(hub_rig_add(&rig, "yard", "aa", 9, "trigger", ""), 1);
}

static void test_a_batch_is_written_by_itself(void **state)
{
	(void)state;
	hub_rig_add(&rig, "yard", "aa", 1, "boot", "");
	assert_int_equal(rig.written, 0);
	assert_int_equal(hub_rig_await(&rig, &rig.written, 1), 1);
}

static void test_a_process_that_dies_loses_its_batch_and_no_more(void **state)
{
	(void)state;
	struct error error = { 0 };
	char id[HUB_ID_BYTES];
	store_destroy(rig.store);
	rig.store = NULL;
	pid_t child = fork();
	if (child == 0) {
		hub_rig_open(&rig, &error);
		hub_rig_add(&rig, "yard", "aa", 1, "boot", "");
		hub_rig_await(&rig, &rig.written, 1);
		hub_rig_add(&rig, "yard", "aa", 2, "trigger", "");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	assert_int_equal(hub_rig_open(&rig, &error), 0);
	assert_false(rig.is_new);
	assert_int_equal(count("SELECT count(*) FROM events"), 1);
	store_cursor(rig.store, "yard", id);
	assert_string_equal(id, "aa-1");
	assert_int_equal(hub_rig_add(&rig, "yard", "aa", 2, "trigger", ""), 1);
}

static void test_all_formats_of_a_picture_are_files_of_one_event(void **state)
{
	(void)state;
	hub_rig_add(&rig, "yard", "aa", 1, "picture.saved", ",\"path\":\"/c/a.jpg\",\"formats\":[\"jpg\",\"png\"]");
	hub_rig_add(&rig, "yard", "aa", 2, "clip.end", ",\"path\":\"/c/a.mp4\"");
	assert_int_equal(count("SELECT count(*) FROM files WHERE event = 1 AND kind = 'picture'"), 2);
	assert_int_equal(count("SELECT count(*) FROM files WHERE path = '/c/a.mp4' AND kind = 'clip' AND event = 2"), 1);
}

static void test_an_event_that_comes_late_replaces_the_one_of_its_file(void **state)
{
	(void)state;
	sql_run(
	    store_batch(rig.store),
	    "INSERT INTO events (seq, camera, id, time_ms, type, json) VALUES (7, 'yard', 'file-a', 1, 'picture.saved', "
	    "'{}'); INSERT INTO files (path, camera, kind, time_ms, event) VALUES ('/c/a.jpg', 'yard', 'picture', 1, 7)",
	    NULL);
	hub_rig_add(&rig, "yard", "aa", 1, "picture.saved", ",\"path\":\"/c/a.jpg\",\"formats\":[\"jpg\"]");
	assert_int_equal(count("SELECT count(*) FROM events"), 1);
	assert_int_equal(count("SELECT count(*) FROM files f JOIN events e ON f.event = e.seq WHERE e.id = 'aa-1'"), 1);
}

static void test_settings_and_rules_stay(void **state)
{
	(void)state;
	struct error error = { 0 };
	char value[16];
	assert_false(store_get(rig.store, "armed", value, sizeof value));
	store_set(rig.store, "armed", "1");
	store_set(rig.store, "armed", "0");
	store_rule_fired(rig.store, "night", "yard", 5000);
	assert_int_equal(reopen(&error), 0);
	assert_true(store_get(rig.store, "armed", value, sizeof value));
	assert_string_equal(value, "0");
	assert_true(store_rule_last_ms(rig.store, "night", "yard") == 5000);
	assert_true(store_rule_last_ms(rig.store, "night", "door") == 0);
}

static void write_over(long offset, const char *bytes, size_t length)
{
	char path[STORE_PATH_BYTES];
	store_path(rig.folder, path);
	FILE *file = fopen(path, "r+b");
	fseek(file, offset, SEEK_SET);
	fwrite(bytes, 1, length, file);
	fclose(file);
}

static void test_a_damaged_file_is_set_aside_and_a_new_one_begun(void **state)
{
	(void)state;
	struct error error = { 0 };
	static char garbage[8192];
	memset(garbage, 0x5a, sizeof garbage);
	hub_rig_add(&rig, "yard", "aa", 1, "boot", "");
	store_destroy(rig.store);
	rig.store = NULL;
	write_over(0, garbage, 100); /* it is no database any more */
	assert_int_equal(hub_rig_open(&rig, &error), 0);
	assert_true(rig.is_new);
	assert_int_equal(count("SELECT count(*) FROM events"), 0);
	assert_true(scratch_count(rig.folder) >= 3);
	/* Pages in the middle. */
	for (int i = 1; i < 200; i++)
		hub_rig_add(&rig, "yard", "aa", i, "boot", ",\"x\":\"0123456789012345678901234567890123456789\"");
	store_destroy(rig.store);
	rig.store = NULL;
	write_over(3 * 4096, garbage, sizeof garbage);
	assert_int_equal(hub_rig_open(&rig, &error), 0);
	assert_true(rig.is_new);
}

static void test_a_later_version_is_left_alone(void **state)
{
	(void)state;
	struct error error = { 0 };
	sql_run(store_sql(rig.store), "PRAGMA user_version=99", NULL);
	assert_int_equal(reopen(&error), -EPROTO);
	assert_non_null(strstr(error.text, "later pastcam-hub"));
}

static void test_two_hubs_do_not_share_a_folder(void **state)
{
	(void)state;
	struct hub_rig other = rig;
	struct error error = { 0 };
	assert_int_equal(hub_rig_open(&other, &error), -EBUSY);
	assert_non_null(strstr(error.text, "another pastcam-hub"));
}

static void test_the_oldest_events_make_room(void **state)
{
	(void)state;
	struct error error = { 0 };
	rig.keep_events = 100;
	for (int i = 1; i <= 300; i++)
		hub_rig_add(&rig, "yard", "aa", i, "trigger", "");
	assert_int_equal(reopen(&error), 0);
	for (int turn = 0; turn < 6000 && count("SELECT count(*) FROM events") > 100; turn++)
		hub_rig_run_ms(&rig, 10);
	assert_int_equal(count("SELECT count(*) FROM events"), 100);
	assert_int_equal(count("SELECT min(seq) FROM events"), 201);
}

static void test_a_store_that_fails_comes_back(void **state)
{
	(void)state;
	const struct error broken = { .code = -EIO, .text = "a disk that went away" };
	hub_rig_add(&rig, "yard", "aa", 1, "boot", "");
	store_failed(rig.store, &broken);
	assert_null(store_batch(rig.store));
	assert_true(hub_rig_add(&rig, "yard", "aa", 2, "trigger", "") < 0);
	assert_int_equal(hub_rig_await(&rig, &rig.recovered, 1), 1);
	char id[HUB_ID_BYTES];
	store_cursor(rig.store, "yard", id);
	assert_string_equal(id, ""); /* so all of it is read again */
	assert_int_equal(hub_rig_add(&rig, "yard", "aa", 2, "trigger", ""), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_rig, finish_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_event_is_stored_once),
		TEST(test_lost_is_told_and_moves_no_cursor),
		TEST(test_a_batch_is_written_by_itself),
		TEST(test_a_process_that_dies_loses_its_batch_and_no_more),
		TEST(test_all_formats_of_a_picture_are_files_of_one_event),
		TEST(test_an_event_that_comes_late_replaces_the_one_of_its_file),
		TEST(test_settings_and_rules_stay),
		TEST(test_a_damaged_file_is_set_aside_and_a_new_one_begun),
		TEST(test_a_later_version_is_left_alone),
		TEST(test_two_hubs_do_not_share_a_folder),
		TEST(test_the_oldest_events_make_room),
		TEST(test_a_store_that_fails_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
