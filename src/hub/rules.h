/*
 * Rules: when something happens (or it is time), if things are so, do this. docs/rules.md has the language. Here they
 * are read and judged; rule_engine.h acts on them. Pure, but for the time zone.
 */
#ifndef PASTCAM_HUB_RULES_H
#define PASTCAM_HUB_RULES_H

#include "event.h"
#include "rule_time.h"

enum { RULES_MAX = 64, RULE_WORDS_MAX = 16, RULE_TIMES_MAX = 8, RULE_ACTIONS_MAX = 8, RULE_NAME_BYTES = 64 };
enum {
	RULE_ACTION_BYTES = 512,
	RULE_WORD_BYTES = 64,
	RULE_DEPTH_MAX = 8,
	RULE_CONDITIONS_MAX = 16,
	RULE_WHY_BYTES = 200,
	RULE_AT_LATE_S = 120
};

/* Any of them; none: whatever it is. */
struct rule_words {
	size_t count;
	char at[RULE_WORDS_MAX][RULE_WORD_BYTES];
};

enum condition_kind {
	CONDITION_ALL,
	CONDITION_ANY,
	CONDITION_NOT,
	CONDITION_ARMED,
	CONDITION_NIGHT,
	CONDITION_BETWEEN,
	CONDITION_WEEKDAYS,
};

struct condition {
	enum condition_kind kind;
	bool wanted; /* of armed, night */
	struct rule_time from, to;
	unsigned weekdays; /* bit 0: Sunday */
	size_t count;
	struct condition *children;
};

enum action_kind { ACTION_LINE, ACTION_MQTT, ACTION_WEBHOOK, ACTION_UPLOAD };

struct action {
	enum action_kind kind;
	char text[RULE_ACTION_BYTES]; /* with {camera} and the like: a line of the protocol; topic and payload; target */
};

struct rule {
	char name[RULE_NAME_BYTES];
	bool has_when;
	struct rule_words events, cameras, zones, labels;
	bool has_min_score;
	double min_score;
	int64_t every_s; /* 0: not */
	size_t time_count;
	struct rule_time times[RULE_TIMES_MAX];
	struct condition condition;
	size_t action_count;
	struct action actions[RULE_ACTIONS_MAX];
	struct rule_words on; /* the cameras that the lines go to; none: the event's, or all */
	double cooldown_s;
};

struct rules {
	struct rule_place place;
	size_t count;
	struct rule *at; /* count of them */
};

/* json: a list. -EINVAL with the rule's name and what is wrong with it. NULL is freed by rules_destroy too. */
struct rules *rules_parse(const char *json, const struct rule_place *place, struct error *error);
void rules_destroy(struct rules *rules);

/* Whether a line is one of those that make sense without anybody who reads the reply. -EINVAL, and why. */
int rule_check_line(const char *line, struct error *error);

/* How things are. */
struct rule_facts {
	bool is_armed, is_night;
	int64_t now_s;
};

/* Whether an event is one that the rule waits for; else why says what is not so. */
bool rule_is_for(const struct rule *rule, const struct hub_event *event, char why[RULE_WHY_BYTES]);

/* Whether its "if" holds; else why says what does not. */
bool rule_holds(const struct rule *rule, const struct rule_place *place, const struct rule_facts *facts,
                char why[RULE_WHY_BYTES]);

/* Whether a rule by time is to fire, and when it is to be asked again. *next_s: what it was set to before, 0 at first.
 * It is found anew each time, since the clock may jump: what a jump back has put far off comes at its time, and what
 * one forward has gone over fires once, for "every", and not at all for "at" when it is more than RULE_AT_LATE_S past.
 */
bool rule_is_due(const struct rule *rule, const struct rule_place *place, int64_t now_s, int64_t *next_s);

/* Whether its cooldown is over. last_ms: when it fired, 0: never. A clock that went back holds it up for the cooldown's
 * time once more at most. */
bool rule_is_cool(const struct rule *rule, int64_t last_ms, int64_t now_ms);

/* True when an action of the rule makes an event that the rule waits for: it would call itself. */
bool rule_calls_itself(const struct rule *rule);

bool rule_words_has(const struct rule_words *words, const char *word); /* none are all */

/* What becomes of values: one word that no line can be broken with; the inside of a text of JSON; as they are. */
enum rule_fill { FILL_WORD, FILL_JSON, FILL_TEXT };

/* Puts the event's values in for {camera} {event} {zone} {label} {id} {time} {path} {score}; event NULL: a time rule,
 * of that camera. -EMSGSIZE. */
int rule_fill_in(const char *text, enum rule_fill fill, const struct hub_event *event, const char *camera, char *out,
                 size_t bytes);

#endif
