/* Times of day in rules: "22:00", "sunset", "sunrise-30m", by the local clock. Pure, but for the time zone. */
#ifndef PASTCAM_HUB_RULE_TIME_H
#define PASTCAM_HUB_RULE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum rule_time_base { TIME_CLOCK, TIME_SUNRISE, TIME_SUNSET };

struct rule_time {
	enum rule_time_base base;
	int seconds; /* since midnight, or after (before) the sun's event */
};

struct rule_place {
	bool is_known;
	double latitude, longitude;
};

/* "90s", "10m", "2h", "1d" as seconds; -EINVAL. */
int rule_time_parse_span(const char *text, int64_t *seconds, struct error *error);

/* -EINVAL, and why. */
int rule_time_parse(const char *text, const struct rule_place *place, struct rule_time *time, struct error *error);

/* True from one time of the day until the other, over midnight too. Where the sun does not set, from sunset to sunrise
 * is never; where it does not rise, it is always; the other way round likewise. */
bool rule_time_is_between(const struct rule_time *from, const struct rule_time *to, const struct rule_place *place,
                          int64_t now_s);

/* The next time of that kind after now_s, within eight days; INT64_MAX: none, since the sun does not rise or set. */
int64_t rule_time_next(const struct rule_time *time, const struct rule_place *place, int64_t now_s);

#endif
