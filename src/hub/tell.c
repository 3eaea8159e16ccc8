#include "tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "rule_engine.h"
#include "schema.h"
#include "sql.h"

enum { EVENT_FILE_BYTES = 64 * 1024 };

static const char get_armed[] = "SELECT value = '1' FROM settings WHERE name = 'armed'";

int tell_armed(const struct config *config, bool is_armed, FILE *out, struct error *error)
{
	static const char set[] = "INSERT INTO settings (name, value) VALUES ('armed', ?) ON CONFLICT (name) DO UPDATE SET "
	                          "value = excluded.value";
	char path[STORE_PATH_BYTES];
	struct sql sql = SQL_NULL;
	struct error reason = { 0 };
	store_path(config->hub.data_dir, path);
	int result = fsio_make_folder(config->hub.data_dir, 0, &reason);
	if (result == 0)
		result = sql_open(&sql, path, false, &reason);
	if (result == 0)
		result = schema_migrate(&sql, &reason);
	if (result == 0)
		result = sql_do(&sql, &reason, set, "t", is_armed ? "1" : "0");
	sql_close(&sql);
	if (result < 0)
		return error_set(error, result, "%.150s: %s", path, reason.text);
	fprintf(out, "%s\n", is_armed ? "armed" : "disarmed");
	return 0;
}

static bool is_armed(const struct config *config)
{
	char path[STORE_PATH_BYTES];
	struct sql sql = SQL_NULL;
	store_path(config->hub.data_dir, path);
	if (access(path, R_OK) < 0 || sql_open(&sql, path, true, NULL) < 0)
		return false;
	bool armed = sql_number(&sql, get_armed, 0) == 1;
	sql_close(&sql);
	return armed;
}

static int read_event(const char *path, struct hub_event *event, struct error *error)
{
	static char text[EVENT_FILE_BYTES];
	struct error reason = { 0 };
	size_t length = 0;
	if (strcmp(path, "-") == 0)
		length = fread(text, 1, sizeof text - 1, stdin);
	ssize_t got = strcmp(path, "-") == 0 ? (ssize_t)length : fsio_read_small(path, text, sizeof text);
	if (got < 0)
		return error_set_errno(error, (int)got, "cannot read %.150s", path);
	text[got] = '\0';
	cJSON *json = cJSON_Parse(text);
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "camera");
	char camera[CAMERA_NAME_BYTES] = "camera";
	if (cJSON_IsString(name) && name->valuestring[0])
		snprintf(camera, sizeof camera, "%s", name->valuestring);
	cJSON_Delete(json);
	int result = event_parse(event, camera, text, &reason);
	return result < 0 ? error_set(error, -EINVAL, "%.100s is no event: %s", path, reason.text) : 0;
}

static void tell_rule(const struct rules *rules, const struct rule *rule, const struct hub_event *event,
                      const struct rule_facts *facts, FILE *out)
{
	char why[RULE_WHY_BYTES], line[RULE_ACTION_BYTES];
	if (!rule_is_for(rule, event, why) || !rule_holds(rule, &rules->place, facts, why)) {
		fprintf(out, "%s: no, %s\n", rule->name, why);
		return;
	}
	static const char *const words[] = {
		[ACTION_LINE] = "",
		[ACTION_MQTT] = "mqtt ",
		[ACTION_WEBHOOK] = "webhook ",
		[ACTION_UPLOAD] = "upload ",
	};
	fprintf(out, "%s: fires%s\n", rule->name, rule->cooldown_s > 0 ? ", unless it is cooling down" : "");
	for (size_t i = 0; i < rule->action_count; i++)
		if (rule_fill_in(rule->actions[i].text, FILL_WORD, event, event->camera, line, sizeof line) == 0)
			fprintf(out, "    %s%s\n", words[rule->actions[i].kind], line);
}

static void list_rule(const struct rule *rule, FILE *out)
{
	fprintf(out, "%s: %s, %zu action%s%s\n", rule->name,
	        rule->has_when      ? rule->events.at[0]
	        : rule->every_s > 0 ? "by span"
	                            : "by time of day",
	        rule->action_count, rule->action_count == 1 ? "" : "s", rule_calls_itself(rule) ? ", calls itself" : "");
}

int tell_rules(const struct config *config, const char *event_path, FILE *out, struct error *error)
{
	struct hub_event event = HUB_EVENT_NULL;
	struct rules *rules = rule_engine_read(config, error);
	int result = rules ? 0 : -EINVAL;
	if (result == 0 && event_path)
		result = read_event(event_path, &event, error);
	const struct rule_facts facts = {
		.is_armed = is_armed(config),
		.is_night = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(event.json, "night")),
		.now_s = event.time_ms / 1000,
	};
	if (result == 0 && event_path)
		fprintf(out, "%s, %s\n", facts.is_armed ? "armed" : "disarmed", facts.is_night ? "night" : "day");
	for (size_t i = 0; result == 0 && i < rules->count; i++) {
		if (event_path)
			tell_rule(rules, &rules->at[i], &event, &facts, out);
		else
			list_rule(&rules->at[i], out);
	}
	event_finish(&event);
	rules_destroy(rules);
	return result;
}
