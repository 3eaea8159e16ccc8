#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "service/event_json.h"

static char line[EVENT_JSON_BYTES];

static int make_log(void **state)
{
	*state = event_log_create(4, "front \"door\"", NULL);
	return *state ? 0 : -1;
}

static int destroy_log(void **state)
{
	event_log_destroy(*state);
	return 0;
}

static cJSON *parsed(const struct event_log *log, const struct event *event)
{
	size_t length = event_json(log, event, line);
	assert_int_equal(length, strlen(line));
	assert_null(strchr(line, '\n'));
	cJSON *json = cJSON_Parse(line);
	assert_non_null(json);
	return json;
}

static const char *text_of(const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(json, name));
	assert_non_null(text);
	return text;
}

static double number_of(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(json, name);
	assert_true(cJSON_IsNumber(item));
	return item->valuedouble;
}

static void test_each_event_has_the_common_fields(void **state)
{
	for (int type = 0; type < EVENT_TYPES; type++) {
		char id[EVENT_ID_BYTES];
		const struct event event = { .type = (enum event_type)type,
			                         .number = 12,
			                         .wall_ns = INT64_C(1700000000123956789),
			                         .monotonic_ns = INT64_C(5250000000) };
		cJSON *json = parsed(*state, &event);
		event_log_id(*state, 12, id);
		assert_string_equal(text_of(json, "event"), event_type_text((enum event_type)type));
		assert_string_equal(text_of(json, "id"), id);
		assert_string_equal(text_of(json, "time"), "2023-11-14T22:13:20.123Z");
		assert_true(fabs(number_of(json, "epoch") - 1700000000.123) < 1e-6);
		assert_true(fabs(number_of(json, "monotonic") - 5.25) < 1e-9);
		assert_string_equal(text_of(json, "camera"), "front \"door\"");
		cJSON_Delete(json);
	}
}

static void test_a_saved_picture_names_file_formats_and_frame(void **state)
{
	const struct event event = { .type = EVENT_PICTURE_SAVED,
		                         .path = "/p/a.jpg",
		                         .formats = "jpg,png",
		                         .frame_id = 41,
		                         .count = 2,
		                         .taken_ns = INT64_C(1700000000999000000) };
	cJSON *json = parsed(*state, &event);

	assert_string_equal(text_of(json, "path"), "/p/a.jpg");
	assert_string_equal(text_of(json, "taken"), "2023-11-14T22:13:20.999Z");
	assert_int_equal(number_of(json, "frame"), 41);
	assert_int_equal(number_of(json, "files"), 2);
	const cJSON *formats = cJSON_GetObjectItem(json, "formats");
	assert_int_equal(cJSON_GetArraySize(formats), 2);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(formats, 0)), "jpg");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(formats, 1)), "png");
	cJSON_Delete(json);
}

static void test_what_is_unknown_is_null(void **state)
{
	cJSON *json = parsed(*state, &(struct event){ .type = EVENT_PICTURE_FAILED, .reason = "disk full" });
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "frame")));
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "taken")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "formats")), 0);
	cJSON_Delete(json);

	json = parsed(*state, &(struct event){ .type = EVENT_LOST, .count = EVENT_COUNT_UNKNOWN });
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "count")));
	cJSON_Delete(json);

	json = parsed(*state, &(struct event){ .type = EVENT_MOTION_START, .score = NAN });
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "score")));
	cJSON_Delete(json);
}

static void test_a_box_and_a_count_are_numbers(void **state)
{
	cJSON *json;
	for (enum event_type type = EVENT_MOTION_START; type <= EVENT_MOTION_END; type++) {
		json = parsed(*state, &(struct event){ .type = type, .box = { 1, 2, 30, 40 }, .score = 0.5 });
		const cJSON *box = cJSON_GetObjectItem(json, "box");
		assert_int_equal(cJSON_GetArraySize(box), 4);
		assert_int_equal(cJSON_GetArrayItem(box, 3)->valueint, 40);
		assert_true(number_of(json, "score") == 0.5);
		cJSON_Delete(json);
	}

	json = parsed(*state, &(struct event){ .type = EVENT_LOST, .count = 3 });
	assert_int_equal(number_of(json, "count"), 3);
	cJSON_Delete(json);
}

/* Any byte in any place: the line is JSON and UTF-8, and never longer than promised. */
static void test_the_worst_texts_fit_and_stay_json(void **state)
{
	for (int byte = 1; byte < 256; byte++) {
		struct event event = { .type = EVENT_CLIP_FAILED };
		memset(event.label, byte, sizeof event.label - 1);
		memset(event.path, byte, sizeof event.path - 1);
		memset(event.reason, byte, sizeof event.reason - 1);
		cJSON *json = parsed(*state, &event);
		if (byte < 0x80) {
			assert_string_equal(text_of(json, "path"), event.path);
			assert_string_equal(text_of(json, "reason"), event.reason);
		}
		for (const char *at = line; byte >= 0x80 && *at; at++)
			assert_int_not_equal((unsigned char)*at, byte);
		cJSON_Delete(json);
	}
}

static void test_utf8_goes_through_and_what_is_none_is_replaced(void **state)
{
	static const char *const wrong[] = { "\x80", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xfe" };
	cJSON *json =
	    parsed(*state, &(struct event){ .type = EVENT_TRIGGER, .label = "T\xc3\xbcr \xe2\x82\xac \xf0\x9f\x93\xb7" });
	assert_string_equal(text_of(json, "label"), "T\xc3\xbcr \xe2\x82\xac \xf0\x9f\x93\xb7");
	cJSON_Delete(json);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct event event = { .type = EVENT_TRIGGER };
		snprintf(event.label, sizeof event.label, "a%sz", wrong[i]);
		json = parsed(*state, &event);
		const char *label = text_of(json, "label");
		assert_int_equal(label[0], 'a');
		assert_int_equal(label[strlen(label) - 1], 'z');
		assert_null(strstr(label, wrong[i]));
		cJSON_Delete(json);
	}
}

static void test_a_heartbeat_names_the_event_before_it(void **state)
{
	char id[EVENT_ID_BYTES];
	size_t length = event_json_heartbeat(*state, 6, line);
	assert_int_equal(length, strlen(line));
	cJSON *json = cJSON_Parse(line);
	event_log_id(*state, 5, id);
	assert_string_equal(text_of(json, "event"), "heartbeat");
	assert_string_equal(text_of(json, "id"), id);
	cJSON_Delete(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_log, destroy_log)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_event_has_the_common_fields),
		TEST(test_a_saved_picture_names_file_formats_and_frame),
		TEST(test_what_is_unknown_is_null),
		TEST(test_a_box_and_a_count_are_numbers),
		TEST(test_the_worst_texts_fit_and_stay_json),
		TEST(test_utf8_goes_through_and_what_is_none_is_replaced),
		TEST(test_a_heartbeat_names_the_event_before_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
