/* Rules, events and times of day that anybody may write. */
#include "fuzz.h"

#include <string.h>

#include "hub/found_file.h"
#include "hub/history.h"
#include "hub/rules.h"

/* A line is one line, and so is a topic; what a message says is its own business. */
static void check_action(enum action_kind kind, char *filled)
{
	if (kind == ACTION_MQTT)
		filled[strcspn(filled, " ")] = '\0';
	if (kind == ACTION_MQTT || kind == ACTION_LINE)
		FUZZ_CHECK(!strpbrk(filled, "\r\n"));
}

static void check_rules(const char *text, const struct rule_place *place)
{
	static const char line[] = "{\"event\":\"motion.start\",\"id\":\"aa-1\",\"epoch\":1795000000,\"zone\":\"a b\"}";
	const struct rule_facts facts = { true, false, 1795000000 };
	struct error error = { .code = 0 };
	struct rules *rules = rules_parse(text, place, &error);
	FUZZ_CHECK(rules || error.text[0]);
	struct hub_event event;
	FUZZ_CHECK(event_parse(&event, "yard", line, &error) == 0);
	for (size_t i = 0; rules && i < rules->count; i++) {
		const struct rule *rule = &rules->at[i];
		char why[RULE_WHY_BYTES] = "", filled[RULE_ACTION_BYTES];
		FUZZ_CHECK(rule->action_count > 0 && (rule_is_for(rule, &event, why) || why[0]));
		why[0] = '\0';
		FUZZ_CHECK(rule_holds(rule, place, &facts, why) || why[0]);
		if (rule_fill_in(rule->actions[0].text, FILL_WORD, &event, "yard", filled, sizeof filled) == 0)
			check_action(rule->actions[0].kind, filled);
		rule_calls_itself(rule);
	}
	event_finish(&event);
	rules_destroy(rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = fuzz_text(data, bytes);
	const struct rule_place place = { true, 69.6, 18.9 };
	struct hub_event event;
	struct rule_time time;
	struct found_file file;
	struct error error = { .code = 0 };
	int64_t number;
	check_rules(text, &place);
	if (rule_time_parse(text, &place, &time, NULL) == 0)
		FUZZ_CHECK(rule_time_next(&time, &place, 1795000000) > 1795000000);
	rule_time_parse_span(text, &number, NULL);
	history_parse_moment(text, 1795000000000, &number, NULL);
	found_file_parse(text, &file);
	if (event_parse(&event, "yard", text, &error) == 0)
		FUZZ_CHECK(event.number >= 0 && event.type[0]);
	event_finish(&event);
	free(text);
	return 0;
}
