/* Rules of pastcam-hub: the sun, times of day, what is read and what is refused, what matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "hub/rules.h"
#include "hub/sun.h"

static const struct rule_place london = { true, 51.5074, -0.1278 }, tromso = { true, 69.6492, 18.9553 },
                               nowhere = { false, 0, 0 };
static struct error error;
static char why[RULE_WHY_BYTES];

enum { SUMMER = 1718884800 /* 2024-06-20 12:00 UTC */, WINTER = 1734782400 /* 2024-12-21 12:00 UTC */ };

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void assert_near(int64_t one, int64_t other)
{
	if (llabs(one - other) > 120)
		fail_msg("%lld is not within two minutes of %lld", (long long)one, (long long)other);
}

/* As timeanddate.com has them. */
static void test_the_sun_rises_and_sets_as_almanacs_say(void **state)
{
	(void)state;
	struct sun_day sun = sun_on_day(london.latitude, london.longitude, SUMMER);
	assert_near(sun.rise_s, SUMMER - 12 * 3600 + 3 * 3600 + 43 * 60);
	assert_near(sun.set_s, SUMMER - 12 * 3600 + 20 * 3600 + 21 * 60);
	sun = sun_on_day(london.latitude, london.longitude, WINTER);
	assert_near(sun.rise_s, WINTER - 12 * 3600 + 8 * 3600 + 4 * 60);
	assert_near(sun.set_s, WINTER - 12 * 3600 + 15 * 3600 + 53 * 60);
	sun = sun_on_day(40.7128, -74.006, 1710936000); /* New York, 2024-03-20 */
	assert_near(sun.rise_s, 1710936000 - 61 * 60);
	assert_near(sun.set_s, 1710936000 + 11 * 3600 + 8 * 60);
	sun = sun_on_day(-33.8688, 151.2093, WINTER - 11 * 3600); /* Sydney, at its noon */
	assert_near(sun.rise_s, WINTER - 12 * 3600 - 5 * 3600 - 19 * 60);
	assert_near(sun.set_s, WINTER - 12 * 3600 + 9 * 3600 + 5 * 60);
}

static void test_beyond_the_polar_circle_there_may_be_no_sunset(void **state)
{
	(void)state;
	assert_int_equal(sun_on_day(tromso.latitude, tromso.longitude, WINTER).kind, SUN_NEVER_UP);
	assert_int_equal(sun_on_day(tromso.latitude, tromso.longitude, SUMMER).kind, SUN_NEVER_DOWN);
	assert_int_equal(sun_on_day(90, 0, SUMMER).kind, SUN_NEVER_DOWN);
	assert_int_equal(sun_on_day(-90, 0, SUMMER).kind, SUN_NEVER_UP);
	struct rule_time set, rise;
	rule_time_parse("sunset", &tromso, &set, &error);
	rule_time_parse("sunrise", &tromso, &rise, &error);
	for (int hour = 0; hour < 24; hour++) {
		assert_true(rule_time_is_between(&set, &rise, &tromso, WINTER + hour * 3600));
		assert_false(rule_time_is_between(&rise, &set, &tromso, WINTER + hour * 3600));
		assert_false(rule_time_is_between(&set, &rise, &tromso, SUMMER + hour * 3600));
		assert_true(rule_time_is_between(&rise, &set, &tromso, SUMMER + hour * 3600));
	}
	assert_true(rule_time_next(&set, &tromso, WINTER) == INT64_MAX);
	assert_true(rule_time_next(&set, &london, WINTER) < WINTER + 86400);
}

static bool between(const char *from, const char *to, int64_t now_s)
{
	struct rule_time one, other;
	assert_int_equal(rule_time_parse(from, &london, &one, &error), 0);
	assert_int_equal(rule_time_parse(to, &london, &other, &error), 0);
	return rule_time_is_between(&one, &other, &london, now_s);
}

static void test_between_goes_over_midnight_and_by_the_local_clock(void **state)
{
	(void)state;
	set_zone("Europe/London");
	assert_true(between("22:00", "06:00", WINTER + 11 * 3600));
	assert_true(between("22:00", "06:00", WINTER - 7 * 3600));
	assert_false(between("22:00", "06:00", WINTER));
	assert_false(between("22:00", "06:00", WINTER - 6 * 3600)); /* until is not in it */
	assert_true(between("12:30", "13:30", SUMMER));             /* summer time */
	assert_false(between("12:30", "13:30", WINTER));
	assert_true(between("00:00", "24:00", WINTER));
	assert_true(between("sunset", "sunrise", WINTER + 4 * 3600));
	assert_false(between("sunset", "sunrise", WINTER + 3 * 3600));
	assert_false(between("sunset+30m", "sunrise", WINTER + 4 * 3600));
	assert_true(between("sunset-1h", "23:00", WINTER + 3 * 3600));
}

static void test_the_next_time_of_day_comes_once_a_day(void **state)
{
	(void)state;
	struct rule_time time;
	set_zone("Europe/London");
	rule_time_parse("08:00", &nowhere, &time, &error);
	assert_true(rule_time_next(&time, &nowhere, WINTER) == WINTER + 20 * 3600);
	assert_true(rule_time_next(&time, &nowhere, WINTER - 4 * 3600) == WINTER + 20 * 3600);
	assert_true(rule_time_next(&time, &nowhere, WINTER - 4 * 3600 - 1) == WINTER - 4 * 3600);
	assert_true(rule_time_next(&time, &nowhere, SUMMER) == SUMMER + 19 * 3600);
}

static void test_times_that_cannot_be_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "",        "25:00",     "24:01",   "12:60",      "8",      "8:0",  "noon",
		                               "sunset2", "sunset+1x", "sunset+", "sunset+13h", " 08:00", "-1:00" };
	struct rule_time time;
	int64_t seconds;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(rule_time_parse(bad[i], &london, &time, &error), -22);
	assert_int_equal(rule_time_parse("sunset", &nowhere, &time, &error), -22);
	assert_non_null(strstr(error.text, "hub.latitude"));
	static const char *const spans[] = { "", "0s", "10", "1w", "-5m", "31d", "9999999999999999999s" };
	for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++)
		assert_int_equal(rule_time_parse_span(spans[i], &seconds, &error), -22);
}

static void test_what_is_wrong_in_a_rule_is_told_with_its_name(void **state)
{
	(void)state;
#define RULE(rest) "[{\"name\":\"n\"," rest "}]"
#define DO "\"do\":[\"save\"]"
#define WHEN "\"when\":{\"event\":\"trigger\"}"
	static const char *const bad[][2] = {
		{ "{}", "must be a list" },
		{ "[1]", "rule 1 must be a section" },
		{ "[{}]", "rule 1 needs a \"name\"" },
		{ "[{\"name\":\"a\"," WHEN "," DO "},{\"name\":\"a\"}]", "two rules have the name" },
		{ RULE(DO), "one of \"when\", \"every\" and \"at\"" },
		{ RULE(DO "," WHEN ",\"every\":\"1m\""), "one of" },
		{ RULE(DO "," WHEN ",\"whenn\":1"), "\"whenn\"" },
		{ RULE(DO ",\"when\":{}"), "no \"event\"" },
		{ RULE(DO ",\"when\":[]"), "\"when\" must be" },
		{ RULE(DO ",\"when\":{\"event\":\"motion\"}"), "no event \"motion\"" },
		{ RULE(DO ",\"when\":{\"event\":\"trigger\",\"zones\":1}"), "\"zones\"" },
		{ RULE(DO ",\"when\":{\"event\":\"trigger\",\"zone\":1}"), "\"zone\" must be" },
		{ RULE(DO ",\"when\":{\"event\":\"trigger\",\"min_score\":\"1\"}"), "min_score" },
		{ RULE(DO ",\"every\":\"often\""), "no span of time" },
		{ RULE(DO ",\"at\":[]"), "\"at\" must be" },
		{ RULE(DO ",\"at\":[\"25:00\"]"), "no time of day" },
		{ RULE(DO "," WHEN ",\"if\":[]"), "\"if\" must be" },
		{ RULE(DO "," WHEN ",\"if\":{\"armed\":1}"), "true or false" },
		{ RULE(DO "," WHEN ",\"if\":{\"dark\":true}"), "\"dark\"" },
		{ RULE(DO "," WHEN ",\"if\":{\"between\":[\"22:00\"]}"), "two times of day" },
		{ RULE(DO "," WHEN ",\"if\":{\"weekdays\":[\"n m\"]}"), "mon, tue" },
		{ RULE(DO "," WHEN ",\"if\":{\"any\":[]}"), "list of conditions" },
		{ RULE(WHEN), "\"do\" must be" },
		{ RULE(WHEN ",\"do\":[\"live\"]"), "cannot do \"live\"" },
		{ RULE(WHEN ",\"do\":[\"save\\nsave\"]"), "control character" },
		{ RULE(WHEN ",\"do\":[\"mqtt a/+\"]"), "without + and #" },
		{ RULE(WHEN ",\"do\":[\"mqtt a\\rb\"]"), "control character" },
		{ RULE(WHEN ",\"do\":[\"mqtt a\xff\"]"), "no UTF-8" },
		{ RULE(WHEN ",\"cooldown_s\":-1," DO), "cooldown_s" },
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		error.text[0] = '\0';
		assert_null(rules_parse(bad[i][0], &london, &error));
		if (!strstr(error.text, bad[i][1]))
			fail_msg("%s: \"%s\" has no \"%s\"", bad[i][0], error.text, bad[i][1]);
	}
}

static void test_conditions_that_nest_for_ever_are_refused(void **state)
{
	(void)state;
	char text[1024] = "[{\"name\":\"n\",\"every\":\"1m\",\"do\":[\"save\"],\"if\":";
	for (int i = 0; i < 20; i++)
		strcat(text, "{\"not\":");
	strcat(text, "{}");
	for (int i = 0; i < 20; i++)
		strcat(text, "}");
	strcat(text, "}]");
	assert_null(rules_parse(text, &london, &error));
	assert_non_null(strstr(error.text, "nest"));
}

static struct rules *read_rules(const char *json)
{
	struct rules *rules = rules_parse(json, &london, &error);
	if (!rules)
		fail_msg("%s", error.text);
	return rules;
}

static bool is_for(const struct rules *rules, const char *json)
{
	struct hub_event event;
	assert_int_equal(event_parse(&event, "yard", json, &error), 0);
	bool result = rule_is_for(&rules->at[0], &event, why);
	event_finish(&event);
	return result;
}

#define EVENT(name, more) "{\"event\":\"" name "\",\"id\":\"aa-1\",\"epoch\":1" more "}"

static void test_an_event_matches_all_that_stands_in_when(void **state)
{
	(void)state;
	struct rules *rules =
	    read_rules(RULE("\"when\":{\"event\":[\"motion.start\",\"trigger\"],\"camera\":\"yard\",\"zone\":["
	                    "\"gate\",\"path\"],\"min_score\":2}," DO));
	assert_true(is_for(rules, EVENT("motion.start", ",\"zone\":\"path\",\"score\":2")));
	assert_false(is_for(rules, EVENT("motion.end", ",\"zone\":\"path\",\"score\":2")));
	assert_non_null(strstr(why, "the event is \"motion.end\", not \"motion.start\""));
	assert_false(is_for(rules, EVENT("motion.start", ",\"zone\":\"tree\",\"score\":2")));
	assert_non_null(strstr(why, "zone"));
	assert_false(is_for(rules, EVENT("motion.start", ",\"zone\":\"path\",\"score\":1.9")));
	assert_non_null(strstr(why, "below 2"));
	assert_false(is_for(rules, EVENT("trigger", ",\"zone\":\"path\"")));
	rules_destroy(rules);
	rules = read_rules(RULE("\"when\":{\"event\":\"trigger\",\"camera\":\"door\"}," DO));
	assert_false(is_for(rules, EVENT("trigger", "")));
	assert_non_null(strstr(why, "camera"));
	rules_destroy(rules);
}

static bool is_so(const char *condition, bool is_armed, bool is_night)
{
	char text[512];
	snprintf(text, sizeof text, "[{\"name\":\"n\",\"every\":\"1m\",\"do\":[\"save\"],\"if\":%s}]", condition);
	struct rules *rules = read_rules(text);
	const struct rule_facts facts = { is_armed, is_night, WINTER }; /* a Saturday */
	bool result = rule_holds(&rules->at[0], &rules->place, &facts, why);
	rules_destroy(rules);
	return result;
}

static void test_conditions_combine(void **state)
{
	(void)state;
	assert_true(is_so("{}", false, false));
	assert_true(is_so("{\"armed\":true}", true, false));
	assert_false(is_so("{\"armed\":true}", false, false));
	assert_string_equal(why, "it is not armed");
	assert_true(is_so("{\"armed\":false,\"night\":true}", false, true));
	assert_false(is_so("{\"armed\":false,\"night\":true}", false, false));
	assert_true(is_so("{\"any\":[{\"armed\":true},{\"night\":true}]}", false, true));
	assert_false(is_so("{\"any\":[{\"armed\":true},{\"night\":true}]}", false, false));
	assert_false(is_so("{\"not\":{\"armed\":true}}", true, false));
	assert_true(is_so("{\"not\":{\"armed\":true,\"night\":true}}", true, false));
	assert_true(is_so("{\"weekdays\":[\"sat\",\"sun\"]}", false, false));
	assert_false(is_so("{\"weekdays\":[\"mon\"]}", false, false));
	assert_true(is_so("{\"all\":[{\"between\":[\"sunrise\",\"sunset\"]},{\"not\":{\"night\":true}}]}", false, false));
}

static void test_values_become_one_word_of_a_line(void **state)
{
	(void)state;
	struct hub_event event;
	char text[64];
	event_parse(&event, "yard", EVENT("trigger", ",\"label\":\"a b\\nsave\",\"zone\":\"\",\"score\":1.5"), &error);
	assert_int_equal(
	    rule_fill_in("clip label={label} {zone} {score} {what} {", FILL_WORD, &event, "yard", text, sizeof text), 0);
	assert_string_equal(text, "clip label=a_b_save - 1.5 {what} {");
	assert_int_equal(rule_fill_in("trigger {camera} {label}", FILL_WORD, NULL, "door", text, sizeof text), 0);
	assert_string_equal(text, "trigger door -");
	assert_true(
	    rule_fill_in("{label}{label}{label}{label}{label}{label}{label}{label}", FILL_WORD, &event, "y", text, 32) < 0);
	event_finish(&event);
}

static void test_a_rule_that_calls_itself_is_seen(void **state)
{
	(void)state;
	struct rules *rules =
	    read_rules("[{\"name\":\"a\",\"when\":{\"event\":\"clip.end\"},\"do\":[\"save\",\"clip after=5\"]},"
	               "{\"name\":\"b\",\"when\":{\"event\":\"picture.saved\"},\"do\":[\"PASTSTACK png\"]},"
	               "{\"name\":\"c\",\"when\":{\"event\":\"motion.start\"},\"do\":[\"save\"]},"
	               "{\"name\":\"d\",\"every\":\"1h\",\"do\":[\"save\"]}]");
	assert_true(rule_calls_itself(&rules->at[0]));
	assert_true(rule_calls_itself(&rules->at[1]));
	assert_false(rule_calls_itself(&rules->at[2]));
	assert_false(rule_calls_itself(&rules->at[3]));
	rules_destroy(rules);
}

#define LAPSE(time) "[{\"name\":\"n\"," time ",\"do\":[\"save\"]}]"

static void test_a_clock_that_jumps_neither_stops_nor_floods_a_lapse(void **state)
{
	(void)state;
	struct rules *rules = read_rules(LAPSE("\"every\":\"10m\""));
	const struct rule *rule = &rules->at[0];
	int64_t next_s = 0;
	set_zone("UTC");
	assert_false(rule_is_due(rule, &london, WINTER + 1, &next_s));
	assert_true(next_s == WINTER + 600);
	assert_true(rule_is_due(rule, &london, WINTER + 600, &next_s));
	assert_false(rule_is_due(rule, &london, WINTER + 601, &next_s));
	assert_true(rule_is_due(rule, &london, WINTER + 86400 + 5, &next_s)); /* forward: once */
	assert_true(next_s == WINTER + 86400 + 600);
	assert_false(rule_is_due(rule, &london, WINTER - 86400 + 5, &next_s)); /* back: from the next slot on */
	assert_true(next_s == WINTER - 86400 + 600);
	assert_true(rule_is_due(rule, &london, WINTER - 86400 + 600, &next_s));
	rules_destroy(rules);
}

static void test_a_time_of_day_that_the_clock_jumped_over_is_past(void **state)
{
	(void)state;
	struct rules *rules = read_rules(LAPSE("\"at\":[\"13:00\"]"));
	const struct rule *rule = &rules->at[0];
	int64_t next_s = 0;
	set_zone("UTC");
	assert_false(rule_is_due(rule, &london, WINTER, &next_s));
	assert_true(rule_is_due(rule, &london, WINTER + 3600 + 60, &next_s)); /* a wake-up that is late */
	next_s = 0;
	assert_false(rule_is_due(rule, &london, WINTER, &next_s));
	assert_false(rule_is_due(rule, &london, WINTER + 4 * 3600, &next_s));
	assert_true(next_s == WINTER + 25 * 3600);
	assert_false(rule_is_due(rule, &london, WINTER - 86400, &next_s));
	assert_true(rule_is_due(rule, &london, WINTER - 86400 + 3600, &next_s));
	rules_destroy(rules);
}

static void test_a_rule_for_sunset_waits_for_the_end_of_the_polar_night_and_day(void **state)
{
	(void)state;
	static const int64_t begins[] = { WINTER, SUMMER };
	struct rules *rules = rules_parse(LAPSE("\"at\":[\"sunset\"]"), &tromso, &error);
	set_zone("UTC");
	for (size_t i = 0; i < 2; i++) {
		int64_t next_s = 0, now_s = begins[i], end_s = now_s + INT64_C(70) * 86400;
		while (now_s < end_s && !rule_is_due(&rules->at[0], &tromso, now_s, &next_s))
			now_s += 60;
		assert_true(now_s > begins[i] + INT64_C(20) * 86400 && now_s < end_s);
		assert_int_equal(sun_on_day(tromso.latitude, tromso.longitude, now_s - 3600).kind, SUN_RISES);
	}
	rules_destroy(rules);
}

static void test_a_cooldown_outlives_a_clock_that_jumps(void **state)
{
	(void)state;
	struct rules *rules = read_rules(RULE(WHEN "," DO ",\"cooldown_s\":60"));
	const struct rule *rule = &rules->at[0];
	const int64_t last_ms = INT64_C(1000) * WINTER;
	assert_true(rule_is_cool(rule, 0, last_ms));
	assert_false(rule_is_cool(rule, last_ms, last_ms));
	assert_false(rule_is_cool(rule, last_ms, last_ms + 59999));
	assert_true(rule_is_cool(rule, last_ms, last_ms + 60000));
	assert_false(rule_is_cool(rule, last_ms, last_ms - 59999)); /* back by a little: waits that much longer */
	assert_true(rule_is_cool(rule, last_ms, last_ms - 60000));  /* back by more: not until the clock is there again */
	assert_true(rule_is_cool(rule, last_ms, INT64_C(1000)));
	rules_destroy(rules);
}

int main(void)
{
	set_zone("UTC");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sun_rises_and_sets_as_almanacs_say),
		cmocka_unit_test(test_beyond_the_polar_circle_there_may_be_no_sunset),
		cmocka_unit_test(test_between_goes_over_midnight_and_by_the_local_clock),
		cmocka_unit_test(test_the_next_time_of_day_comes_once_a_day),
		cmocka_unit_test(test_times_that_cannot_be_are_refused),
		cmocka_unit_test(test_what_is_wrong_in_a_rule_is_told_with_its_name),
		cmocka_unit_test(test_conditions_that_nest_for_ever_are_refused),
		cmocka_unit_test(test_an_event_matches_all_that_stands_in_when),
		cmocka_unit_test(test_conditions_combine),
		cmocka_unit_test(test_values_become_one_word_of_a_line),
		cmocka_unit_test(test_a_rule_that_calls_itself_is_seen),
		cmocka_unit_test(test_a_clock_that_jumps_neither_stops_nor_floods_a_lapse),
		cmocka_unit_test(test_a_time_of_day_that_the_clock_jumped_over_is_past),
		cmocka_unit_test(test_a_rule_for_sunset_waits_for_the_end_of_the_polar_night_and_day),
		cmocka_unit_test(test_a_cooldown_outlives_a_clock_that_jumps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
