/* When a rule by time fires, and when one that has fired may again, by a clock that may jump. */
#include <math.h>
#include <stdlib.h>

#include "rules.h"

/* Slots of the wall clock, so that "10m" is at 0, 10, 20 minutes past. */
static int64_t next_of(const struct rule *rule, const struct rule_place *place, int64_t now_s)
{
	int64_t next_s = INT64_MAX;
	if (rule->every_s > 0)
		return (now_s / rule->every_s + 1) * rule->every_s;
	for (size_t i = 0; i < rule->time_count; i++) {
		int64_t at_s = rule_time_next(&rule->times[i], place, now_s);
		next_s = at_s < next_s ? at_s : next_s;
	}
	return next_s;
}

bool rule_is_due(const struct rule *rule, const struct rule_place *place, int64_t now_s, int64_t *next_s)
{
	int64_t was_s = *next_s;
	*next_s = next_of(rule, place, now_s);
	if (was_s == 0 || now_s < was_s)
		return false;
	return rule->every_s > 0 || now_s - was_s <= RULE_AT_LATE_S;
}

bool rule_is_cool(const struct rule *rule, int64_t last_ms, int64_t now_ms)
{
	if (rule->cooldown_s <= 0 || last_ms == 0)
		return true;
	return llabs(now_ms - last_ms) >= llround(rule->cooldown_s * 1000);
}
