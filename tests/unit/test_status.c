#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "service/status.h"

struct snapshot {
	int small;
	int64_t large;
	uint64_t count, bytes;
	size_t slots;
	double third, unknown;
	bool truth;
	char text[8];
	const char *words, *nothing;
	int64_t never_ns, then_ns, unknown_bytes, known_bytes;
	status_lister list;
};

static int taken;

static void list_two(struct status_list *list, const void *snapshot)
{
	const struct snapshot *from = snapshot;
	status_list_next(list);
	status_list_text(list, "name", from->text);
	status_list_number(list, "third", from->third);
	status_list_next(list);
	status_list_text(list, "name", "b");
}

static void take(const void *data, void *into)
{
	struct snapshot *snapshot = into;
	assert_int_equal(snapshot->large, 0);
	taken++;
	*snapshot = (struct snapshot){ .small = -3,
		                           .large = -INT64_C(5000000000),
		                           .count = 7,
		                           .bytes = 3 << 19,
		                           .slots = 9,
		                           .third = 1.0 / 3,
		                           .unknown = NAN,
		                           .truth = true,
		                           .text = "a\xff\"z",
		                           .words = data,
		                           .then_ns = clock_now_ns() - 2 * CLOCK_NS_PER_S,
		                           .unknown_bytes = -1,
		                           .known_bytes = 1 << 20,
		                           .list = list_two };
}

#define ROW(path, form, member)                                                                                        \
	{                                                                                                                  \
		path, form, offsetof(struct snapshot, member), STATUS_GAUGE, "u", "Help."                                      \
	}
static const struct status_row rows[] = {
	ROW("top", STATUS_INT, small),
	ROW("a.large", STATUS_INT64, large),
	ROW("a.count", STATUS_UINT64, count),
	ROW("a.slots", STATUS_SIZE, slots),
	ROW("a.third", STATUS_DOUBLE, third),
	ROW("a.unknown", STATUS_DOUBLE, unknown),
	ROW("a.truth", STATUS_BOOL, truth),
	ROW("b.text", STATUS_TEXT, text),
	ROW("b.words", STATUS_WORDS, words),
	ROW("b.nothing", STATUS_WORDS, nothing),
	ROW("b.never_s", STATUS_AGE, never_ns),
	ROW("b.then_s", STATUS_AGE, then_ns),
	ROW("b.mib", STATUS_MIB, bytes),
	ROW("b.unknown_mib", STATUS_MIB_OR_NULL, unknown_bytes),
	ROW("b.known_mib", STATUS_MIB_OR_NULL, known_bytes),
	ROW("b.list", STATUS_LIST, list),
};
static const struct status_group group = STATUS_GROUP(rows, struct snapshot, take);

static cJSON *taken_json(const char *words)
{
	struct status status = { 0 };
	status_add(&status, &group, words);
	taken = 0;
	char *text = status_json(&status);
	assert_non_null(text);
	cJSON *json = cJSON_Parse(text);
	free(text);
	assert_non_null(json);
	return json;
}

static const cJSON *at(const cJSON *json, const char *section, const char *name)
{
	const cJSON *item = cJSON_GetObjectItem(section ? cJSON_GetObjectItem(json, section) : json, name);
	assert_non_null(item);
	return item;
}

static void assert_number(const cJSON *item, double value)
{
	assert_true(cJSON_IsNumber(item));
	assert_true(item->valuedouble == value);
}

static void test_each_form_becomes_what_it_says(void **state)
{
	(void)state;
	cJSON *json = taken_json("hello");
	assert_number(at(json, NULL, "top"), -3);
	assert_number(at(json, "a", "large"), -5e9);
	assert_number(at(json, "a", "count"), 7);
	assert_number(at(json, "a", "slots"), 9);
	assert_number(at(json, "a", "third"), 0.333);
	assert_true(cJSON_IsNull(at(json, "a", "unknown")));
	assert_true(cJSON_IsTrue(at(json, "a", "truth")));
	assert_string_equal(cJSON_GetStringValue(at(json, "b", "words")), "hello");
	assert_true(cJSON_IsNull(at(json, "b", "nothing")));
	assert_true(cJSON_IsNull(at(json, "b", "never_s")));
	assert_true(at(json, "b", "then_s")->valuedouble >= 2);
	assert_number(at(json, "b", "mib"), 1.5);
	assert_true(cJSON_IsNull(at(json, "b", "unknown_mib")));
	assert_number(at(json, "b", "known_mib"), 1);
	cJSON_Delete(json);
}

static void test_a_text_is_utf8_whatever_was_given(void **state)
{
	(void)state;
	cJSON *json = taken_json("");
	assert_string_equal(cJSON_GetStringValue(at(json, "b", "text")), "a?\"z");
	const cJSON *list = at(json, "b", "list");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(cJSON_GetStringValue(at(cJSON_GetArrayItem(list, 0), NULL, "name")), "a?\"z");
	assert_number(at(cJSON_GetArrayItem(list, 0), NULL, "third"), 0.333);
	cJSON_Delete(json);
}

static void test_the_rows_keep_their_order_and_sections(void **state)
{
	(void)state;
	cJSON *json = taken_json("");
	assert_string_equal(json->child->string, "top");
	assert_string_equal(json->child->next->string, "a");
	assert_string_equal(json->child->next->next->string, "b");
	assert_null(json->child->next->next->next);
	cJSON_Delete(json);
}

static void test_a_snapshot_is_taken_once(void **state)
{
	(void)state;
	cJSON_Delete(taken_json(""));
	assert_int_equal(taken, 1);
}

static void test_the_page_names_each_row(void **state)
{
	(void)state;
	struct status status = { 0 };
	char *page = NULL;
	size_t bytes;
	FILE *out = open_memstream(&page, &bytes);
	assert_non_null(out);
	status_add(&status, &group, NULL);
	taken = 0;
	status_reference(&status, out);
	fclose(out);
	assert_int_equal(taken, 0); /* needs no module */
	assert_non_null(strstr(page, "## a\n"));
	assert_non_null(strstr(page, "| `b.then_s` | number or null | gauge | u | Help. |\n"));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_non_null(strstr(page, rows[i].path));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_form_becomes_what_it_says),
		cmocka_unit_test(test_a_text_is_utf8_whatever_was_given),
		cmocka_unit_test(test_the_rows_keep_their_order_and_sections),
		cmocka_unit_test(test_a_snapshot_is_taken_once),
		cmocka_unit_test(test_the_page_names_each_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
