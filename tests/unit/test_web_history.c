/* GET /api/history: which events, and what is read from the store of pastcam-hub. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "web/history_store.h"

static char folder[SCRATCH_BYTES];
static const atomic_bool never = false;

static void path_of(const char *name, char path[SCRATCH_BYTES + 16])
{
	snprintf(path, SCRATCH_BYTES + 16, "%.500s/%s", folder, name);
}

static sqlite3 *open_store(void)
{
	char path[SCRATCH_BYTES + 16];
	sqlite3 *db;
	path_of("hub.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* As src/hub/schema.c makes it. Ten events a second apart, two a time, of two cameras. */
static sqlite3 *make_store(void)
{
	sqlite3 *db = open_store();
	run(db,
	    "PRAGMA journal_mode=WAL;"
	    "CREATE TABLE events (seq INTEGER PRIMARY KEY, camera TEXT NOT NULL, id TEXT NOT NULL, time_ms INTEGER NOT "
	    "NULL, type TEXT NOT NULL, zone TEXT, label TEXT, score REAL, json TEXT NOT NULL);"
	    "CREATE INDEX events_time ON events (time_ms);"
	    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19) INSERT INTO events (camera, "
	    "id, time_ms, type, json) SELECT iif(i % 2, 'yard', 'door'), 'a-' || i, 1700000000000 + i / 2 * 1000, "
	    "iif(i % 4 < 2, 'motion.start', 'clip.end'), '{\"event\":\"x\",\"camera\":\"\",\"epoch\":' || (1700000000 + "
	    "i / 2) || ',\"n\":' || i || '}' FROM n");
	return db;
}

static int make(void **state)
{
	(void)state;
	scratch_make(folder);
	return 0;
}

static int finish(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static struct history_query parse(const char *address)
{
	struct target target;
	struct history_query query;
	assert_int_equal(target_parse(&target, address, NULL), 0);
	assert_int_equal(history_query_parse(&query, &target, 1700000100000, NULL), 0);
	return query;
}

/* The numbers of the events, as text; *next_ms as it comes. */
static const char *read_numbers(const char *address, int64_t *next_ms)
{
	static char text[256];
	struct history_query query = parse(address);
	struct error error = { 0 };
	cJSON *events = cJSON_CreateArray(), *event;
	assert_int_equal(history_store_read(folder, &query, &never, events, next_ms, &error), 0);
	text[0] = '\0';
	cJSON_ArrayForEach(event, events)
	    sprintf(text + strlen(text), "%s%d", text[0] ? " " : "", cJSON_GetObjectItem(event, "n")->valueint);
	cJSON_Delete(events);
	return text;
}

static void test_parameters_say_which_events(void **state)
{
	(void)state;
	struct history_query query =
	    parse("/api/history?since=-100&until=1700000050.25&camera=yard&type=motion,clip&limit=7");
	assert_int_equal(query.since_ms, 1700000000000);
	assert_int_equal(query.until_ms, 1700000050250);
	assert_int_equal(query.limit, 7);
	assert_true(history_query_matches(&query, "yard", "motion.end", 1700000000000));
	assert_false(history_query_matches(&query, "yard", "motion.end", 1700000050250));
	assert_false(history_query_matches(&query, "door", "motion.end", 1700000000000));
	assert_false(history_query_matches(&query, "yard", "night.enter", 1700000000000));
	assert_true(history_query_matches(&(struct history_query){ .until_ms = 9 }, "any", "thing", 8));
}

static void test_parameters_that_are_none_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = { "since=yesterday",
		                                 "until=",
		                                 "limit=0",
		                                 "limit=1001",
		                                 "type=,",
		                                 "type=a,b,c,d,e,f,g,h,i",
		                                 "limit=many",
		                                 "since=1e99999",
		                                 "type=12345678901234567890123456789012",
		                                 "camera=12345678901234567890123456789012345" };
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		char address[128];
		struct target target;
		struct history_query query;
		struct error error = { 0 };
		snprintf(address, sizeof address, "/api/history?%s", wrong[i]);
		assert_int_equal(target_parse(&target, address, NULL), 0);
		if (history_query_parse(&query, &target, 0, &error) == 0)
			fail_msg("%s was taken", wrong[i]);
		assert_true(error.text[0]);
	}
}

static void test_the_newest_come_first_and_pages_leave_nothing_out(void **state)
{
	(void)state;
	int64_t next_ms;
	sqlite3_close(make_store());
	assert_string_equal(read_numbers("/api/history?limit=3", &next_ms), "19 18 17 16"); /* 16 has the time of 17 */
	assert_int_equal(next_ms, 1700000008000);
	assert_string_equal(read_numbers("/api/history?until=1700000008&limit=14", &next_ms),
	                    "15 14 13 12 11 10 9 8 7 6 5 4 3 2");
	assert_string_equal(read_numbers("/api/history?until=1700000001&limit=9", &next_ms), "1 0");
	assert_int_equal(next_ms, -1);
	assert_string_equal(read_numbers("/api/history?camera=yard&type=clip&since=1700000003", &next_ms), "19 15 11 7");
	assert_string_equal(read_numbers("/api/history?type=clip,mot&limit=1", &next_ms), "19 18");
	assert_string_equal(read_numbers("/api/history?type=%27%20OR%201", &next_ms), "");
}

static void test_a_store_that_is_open_elsewhere_is_read(void **state)
{
	(void)state;
	int64_t next_ms;
	sqlite3 *db = make_store();
	run(db, "BEGIN IMMEDIATE; DELETE FROM events");
	assert_string_equal(read_numbers("/api/history?limit=1", &next_ms), "19 18");
	run(db, "COMMIT");
	assert_string_equal(read_numbers("/api/history?limit=1", &next_ms), "");
	sqlite3_close(db);
}

static void test_a_store_where_nothing_may_be_written_is_read(void **state)
{
	(void)state;
	int64_t next_ms;
	char path[SCRATCH_BYTES + 16];
	sqlite3_close(make_store());
	path_of("hub.db", path);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(folder, 0555), 0);
	assert_string_equal(read_numbers("/api/history?limit=1", &next_ms), "19 18");
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(scratch_count(folder), 1);
}

static void expect_failure(int code, const atomic_bool *stop)
{
	int64_t next_ms;
	struct error error = { 0 };
	struct history_query query = parse("/api/history");
	cJSON *events = cJSON_CreateArray();
	assert_int_equal(history_store_read(folder, &query, stop, events, &next_ms, &error), code);
	assert_true(error.text[0]);
	cJSON_Delete(events);
}

static void test_a_store_that_is_absent_or_damaged_is_told(void **state)
{
	(void)state;
	char path[SCRATCH_BYTES + 16], bytes[4096];
	expect_failure(-ENOENT, &never);
	path_of("hub.db", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	memset(bytes, 'x', sizeof bytes);
	assert_int_equal(write(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
	close(fd);
	expect_failure(-EIO, &never);
	assert_int_equal(truncate(path, 0), 0); /* no tables yet */
	expect_failure(-EIO, &never);
}

static void test_reading_ends_when_it_is_stopped(void **state)
{
	(void)state;
	const atomic_bool stop = true;
	sqlite3 *db = make_store();
	run(db, "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO events "
	        "(camera, id, time_ms, type, json) SELECT 'yard', 'b-' || i, i, 'trigger', '' FROM n");
	sqlite3_close(db);
	expect_failure(-ETIMEDOUT, &stop);
}

static void test_events_of_several_daemons_are_put_in_order(void **state)
{
	(void)state;
	int64_t next_ms;
	struct history_query query = { .limit = 2 };
	cJSON *events = cJSON_Parse("[{\"epoch\":1},{\"epoch\":3},{\"epoch\":2},{\"epoch\":2},{\"epoch\":\"x\"}]");
	history_query_trim(&query, events, &next_ms);
	char *text = cJSON_PrintUnformatted(events);
	assert_string_equal(text, "[{\"epoch\":3},{\"epoch\":2},{\"epoch\":2}]");
	assert_int_equal(next_ms, 2000);
	free(text);
	cJSON_Delete(events);
}

#define STORE(test) cmocka_unit_test_setup_teardown(test, make, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameters_say_which_events),
		cmocka_unit_test(test_parameters_that_are_none_are_refused),
		STORE(test_the_newest_come_first_and_pages_leave_nothing_out),
		STORE(test_a_store_that_is_open_elsewhere_is_read),
		STORE(test_a_store_where_nothing_may_be_written_is_read),
		STORE(test_a_store_that_is_absent_or_damaged_is_told),
		STORE(test_reading_ends_when_it_is_stopped),
		cmocka_unit_test(test_events_of_several_daemons_are_put_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
