#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/utf8.h"
#include "rules.h"

bool rule_words_has(const struct rule_words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (strcmp(words->at[i], word) == 0)
			return true;
	return words->count == 0;
}

static bool is_one(const struct rule_words *words, const char *word, const char *what, char why[RULE_WHY_BYTES])
{
	if (rule_words_has(words, word))
		return true;
	snprintf(why, RULE_WHY_BYTES, "the %s is \"%.*s\", not \"%.40s\"%s", what, utf8_fit(word, 40), word, words->at[0],
	         words->count > 1 ? " or one of the others" : "");
	return false;
}

bool rule_is_for(const struct rule *rule, const struct hub_event *event, char why[RULE_WHY_BYTES])
{
	if (!rule->has_when) {
		snprintf(why, RULE_WHY_BYTES, "it waits for a time, not for an event");
		return false;
	}
	if (!is_one(&rule->events, event->type, "event", why) || !is_one(&rule->cameras, event->camera, "camera", why) ||
	    !is_one(&rule->zones, event->zone, "zone", why) || !is_one(&rule->labels, event->label, "label", why))
		return false;
	if (!rule->has_min_score || (event->has_score && event->score >= rule->min_score))
		return true;
	snprintf(why, RULE_WHY_BYTES, event->has_score ? "the score is %g, below %g" : "it has no score", event->score,
	         rule->min_score);
	return false;
}

/* --- if --- */

static int weekday(int64_t now_s)
{
	time_t now = (time_t)now_s;
	struct tm tm;
	localtime_r(&now, &tm);
	return tm.tm_wday;
}

static bool holds(const struct condition *condition, const struct rule_place *place, const struct rule_facts *facts,
                  char why[RULE_WHY_BYTES]);

/* The reason of the first one that does not hold. */
static bool holds_all(const struct condition *all, const struct rule_place *place, const struct rule_facts *facts,
                      char why[RULE_WHY_BYTES])
{
	for (size_t i = 0; i < all->count; i++)
		if (!holds(&all->children[i], place, facts, why))
			return false;
	return true;
}

static bool holds_any(const struct condition *any, const struct rule_place *place, const struct rule_facts *facts,
                      char why[RULE_WHY_BYTES])
{
	for (size_t i = 0; i < any->count; i++)
		if (holds(&any->children[i], place, facts, why))
			return true;
	return false;
}

static bool say(bool is_so, char why[RULE_WHY_BYTES], const char *text)
{
	if (!is_so)
		snprintf(why, RULE_WHY_BYTES, "%s", text);
	return is_so;
}

static bool holds(const struct condition *condition, const struct rule_place *place, const struct rule_facts *facts,
                  char why[RULE_WHY_BYTES])
{
	switch (condition->kind) {
	case CONDITION_ALL:
		return holds_all(condition, place, facts, why);
	case CONDITION_ANY:
		return holds_any(condition, place, facts, why);
	case CONDITION_NOT:
		return say(!holds_all(condition, place, facts, why), why, "what stands in \"not\" is so");
	case CONDITION_ARMED:
		return say(facts->is_armed == condition->wanted, why, facts->is_armed ? "it is armed" : "it is not armed");
	case CONDITION_NIGHT:
		return say(facts->is_night == condition->wanted, why,
		           facts->is_night ? "the camera has night" : "the camera has day");
	case CONDITION_BETWEEN:
		return say(rule_time_is_between(&condition->from, &condition->to, place, facts->now_s), why,
		           "it is not the time of the day");
	case CONDITION_WEEKDAYS:
		return say(condition->weekdays >> weekday(facts->now_s) & 1, why, "it is another day of the week");
	}
	return false;
}

bool rule_holds(const struct rule *rule, const struct rule_place *place, const struct rule_facts *facts,
                char why[RULE_WHY_BYTES])
{
	return holds(&rule->condition, place, facts, why);
}

bool rule_calls_itself(const struct rule *rule)
{
	static const struct {
		const char *word, *event;
	} makes[] = {
		{ "save", "picture.saved" },  { "save", "picture.failed" },     { "past", "picture.saved" },
		{ "past", "picture.failed" }, { "pastStack", "picture.saved" }, { "pastStack", "picture.failed" },
		{ "clip", "clip.start" },     { "clip", "clip.end" },           { "clip", "clip.failed" },
		{ "pin", "pin.made" },        { "pin", "pin.dropped" },         { "trigger", "trigger" },
		{ "motion", "motion.on" },    { "motion", "motion.off" },
	};
	if (!rule->has_when)
		return false;
	for (size_t i = 0; i < rule->action_count; i++) {
		const struct action *action = &rule->actions[i];
		size_t length = strcspn(action->text, " ");
		for (size_t j = 0; action->kind == ACTION_LINE && j < sizeof makes / sizeof makes[0]; j++)
			if (strlen(makes[j].word) == length && strncasecmp(makes[j].word, action->text, length) == 0 &&
			    rule_words_has(&rule->events, makes[j].event))
				return true;
	}
	return false;
}

/* --- {camera} and the like --- */

static const char *value_of(const char *name, size_t length, const struct hub_event *event, const char *camera,
                            char number[32])
{
	static const char *const texts[] = { "event", "zone", "label", "id", "time", "path" };
	if (length == 6 && strncmp(name, "camera", 6) == 0)
		return camera;
	if (length == 5 && strncmp(name, "score", 5) == 0) {
		snprintf(number, 32, "%g", event && event->has_score ? event->score : 0);
		return number;
	}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strlen(texts[i]) == length && strncmp(texts[i], name, length) == 0)
			return event ? event_text(event, texts[i]) : "";
	return NULL;
}

static size_t add_word(char *out, size_t bytes, const char *value)
{
	size_t length = 0;
	for (; *value && length + 1 < bytes; value++) {
		unsigned char byte = (unsigned char)*value;
		bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
		                byte >= 0x80 || strchr("_.:/+-", byte);
		out[length++] = is_plain ? *value : '_';
	}
	if (length == 0 && bytes > 1)
		out[length++] = '-';
	return length;
}

static size_t add_json(char *out, size_t bytes, const char *value)
{
	size_t length = 0;
	for (; *value && length + 7 < bytes; value++) {
		unsigned char byte = (unsigned char)*value;
		if (byte < ' ' || byte == '"' || byte == '\\')
			length += (size_t)snprintf(out + length, bytes - length, "\\u%04x", byte);
		else
			out[length++] = *value;
	}
	return *value ? bytes : length;
}

static size_t add_value(enum rule_fill fill, char *out, size_t bytes, const char *value)
{
	size_t length = strlen(value);
	if (fill == FILL_WORD)
		return add_word(out, bytes, value);
	if (fill == FILL_JSON)
		return add_json(out, bytes, value);
	memcpy(out, value, length < bytes ? length : bytes);
	return length < bytes ? length : bytes;
}

int rule_fill_in(const char *text, enum rule_fill fill, const struct hub_event *event, const char *camera, char *out,
                 size_t bytes)
{
	size_t used = 0;
	while (*text && used + 1 < bytes) {
		char number[32];
		size_t length = *text == '{' ? strcspn(text + 1, "{}") : 0;
		const char *value =
		    length > 0 && text[1 + length] == '}' ? value_of(text + 1, length, event, camera, number) : NULL;
		if (value) {
			used += add_value(fill, out + used, bytes - used, value);
			text += length + 2;
		} else {
			out[used++] = *text++;
		}
	}
	out[used < bytes ? used : bytes - 1] = '\0';
	return *text || used + 1 >= bytes ? -EMSGSIZE : 0;
}
