/* What a rule does: "do". */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"
#include "rules_parse.h"

enum { TOPIC_BYTES_MAX = 200 };

/* What makes sense without anybody who reads the reply. */
static const char lines[] = " save past paststack clip pin trigger motion ";

static bool has_control(const char *text)
{
	for (const char *byte = text; *byte; byte++)
		if ((unsigned char)*byte < ' ' || *byte == 0x7f)
			return true;
	return false;
}

int rule_check_line(const char *line, struct error *error)
{
	char word[24];
	size_t length = strcspn(line, " ");
	if (has_control(line))
		return error_set(error, -EINVAL, "an action has a control character in it");
	snprintf(word, sizeof word, " %.*s ", (int)min_size(length, 20), line);
	for (char *byte = word; *byte; byte++)
		*byte = (char)(*byte >= 'A' && *byte <= 'Z' ? *byte + 32 : *byte);
	if (length > 0 && length <= 20 && strstr(lines, word))
		return 0;
	return error_set(error, -EINVAL,
	                 "it cannot do \"%.*s\": an action begins with save, past, pastStack, clip, pin, motion, "
	                 "trigger, mqtt, webhook or upload",
	                 utf8_fit(line, 40), line);
}

/* "TOPIC" or "TOPIC PAYLOAD". */
static int check_mqtt(const char *text, struct error *error)
{
	char topic[TOPIC_BYTES_MAX + 1], repaired[TOPIC_BYTES_MAX + 1];
	size_t length = strcspn(text, " ");
	if (length == 0 || length > TOPIC_BYTES_MAX || strcspn(text, "+#") < length)
		return error_set(error, -EINVAL, "\"mqtt\" needs a topic of 1 to %d bytes without + and #", TOPIC_BYTES_MAX);
	memcpy(topic, text, length);
	topic[length] = '\0';
	if (has_control(topic))
		return error_set(error, -EINVAL, "the topic of \"mqtt\" has a control character in it");
	memcpy(repaired, topic, length + 1);
	utf8_repair(repaired);
	return strcmp(topic, repaired) == 0 ? 0 : error_set(error, -EINVAL, "the topic of \"mqtt\" is no UTF-8");
}

/* Where it goes: a word of these, and what stands behind it; else it is a line for the camera. */
static enum action_kind kind_of(const char *text, const char **rest)
{
	static const struct {
		const char *word;
		enum action_kind kind;
	} words[] = { { "mqtt ", ACTION_MQTT }, { "webhook ", ACTION_WEBHOOK }, { "upload ", ACTION_UPLOAD } };
	*rest = text;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t length = strlen(words[i].word);
		if (strncmp(text, words[i].word, length) != 0)
			continue;
		*rest = text + length;
		return words[i].kind;
	}
	return ACTION_LINE;
}

/* Only these have a file. */
static int check_upload(const struct rule *rule, const char *name, struct error *error)
{
	bool has_file = rule->has_when;
	for (size_t i = 0; i < rule->events.count; i++)
		has_file = has_file &&
		           (strcmp(rule->events.at[i], "picture.saved") == 0 || strcmp(rule->events.at[i], "clip.end") == 0);
	if (name[0] == '\0' || strchr(name, ' '))
		return error_set(error, -EINVAL, "\"upload\" needs one name of hub.uploads");
	if (!has_file)
		return error_set(error, -EINVAL,
		                 "\"upload\" sends the event's files, so its \"when\" must be picture.saved, clip.end or both");
	return 0;
}

static int check_action(const struct rule *rule, const struct action *action, struct error *error)
{
	switch (action->kind) {
	case ACTION_MQTT:
		return check_mqtt(action->text, error);
	case ACTION_WEBHOOK:
		return action->text[0] && !strchr(action->text, ' ')
		           ? 0
		           : error_set(error, -EINVAL, "\"webhook\" needs one name of hub.webhooks, or an address");
	case ACTION_UPLOAD:
		return check_upload(rule, action->text, error);
	case ACTION_LINE:
		break;
	}
	return rule_check_line(action->text, error);
}

static int parse_action(const cJSON *item, const struct rule *rule, struct action *action, struct error *error)
{
	const char *text = cJSON_IsString(item) ? item->valuestring : "", *rest;
	if (text[0] == '\0')
		return rules_refuse(error, "do", "actions in quotes, such as [\"clip before=10\"]");
	if (strlen(text) >= RULE_ACTION_BYTES)
		return error_set(error, -EINVAL, "an action has more than %d bytes", RULE_ACTION_BYTES - 1);
	action->kind = kind_of(text, &rest);
	strcpy(action->text, rest);
	return check_action(rule, action, error);
}

int rules_parse_do(const cJSON *list, struct rule *rule, struct error *error)
{
	const cJSON *item;
	if (!cJSON_IsArray(list) || !list->child)
		return rules_refuse(error, "do", "a list of at least one action, such as [\"clip before=10\"]");
	cJSON_ArrayForEach(item, list)
	{
		if (rule->action_count == RULE_ACTIONS_MAX)
			return error_set(error, -EINVAL, "\"do\" has more than %d actions", RULE_ACTIONS_MAX);
		int result = parse_action(item, rule, &rule->actions[rule->action_count++], error);
		if (result < 0)
			return result;
	}
	return 0;
}
