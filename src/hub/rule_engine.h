/*
 * Acts on the rules: with each event, and when it is time. Arming, cooldowns and how often a rule fired live in the
 * store. Its loop's thread.
 *
 * A rule that calls itself, or two that call each other, would go on for ever: one that fires more than
 * ENGINE_BURST_MOST times in ENGINE_BURST_S seconds for one camera rests there until they are over, which is told. The
 * events' own times count, not when they were read. One by time, and one that only uploads, make no event that they
 * wait for, and never rest.
 *
 * Lines for a camera make sense at once only. An event that comes more than ENGINE_LATE_S after it happened, since the
 * hub was away, sends none.
 */
#ifndef PASTCAM_HUB_RULE_ENGINE_H
#define PASTCAM_HUB_RULE_ENGINE_H

#include "cameras.h"
#include "rules.h"
#include "store.h"

enum { ENGINE_BURST_MOST = 30, ENGINE_BURST_S = 60, ENGINE_LATE_S = 30 };

struct rule_engine;

/* Where actions go that are no lines. NULL: there is no such way, which is told at the start. */
struct rule_outlets {
	void (*mqtt)(void *data, const char *topic, const char *payload);
	/* event NULL: of a rule by time. */
	void (*webhook)(void *data, const char *target, const char *rule, const char *camera, const struct hub_event *event,
	                int64_t time_ms);
	void (*upload)(void *data, const char *target, const struct hub_event *event);
	/* Whether a rule may name it. */
	bool (*has_webhook)(void *data, const char *target);
	bool (*has_upload)(void *data, const char *target);
	void *data;
};

/* Reads hub.rules. NULL, and why, when they cannot be read. store is borrowed. */
struct rule_engine *rule_engine_create(struct loop *loop, const struct config *config, struct store *store,
                                       const struct rule_outlets *outlets, struct error *error);
void rule_engine_destroy(struct rule_engine *engine); /* NULL is fine */

/* The rules of a configuration, with its place. */
struct rules *rule_engine_read(const struct config *config, struct error *error);

/* Once there are cameras: the rules by time begin. */
void rule_engine_begin(struct rule_engine *engine, struct cameras *cameras);

/* is_again: its lines were sent before, but what was to be delivered may have gone with a store that failed. */
void rule_engine_event(struct rule_engine *engine, struct camera *camera, const struct hub_event *event, bool is_again);

/* The setting "armed" of the store. */
bool rule_engine_is_armed(struct store *store);

#endif
