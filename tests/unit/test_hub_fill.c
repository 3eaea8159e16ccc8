/* Values in lines, JSON and texts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hub/rules.h"
#include "hub/sha256.h"

static struct hub_event event;
static char out[128];

static int make(void **state)
{
	(void)state;
	struct error error;
	return event_parse(&event, "yard",
	                   "{\"event\":\"trigger\",\"id\":\"aa-1\",\"epoch\":1,\"label\":\"a \\\"b\\\"\\n\\\\\"}", &error);
}

static int finish(void **state)
{
	(void)state;
	event_finish(&event);
	return 0;
}

static void test_a_value_in_json_stays_within_its_quotes(void **state)
{
	(void)state;
	assert_int_equal(rule_fill_in("{\"text\":\"{label}\"}", FILL_JSON, &event, "yard", out, sizeof out), 0);
	cJSON *json = cJSON_Parse(out);
	assert_string_equal(cJSON_GetObjectItem(json, "text")->valuestring, "a \"b\"\n\\");
	cJSON_Delete(json);
}

static void test_a_value_in_a_text_is_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(rule_fill_in("<{label}>{zone}", FILL_TEXT, &event, "yard", out, sizeof out), 0);
	assert_string_equal(out, "<a \"b\"\n\\>");
}

static void test_what_does_not_fit_is_refused_in_each_way(void **state)
{
	(void)state;
	char small[10];
	for (enum rule_fill fill = FILL_WORD; fill <= FILL_TEXT; fill++) {
		assert_int_equal(rule_fill_in("{label}{label}", fill, &event, "yard", small, sizeof small), -EMSGSIZE);
		assert_true(strlen(small) < sizeof small);
	}
}

/* RFC 4231, test case 2. */
static void test_the_signature_is_hmac_sha256(void **state)
{
	(void)state;
	char hex[SHA256_HEX_BYTES];
	assert_int_equal(sha256_hmac("Jefe", 4, "what do ya want for nothing?", 28, hex), 0);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_value_in_json_stays_within_its_quotes, make, finish),
		cmocka_unit_test_setup_teardown(test_a_value_in_a_text_is_as_it_is, make, finish),
		cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_refused_in_each_way, make, finish),
		cmocka_unit_test_setup_teardown(test_the_signature_is_hmac_sha256, make, finish),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
