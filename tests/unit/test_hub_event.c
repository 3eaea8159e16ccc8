/* Events and file names as pastcam-hub takes them apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "hub/event.h"
#include "hub/found_file.h"
#include "hub/history.h"

static struct error error;

static void test_an_event_is_taken_apart(void **state)
{
	(void)state;
	struct hub_event event;
	assert_int_equal(event_parse(&event, "yard",
	                             "{\"event\":\"motion.start\",\"id\":\"3f9c2a7be014-12\",\"epoch\":1795221841.042,"
	                             "\"camera\":\"\",\"zone\":\"gate\",\"score\":1.5}",
	                             &error),
	                 0);
	assert_string_equal(event.camera, "yard");
	assert_string_equal(event_text(&event, "camera"), "yard");
	assert_string_equal(event.run, "3f9c2a7be014");
	assert_int_equal(event.number, 12);
	assert_string_equal(event.zone, "gate");
	assert_true(event.has_score && event.score == 1.5);
	assert_true(event.time_ms == INT64_C(1795221841042));
	event_finish(&event);
	event_finish(&event);
}

static void test_what_is_no_event_is_told_why(void **state)
{
	(void)state;
	static const char *const bad[][2] = {
		{ "NOT_SENT no", "not one JSON object" },
		{ "[]", "not one JSON object" },
		{ "{}", "\"event\"" },
		{ "{\"event\":\"boot\"}", "\"id\"" },
		{ "{\"event\":\"boot\",\"id\":\"abc\",\"epoch\":1}", "\"id\"" },
		{ "{\"event\":\"boot\",\"id\":\"abc-1x\",\"epoch\":1}", "\"id\"" },
		{ "{\"event\":\"boot\",\"id\":\"abc-99999999999999999999\",\"epoch\":1}", "\"id\"" },
		{ "{\"event\":\"boot\",\"id\":\"abc-1\",\"epoch\":\"now\"}", "\"epoch\"" },
		{ "{\"event\":\"boot\",\"id\":\"abc-1\",\"epoch\":1e300}", "\"epoch\"" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct hub_event event;
		error.text[0] = '\0';
		assert_true(event_parse(&event, "c", bad[i][0], &error) < 0);
		assert_non_null(strstr(error.text, bad[i][1]));
		assert_null(event.json);
	}
}

static void test_the_list_of_events_is_that_of_the_docs(void **state)
{
	(void)state;
	char line[2048], page[16384];
	FILE *file = fopen("docs/events.md", "r");
	int known = 0;
	assert_non_null(file);
	page[fread(page, 1, sizeof page - 1, file)] = '\0';
	fclose(file);
	for (const char *at = strchr(page, '\n'); at; at = strchr(at, '\n')) {
		at++;
		snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
		char *name = line[0] == '|' ? strtok(line, "|") : NULL;
		for (char *word = name ? strtok(name, "`, ") : NULL; word; word = strtok(NULL, "`, "))
			known += event_type_is_known(word);
	}
	assert_int_equal(known, 21);
	assert_false(event_type_is_known("motion"));
}

static void test_a_files_name_tells_camera_time_and_kind(void **state)
{
	(void)state;
	struct found_file file;
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	assert_true(found_file_parse("front_door_20261121_101500_f00000052.jpg", &file));
	assert_string_equal(file.camera, "front_door");
	assert_true(file.time_ms == INT64_C(1795252500000));
	assert_int_equal(file.frame, 52);
	assert_false(file.is_clip);
	assert_int_equal(file.base_length, 36);
	assert_true(found_file_parse("20261121_101500_f00000052-2.mp4", &file));
	assert_true(file.is_clip && file.camera[0] == '\0');
	assert_true(found_file_parse("20261121_101500_f00000052-recovered.mp4", &file));
	/* The clocks go back: the second half past two is an hour after the first. */
	struct found_file second;
	assert_true(found_file_parse("20261025_023000_f00000001.jpg", &file));
	assert_true(found_file_parse("20261025_02B3000_f00000001.jpg", &second));
	assert_true(second.time_ms - file.time_ms == 3600000 || second.time_ms == file.time_ms);
}

static void test_what_is_no_capture_is_none(void **state)
{
	(void)state;
	static const char *const bad[] = { "",
		                               "a.jpg",
		                               "20261121_101500.jpg",
		                               "20261121_101500_f1.jpg",
		                               ".pastcam-x",
		                               "20261121_101500_f00000052.txt",
		                               "20261121_101500_f00000052.jpg.part",
		                               "../20261121_101500_f00000052.jpg",
		                               "hub.db" };
	struct found_file file;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(found_file_parse(bad[i], &file));
}

static void test_sealed_files_are_known_by_what_is_in_them(void **state)
{
	(void)state;
	struct found_file file;
	struct hub_event event;
	char path[64];
	assert_true(found_file_parse("front_20261121_101500_f00000052-recovered.mp4.age", &file));
	assert_true(file.is_clip);
	assert_string_equal(file.camera, "front");
	assert_true(found_file_parse("20261121_101500_f00000052.jpg.age", &file));
	assert_int_equal(file.base_length, strlen("20261121_101500_f00000052"));
	assert_false(file.is_clip);
	assert_false(found_file_parse("20261121_101500_f00000052.age", &file));
	assert_false(found_file_parse("20261121_101500_f00000052.jpg.age.age", &file));
	assert_int_equal(event_parse(&event, "yard",
	                             "{\"event\":\"picture.saved\",\"id\":\"3f9c2a7be014-12\",\"epoch\":1795221841,"
	                             "\"path\":\"/a/b.jpg.age\",\"formats\":[\"jpg\",\"png\"]}",
	                             &error),
	                 0);
	assert_true(event_file(&event, 1, path, sizeof path));
	assert_string_equal(path, "/a/b.png.age");
	event_finish(&event);
}

static void test_moments_as_people_write_them(void **state)
{
	(void)state;
	const int64_t now_ms = INT64_C(1795221841042);
	int64_t moment_ms;
	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(history_parse_moment("90m", now_ms, &moment_ms, &error), 0);
	assert_true(moment_ms == now_ms - 5400000);
	assert_int_equal(history_parse_moment("1795221841.5", now_ms, &moment_ms, &error), 0);
	assert_true(moment_ms == INT64_C(1795221841500));
	assert_int_equal(history_parse_moment("2026-11-26", now_ms, &moment_ms, &error), 0);
	assert_true(moment_ms == INT64_C(1795651200000));
	assert_int_equal(history_parse_moment("2026-11-26T10:15:00Z", now_ms, &moment_ms, &error), 0);
	assert_true(moment_ms == INT64_C(1795688100000));
	static const char *const bad[] = { "", "yesterday", "5", "-3h", "2026-13-01", "1e9h", "2026-11-26T10:15:00+01:00" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(history_parse_moment(bad[i], now_ms, &moment_ms, &error), -22);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_event_is_taken_apart),
		cmocka_unit_test(test_what_is_no_event_is_told_why),
		cmocka_unit_test(test_the_list_of_events_is_that_of_the_docs),
		cmocka_unit_test(test_a_files_name_tells_camera_time_and_kind),
		cmocka_unit_test(test_what_is_no_capture_is_none),
		cmocka_unit_test(test_sealed_files_are_known_by_what_is_in_them),
		cmocka_unit_test(test_moments_as_people_write_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
