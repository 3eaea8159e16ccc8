#include "rule_engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { WAKE_MOST_S = 60, MS_PER_S = 1000 };

struct burst {
	int64_t began_ns;
	unsigned count;
};

struct rule_state {
	int64_t next_s;                          /* of a rule by time; 0: not known */
	struct burst bursts[CLIENT_CAMERAS_MAX]; /* of a rule with events, for each camera */
};

struct rule_engine {
	struct loop *loop;
	struct rule_outlets outlets;
	struct store *store;
	struct cameras *cameras;
	struct rules *rules;
	struct rule_state *states; /* one a rule */
	struct loop_watch *timer;
};

bool rule_engine_is_armed(struct store *store)
{
	char value[8];
	return store_get(store, "armed", value, sizeof value) && strcmp(value, "1") == 0;
}

struct rules *rule_engine_read(const struct config *config, struct error *error)
{
	const double latitude = config->hub.latitude, longitude = config->hub.longitude;
	/* 0, 0 is in the sea, and the default. */
	const struct rule_place place = { latitude != 0 || longitude != 0, latitude, longitude };
	struct error reason = { 0 };
	struct rules *rules = rules_parse(config->hub.rules, &place, &reason);
	if (!rules)
		error_set(error, reason.code, "hub.rules: %.230s", reason.text);
	return rules;
}

/* --- doing --- */

static bool only_uploads(const struct rule *rule)
{
	for (size_t i = 0; i < rule->action_count; i++)
		if (rule->actions[i].kind != ACTION_UPLOAD)
			return false;
	return true;
}

static struct burst *burst_of(struct rule_engine *engine, const struct rule *rule, const struct camera *camera)
{
	size_t index = 0;
	while (index + 1 < cameras_count(engine->cameras) && cameras_at(engine->cameras, index) != camera)
		index++;
	return &engine->states[rule - engine->rules->at].bursts[index];
}

/* By the clock that never jumps, where the event has it. */
static int64_t happened_ns(const struct hub_event *event)
{
	const cJSON *monotonic = cJSON_GetObjectItemCaseSensitive(event->json, "monotonic");
	return cJSON_IsNumber(monotonic) ? (int64_t)(monotonic->valuedouble * (double)CLOCK_NS_PER_S)
	                                 : event->time_ms * CLOCK_NS_PER_MS;
}

/* Counted by when things happened: what was read late, all at once, is no loop. A rule by time waits for nothing that
 * it could make itself. */
static bool may_fire_again(struct rule_engine *engine, const struct rule *rule, const struct camera *camera,
                           const struct hub_event *event)
{
	struct burst *burst = burst_of(engine, rule, camera);
	if (!event || only_uploads(rule))
		return true;
	int64_t age_ns = happened_ns(event) - burst->began_ns;
	if (burst->count == 0 || age_ns > ENGINE_BURST_S * CLOCK_NS_PER_S || age_ns < -ENGINE_BURST_S * CLOCK_NS_PER_S)
		*burst = (struct burst){ .began_ns = happened_ns(event) };
	if (burst->count == ENGINE_BURST_MOST)
		log_warning("Rule \"%s\" fired %d times within %d s for camera %s and rests until they are over: does it call "
		            "itself? Give it a cooldown_s",
		            rule->name, ENGINE_BURST_MOST, ENGINE_BURST_S, camera_name(camera));
	return burst->count++ < ENGINE_BURST_MOST;
}

static bool is_cool(struct rule_engine *engine, const struct rule *rule, const char *camera, int64_t now_ms)
{
	return rule->cooldown_s <= 0 || rule_is_cool(rule, store_rule_last_ms(engine->store, rule->name, camera), now_ms);
}

static void send_line(const struct rule *rule, struct camera *camera, const char *line)
{
	struct error error = { 0 };
	log_info("Rule \"%s\": %.200s, to camera %s", rule->name, line, camera_name(camera));
	if (camera_send(camera, line, NULL, NULL, &error) < 0)
		log_warning("Rule \"%s\" could not send \"%.100s\" to camera %s: %s", rule->name, line, camera_name(camera),
		            error.text);
}

static void send_to_named(const struct rule_engine *engine, const struct rule *rule, const char *line)
{
	for (size_t i = 0; i < rule->on.count; i++) {
		struct camera *camera = cameras_find(engine->cameras, rule->on.at[i]);
		if (camera)
			send_line(rule, camera, line);
		else
			log_warning("Rule \"%s\" could not send \"%.100s\" to camera %s: there is none of this name", rule->name,
			            line, rule->on.at[i]);
	}
}

/* Without a payload: the event. */
static void say(const struct rule_engine *engine, char *text, const struct hub_event *event)
{
	char *payload = strchr(text, ' ');
	char *json = payload ? NULL : event ? cJSON_PrintUnformatted(event->json) : NULL;
	if (payload)
		*payload++ = '\0';
	for (char *byte = strchr(text, '+'); byte; byte = strchr(byte, '+'))
		*byte = '_'; /* out of a label: no topic has one */
	if (engine->outlets.mqtt)
		engine->outlets.mqtt(engine->outlets.data, text, payload ? payload : json ? json : "{}");
	free(json);
}

static void act(struct rule_engine *engine, const struct rule *rule, const struct action *action, struct camera *camera,
                const struct hub_event *event, int64_t now_ms, bool is_late)
{
	char text[RULE_ACTION_BYTES];
	if (action->kind == ACTION_WEBHOOK) {
		engine->outlets.webhook(engine->outlets.data, action->text, rule->name, camera_name(camera), event, now_ms);
		return;
	}
	if (action->kind == ACTION_UPLOAD) {
		engine->outlets.upload(engine->outlets.data, action->text, event);
		return;
	}
	if (rule_fill_in(action->text, FILL_WORD, event, camera_name(camera), text, sizeof text) < 0) {
		log_warning("Rule \"%s\": \"%.100s\" becomes too long for a line", rule->name, action->text);
		return;
	}
	if (action->kind == ACTION_MQTT)
		say(engine, text, event);
	if (action->kind != ACTION_LINE || is_late)
		return;
	if (rule->on.count == 0 || !event)
		send_line(rule, camera, text);
	else
		send_to_named(engine, rule, text);
}

static void fire(struct rule_engine *engine, const struct rule *rule, struct camera *camera,
                 const struct hub_event *event, int64_t now_ms, bool is_late)
{
	store_rule_fired(engine->store, rule->name, camera_name(camera), now_ms);
	for (size_t i = 0; i < rule->action_count; i++)
		act(engine, rule, &rule->actions[i], camera, event, now_ms, is_late);
}

static void judge(struct rule_engine *engine, const struct rule *rule, struct camera *camera,
                  const struct hub_event *event, int64_t now_ms, bool is_late)
{
	const struct rule_facts facts = {
		.is_armed = rule_engine_is_armed(engine->store),
		.is_night = camera_is_night(camera),
		.now_s = now_ms / MS_PER_S,
	};
	char why[RULE_WHY_BYTES];
	if (rule_holds(rule, &engine->rules->place, &facts, why) && is_cool(engine, rule, camera_name(camera), now_ms) &&
	    may_fire_again(engine, rule, camera, event))
		fire(engine, rule, camera, event, now_ms, is_late);
}

/* By the clock that never jumps where the event has it: an event of before the clock was set is not old. */
static bool is_late(const struct hub_event *event)
{
	bool has_monotonic = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(event->json, "monotonic"));
	int64_t now_ns = has_monotonic ? clock_now_ns() : clock_wall_ns();
	return now_ns - happened_ns(event) > ENGINE_LATE_S * CLOCK_NS_PER_S;
}

void rule_engine_event(struct rule_engine *engine, struct camera *camera, const struct hub_event *event, bool is_again)
{
	char why[RULE_WHY_BYTES];
	for (size_t i = 0; i < engine->rules->count; i++) {
		const struct rule *rule = &engine->rules->at[i];
		if (rule_is_for(rule, event, why))
			judge(engine, rule, camera, event, event->time_ms, is_again || is_late(event));
	}
}

/* --- rules by time --- */

static void fire_by_time(struct rule_engine *engine, const struct rule *rule, int64_t now_s)
{
	for (size_t i = 0; i < cameras_count(engine->cameras); i++) {
		struct camera *camera = cameras_at(engine->cameras, i);
		if (!rule_words_has(&rule->on, camera_name(camera)))
			continue;
		if (camera_is_online(camera))
			judge(engine, rule, camera, NULL, now_s * MS_PER_S, false);
		else if (camera_has_socket(camera))
			log_warning("Rule \"%s\" is not done for camera %s: it is away", rule->name, camera_name(camera));
	}
}

static void on_timer(void *data, uint32_t times)
{
	(void)times;
	struct rule_engine *engine = data;
	int64_t now_ns = clock_wall_ns(), now_s = now_ns / CLOCK_NS_PER_S, wake_s = now_s + WAKE_MOST_S;
	clock_follow_zone();
	for (size_t i = 0; i < engine->rules->count; i++) {
		const struct rule *rule = &engine->rules->at[i];
		struct rule_state *state = &engine->states[i];
		if (rule->has_when)
			continue;
		if (rule_is_due(rule, &engine->rules->place, now_s, &state->next_s))
			fire_by_time(engine, rule, now_s);
		wake_s = state->next_s < wake_s ? state->next_s : wake_s;
	}
	loop_set_timer(engine->timer, wake_s * CLOCK_NS_PER_S - now_ns, 0);
}

void rule_engine_begin(struct rule_engine *engine, struct cameras *cameras)
{
	engine->cameras = cameras;
	on_timer(engine, 1);
}

/* --- life --- */

static bool has_action(const struct rule *rule, enum action_kind kind)
{
	for (size_t i = 0; i < rule->action_count; i++)
		if (rule->actions[i].kind == kind)
			return true;
	return false;
}

static int check_action(const struct rule_outlets *outlets, const struct rule *rule, const struct action *action,
                        struct error *error)
{
	if (action->kind == ACTION_WEBHOOK && !outlets->has_webhook(outlets->data, action->text))
		return error_set(error, -EINVAL,
		                 "hub.rules: rule \"%.40s\": there is no webhook \"%.60s\" in hub.webhooks, and it is no "
		                 "address with http:// or https://, or the rules have more than 32 of them",
		                 rule->name, action->text);
	if (action->kind == ACTION_UPLOAD && !outlets->has_upload(outlets->data, action->text))
		return error_set(error, -EINVAL, "hub.rules: rule \"%.40s\": there is no upload \"%.60s\" in hub.uploads",
		                 rule->name, action->text);
	return 0;
}

static int check_actions(const struct rule_engine *engine, struct error *error)
{
	int result = 0;
	for (size_t i = 0; i < engine->rules->count; i++) {
		const struct rule *rule = &engine->rules->at[i];
		for (size_t j = 0; result == 0 && j < rule->action_count; j++)
			result = check_action(&engine->outlets, rule, &rule->actions[j], error);
	}
	return result;
}

static void warn(const struct rules *rules, const struct rule_outlets *outlets)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!outlets->mqtt && has_action(&rules->at[i], ACTION_MQTT))
			log_warning("Rule \"%s\" cannot send MQTT messages: hub.mqtt.host is empty", rules->at[i].name);
	for (size_t i = 0; i < rules->count; i++)
		if (rule_calls_itself(&rules->at[i]) && rules->at[i].cooldown_s < 1)
			log_warning(
			    "Rule \"%s\" calls itself: what it does makes an event that it waits for. It will fire %d times "
			    "in %d s at most",
			    rules->at[i].name, ENGINE_BURST_MOST, ENGINE_BURST_S);
	if (rules->count > 0)
		log_info("%zu rules", rules->count);
}

struct rule_engine *rule_engine_create(struct loop *loop, const struct config *config, struct store *store,
                                       const struct rule_outlets *outlets, struct error *error)
{
	struct rule_engine *engine = calloc(1, sizeof *engine);
	if (!engine) {
		error_set(error, -ENOMEM, "no memory for the rules");
		return NULL;
	}
	engine->loop = loop;
	engine->store = store;
	engine->outlets = *outlets;
	engine->rules = rule_engine_read(config, error);
	if (!engine->rules) {
		free(engine);
		return NULL;
	}
	engine->states = calloc(engine->rules->count + 1, sizeof *engine->states);
	engine->timer = loop_add_timer(loop, on_timer, engine);
	if (!engine->states || !engine->timer) {
		error_set(error, -ENOMEM, "no memory for the rules");
		rule_engine_destroy(engine);
		return NULL;
	}
	if (check_actions(engine, error) < 0) {
		rule_engine_destroy(engine);
		return NULL;
	}
	warn(engine->rules, outlets);
	return engine;
}

void rule_engine_destroy(struct rule_engine *engine)
{
	if (!engine)
		return;
	loop_remove(engine->timer);
	rules_destroy(engine->rules);
	free(engine->states);
	free(engine);
}
