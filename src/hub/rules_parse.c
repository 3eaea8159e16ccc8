#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "client/client.h"
#include "rules_parse.h"

static const double cooldown_most_s = 30 * 86400.0;

int rules_refuse(struct error *error, const char *key, const char *wanted)
{
	return error_set(error, -EINVAL, "\"%.40s\" must be %s", key, wanted);
}

/* Every member must be one of names, which has a space around each. */
static int check_keys(const cJSON *object, const char *names, struct error *error)
{
	for (const cJSON *item = object->child; item; item = item->next) {
		char word[48];
		const char *key = item->string ? item->string : "";
		if ((size_t)snprintf(word, sizeof word, " %s ", key) >= sizeof word || !strstr(names, word))
			return error_set(error, -EINVAL, "it has \"%.*s\", but only%scan stand there", utf8_fit(key, 40), key,
			                 names);
	}
	return 0;
}

/* --- words --- */

static int add_word(struct rule_words *words, const cJSON *item, const char *key, struct error *error)
{
	if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
		return rules_refuse(error, key, "a text, or a list of them");
	if (words->count == RULE_WORDS_MAX)
		return error_set(error, -EINVAL, "\"%s\" has more than %d texts", key, RULE_WORDS_MAX);
	if (strlen(item->valuestring) >= RULE_WORD_BYTES)
		return error_set(error, -EINVAL, "\"%s\" has a text of more than %d bytes", key, RULE_WORD_BYTES - 1);
	strcpy(words->at[words->count++], item->valuestring);
	return 0;
}

static int parse_words(const cJSON *object, const char *key, struct rule_words *words, struct error *error)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key), *item;
	int result = 0;
	if (!value)
		return 0;
	if (!cJSON_IsArray(value))
		return add_word(words, value, key, error);
	cJSON_ArrayForEach(item, value) if (result == 0) result = add_word(words, item, key, error);
	return result == 0 && words->count == 0 ? rules_refuse(error, key, "a text, or a list of at least one") : result;
}

/* --- when --- */

static int check_events(const struct rule_words *events, struct error *error)
{
	for (size_t i = 0; i < events->count; i++)
		if (!event_type_is_known(events->at[i]))
			return error_set(
			    error, -EINVAL,
			    "there is no event \"%.*s\": events.md lists them, such as motion.start, trigger, clip.end",
			    utf8_fit(events->at[i], 40), events->at[i]);
	return events->count > 0 ? 0 : error_set(error, -EINVAL, "its \"when\" has no \"event\", such as motion.start");
}

static int parse_when(const cJSON *when, struct rule *rule, struct error *error)
{
	const cJSON *score = cJSON_GetObjectItemCaseSensitive(when, "min_score");
	rule->has_when = true;
	if (!cJSON_IsObject(when))
		return rules_refuse(error, "when", "a section: {\"event\": \"motion.start\"}");
	int result = check_keys(when, " event camera zone label min_score ", error);
	if (result == 0)
		result = parse_words(when, "event", &rule->events, error);
	if (result == 0)
		result = check_events(&rule->events, error);
	if (result == 0)
		result = parse_words(when, "camera", &rule->cameras, error);
	if (result == 0)
		result = parse_words(when, "zone", &rule->zones, error);
	if (result == 0)
		result = parse_words(when, "label", &rule->labels, error);
	if (result == 0 && score && !cJSON_IsNumber(score))
		result = rules_refuse(error, "min_score", "a number");
	rule->has_min_score = score != NULL;
	rule->min_score = score ? score->valuedouble : 0;
	return result;
}

static int parse_every(const cJSON *every, struct rule *rule, struct error *error)
{
	if (!cJSON_IsString(every))
		return rules_refuse(error, "every", "a span of time in quotes, such as \"10m\"");
	return rule_time_parse_span(every->valuestring, &rule->every_s, error);
}

static int parse_at(const cJSON *at, const struct rule_place *place, struct rule *rule, struct error *error)
{
	const cJSON *item, *first = cJSON_IsArray(at) ? at->child : at;
	for (item = first; item; item = cJSON_IsArray(at) ? item->next : NULL) {
		if (!cJSON_IsString(item))
			return rules_refuse(error, "at", "times of day in quotes, such as [\"08:00\", \"sunset\"]");
		if (rule->time_count == RULE_TIMES_MAX)
			return error_set(error, -EINVAL, "\"at\" has more than %d times", RULE_TIMES_MAX);
		int result = rule_time_parse(item->valuestring, place, &rule->times[rule->time_count++], error);
		if (result < 0)
			return result;
	}
	return rule->time_count > 0 ? 0 : rules_refuse(error, "at", "a time of day, or a list of at least one");
}

/* --- if --- */

static int parse_condition(const cJSON *object, const struct rule_place *place, struct condition *all, int depth,
                           struct error *error);

static struct condition *add_child(struct condition *parent, enum condition_kind kind, struct error *error)
{
	if (!parent->children)
		parent->children = calloc(RULE_CONDITIONS_MAX, sizeof *parent->children);
	if (!parent->children || parent->count == RULE_CONDITIONS_MAX) {
		error_set(error, -EINVAL, "more than %d conditions stand together", RULE_CONDITIONS_MAX);
		return NULL;
	}
	struct condition *child = &parent->children[parent->count++];
	*child = (struct condition){ .kind = kind };
	return child;
}

static int parse_bool(const cJSON *value, const char *key, struct condition *condition, struct error *error)
{
	if (!cJSON_IsBool(value))
		return rules_refuse(error, key, "true or false");
	condition->wanted = cJSON_IsTrue(value);
	return 0;
}

static int parse_between(const cJSON *value, const struct rule_place *place, struct condition *condition,
                         struct error *error)
{
	const cJSON *from = cJSON_IsArray(value) ? value->child : NULL, *to = from ? from->next : NULL;
	if (!cJSON_IsString(from) || !to || !cJSON_IsString(to) || to->next)
		return rules_refuse(error, "between",
		                    "two times of day, such as [\"22:00\", \"06:00\"] or [\"sunset\", \"sunrise\"]");
	int result = rule_time_parse(from->valuestring, place, &condition->from, error);
	return result < 0 ? result : rule_time_parse(to->valuestring, place, &condition->to, error);
}

static int parse_weekdays(const cJSON *value, struct condition *condition, struct error *error)
{
	static const char names[] = "sun mon tue wed thu fri sat";
	const cJSON *item;
	cJSON_ArrayForEach(item, value)
	{
		const char *day =
		    cJSON_IsString(item) && strlen(item->valuestring) == 3 ? strstr(names, item->valuestring) : NULL;
		if (!day || strchr(item->valuestring, ' '))
			return rules_refuse(error, "weekdays", "a list of mon, tue, wed, thu, fri, sat, sun");
		condition->weekdays |= 1u << ((day - names) / 4);
	}
	return condition->weekdays ? 0 : rules_refuse(error, "weekdays", "a list of mon, tue, wed, thu, fri, sat, sun");
}

static int parse_group(const cJSON *value, const struct rule_place *place, struct condition *group, int depth,
                       struct error *error)
{
	const cJSON *item;
	int result = 0;
	if (group->kind == CONDITION_NOT) {
		struct condition *child = add_child(group, CONDITION_ALL, error);
		return child ? parse_condition(value, place, child, depth + 1, error) : -EINVAL;
	}
	if (!cJSON_IsArray(value) || !value->child)
		return rules_refuse(error, group->kind == CONDITION_ALL ? "all" : "any", "a list of conditions: [{…}, {…}]");
	cJSON_ArrayForEach(item, value)
	{
		struct condition *child = result == 0 ? add_child(group, CONDITION_ALL, error) : NULL;
		if (result == 0)
			result = child ? parse_condition(item, place, child, depth + 1, error) : -EINVAL;
	}
	return result;
}

static int parse_member(const cJSON *item, const struct rule_place *place, struct condition *all, int depth,
                        struct error *error)
{
	static const char *const names[] = {
		[CONDITION_ALL] = "all",           [CONDITION_ANY] = "any",     [CONDITION_NOT] = "not",
		[CONDITION_ARMED] = "armed",       [CONDITION_NIGHT] = "night", [CONDITION_BETWEEN] = "between",
		[CONDITION_WEEKDAYS] = "weekdays",
	};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(names[i], item->string) != 0)
			continue;
		struct condition *child = add_child(all, (enum condition_kind)i, error);
		if (!child)
			return -EINVAL;
		if (child->kind == CONDITION_BETWEEN)
			return parse_between(item, place, child, error);
		if (child->kind == CONDITION_WEEKDAYS)
			return parse_weekdays(item, child, error);
		if (child->kind == CONDITION_ARMED || child->kind == CONDITION_NIGHT)
			return parse_bool(item, item->string, child, error);
		return parse_group(item, place, child, depth, error);
	}
	return -EINVAL;
}

static int parse_condition(const cJSON *object, const struct rule_place *place, struct condition *all, int depth,
                           struct error *error)
{
	if (!cJSON_IsObject(object))
		return rules_refuse(error, "if", "conditions in a section: {\"armed\": true}");
	if (depth > RULE_DEPTH_MAX)
		return error_set(error, -EINVAL, "its conditions nest more than %d deep", RULE_DEPTH_MAX);
	int result = check_keys(object, " armed between night weekdays all any not ", error);
	for (const cJSON *item = object->child; result == 0 && item; item = item->next)
		result = parse_member(item, place, all, depth, error);
	return result;
}

/* --- rules --- */

static int parse_triggers(const cJSON *object, const struct rule_place *place, struct rule *rule, struct error *error)
{
	const cJSON *when = cJSON_GetObjectItemCaseSensitive(object, "when");
	const cJSON *every = cJSON_GetObjectItemCaseSensitive(object, "every");
	const cJSON *at = cJSON_GetObjectItemCaseSensitive(object, "at");
	if ((when != NULL) + (every != NULL) + (at != NULL) != 1)
		return error_set(error, -EINVAL, "it needs one of \"when\", \"every\" and \"at\"");
	return when    ? parse_when(when, rule, error)
	       : every ? parse_every(every, rule, error)
	               : parse_at(at, place, rule, error);
}

static int parse_rule(const cJSON *object, const struct rule_place *place, struct rule *rule, struct error *error)
{
	const cJSON *condition = cJSON_GetObjectItemCaseSensitive(object, "if");
	const cJSON *cooldown = cJSON_GetObjectItemCaseSensitive(object, "cooldown_s");
	int result = check_keys(object, " name when every at if do camera cooldown_s ", error);
	if (result == 0)
		result = parse_triggers(object, place, rule, error);
	if (result == 0 && condition)
		result = parse_condition(condition, place, &rule->condition, 1, error);
	if (result == 0)
		result = rules_parse_do(cJSON_GetObjectItemCaseSensitive(object, "do"), rule, error);
	if (result == 0)
		result = parse_words(object, "camera", &rule->on, error);
	if (result == 0 && cooldown &&
	    (!cJSON_IsNumber(cooldown) || !(cooldown->valuedouble >= 0) || cooldown->valuedouble > cooldown_most_s))
		result = rules_refuse(error, "cooldown_s", "seconds, from 0 to 2592000");
	rule->cooldown_s = cooldown ? cooldown->valuedouble : 0;
	return result;
}

static int parse_named(struct rules *rules, const cJSON *object, size_t number, struct error *error)
{
	struct error reason = { 0 };
	struct rule *rule = &rules->at[rules->count];
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "name");
	if (!cJSON_IsObject(object))
		return error_set(error, -EINVAL, "rule %zu must be a section: {\"name\": …}", number);
	if (!cJSON_IsString(name) || name->valuestring[0] == '\0' || strlen(name->valuestring) >= RULE_NAME_BYTES)
		return error_set(error, -EINVAL, "rule %zu needs a \"name\" of 1 to %d bytes", number, RULE_NAME_BYTES - 1);
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->at[i].name, name->valuestring) == 0)
			return error_set(error, -EINVAL, "two rules have the name \"%.40s\"", name->valuestring);
	strcpy(rule->name, name->valuestring);
	rules->count++;
	int result = parse_rule(object, &rules->place, rule, &reason);
	return result < 0 ? error_set(error, result, "rule \"%.40s\": %s", rule->name, reason.text) : 0;
}

static struct rules *make_room(size_t count, struct error *error)
{
	struct rules *rules = calloc(1, sizeof *rules);
	struct rule *at = calloc(count > 0 ? count : 1, sizeof *at);
	if (!rules || !at) {
		free(rules);
		free(at);
		error_set(error, -ENOMEM, "no memory for %zu rules", count);
		return NULL;
	}
	rules->at = at;
	return rules;
}

struct rules *rules_parse(const char *json, const struct rule_place *place, struct error *error)
{
	cJSON *list = cJSON_Parse(json);
	size_t count = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0, number = 0;
	struct rules *rules = make_room(count, error);
	if (!rules) {
		cJSON_Delete(list);
		return NULL;
	}
	rules->place = *place;
	int result = 0;
	if (!cJSON_IsArray(list))
		result = error_set(error, -EINVAL, "the rules must be a list: [ … ]");
	else if (count > RULES_MAX)
		result = error_set(error, -EINVAL, "there are more than %d rules", RULES_MAX);
	const cJSON *item;
	cJSON_ArrayForEach(item, list) if (result == 0) result = parse_named(rules, item, ++number, error);
	cJSON_Delete(list);
	if (result == 0)
		return rules;
	rules_destroy(rules);
	return NULL;
}

static void free_condition(struct condition *condition)
{
	for (size_t i = 0; i < condition->count; i++)
		free_condition(&condition->children[i]);
	free(condition->children);
}

void rules_destroy(struct rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++)
		free_condition(&rules->at[i].condition);
	free(rules->at);
	free(rules);
}
