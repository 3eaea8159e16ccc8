#include "rule_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"
#include "sun.h"

enum { DAY_S = 86400, SPAN_MOST_S = 30 * DAY_S, DAYS_AHEAD = 8 };

int rule_time_parse_span(const char *text, int64_t *seconds, struct error *error)
{
	char *end;
	long count = strtol(text, &end, 10);
	int unit = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? DAY_S : 0;
	if (end == text || unit == 0 || end[1] != '\0' || count < 1 || count > SPAN_MOST_S / unit)
		return error_set(error, -EINVAL, "\"%.*s\" is no span of time, such as 30s, 10m, 2h or 1d", utf8_fit(text, 40),
		                 text);
	*seconds = (int64_t)count * unit;
	return 0;
}

static bool parse_clock(const char *text, struct rule_time *time)
{
	unsigned hour, minute;
	int length = 0;
	if (strspn(text, "0123456789:") != strlen(text) || sscanf(text, "%2u:%2u%n", &hour, &minute, &length) != 2)
		return false;
	if (text[length] != '\0' || length < 4 || hour > 24 || minute > 59 || (hour == 24 && minute > 0))
		return false;
	*time = (struct rule_time){ TIME_CLOCK, (int)(hour * 3600 + minute * 60) };
	return true;
}

static int parse_sun(const char *text, const struct rule_place *place, struct rule_time *time, struct error *error)
{
	bool is_rise = strncmp(text, "sunrise", 7) == 0;
	int64_t offset = 0;
	if (!is_rise && strncmp(text, "sunset", 6) != 0)
		return -ENOENT;
	const char *rest = text + (is_rise ? 7 : 6);
	if (*rest != '\0' && *rest != '+' && *rest != '-')
		return -ENOENT;
	int result = *rest ? rule_time_parse_span(rest + 1, &offset, error) : 0;
	if (result == 0 && offset > DAY_S / 2)
		result = error_set(error, -EINVAL, "\"%.40s\" is more than twelve hours from the sun's", text);
	if (result == 0 && !place->is_known)
		result = error_set(error, -EINVAL,
		                   "\"%.40s\" needs to know where the camera is: set hub.latitude and "
		                   "hub.longitude",
		                   text);
	*time = (struct rule_time){ is_rise ? TIME_SUNRISE : TIME_SUNSET, (int)(*rest == '-' ? -offset : offset) };
	return result;
}

int rule_time_parse(const char *text, const struct rule_place *place, struct rule_time *time, struct error *error)
{
	if (parse_clock(text, time))
		return 0;
	int result = parse_sun(text, place, time, error);
	if (result != -ENOENT)
		return result;
	return error_set(error, -EINVAL, "\"%.*s\" is no time of day: write 22:00, sunrise, sunset, or as in sunset+30m",
	                 utf8_fit(text, 40), text);
}

/* A second of the local day that now_s is in, counted from midnight; days: later. */
static int64_t local_second(int64_t now_s, int days, int seconds)
{
	time_t now = (time_t)now_s;
	struct tm tm;
	localtime_r(&now, &tm);
	tm.tm_mday += days;
	tm.tm_hour = seconds / 3600;
	tm.tm_min = seconds / 60 % 60;
	tm.tm_sec = seconds % 60;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

static struct sun_day sun_of(const struct rule_place *place, int64_t now_s, int days)
{
	return sun_on_day(place->latitude, place->longitude, local_second(now_s, days, DAY_S / 2));
}

static int64_t moment_of(const struct rule_time *time, const struct rule_place *place, int64_t now_s, int days)
{
	if (time->base == TIME_CLOCK)
		return local_second(now_s, days, time->seconds);
	struct sun_day sun = sun_of(place, now_s, days);
	return (time->base == TIME_SUNRISE ? sun.rise_s : sun.set_s) + time->seconds;
}

static int second_of_day(int64_t moment_s)
{
	time_t moment = (time_t)moment_s;
	struct tm tm;
	localtime_r(&moment, &tm);
	return tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
}

bool rule_time_is_between(const struct rule_time *from, const struct rule_time *to, const struct rule_place *place,
                          int64_t now_s)
{
	bool is_day = from->base == TIME_SUNRISE && to->base == TIME_SUNSET;
	bool is_dark = from->base == TIME_SUNSET && to->base == TIME_SUNRISE;
	if (is_day || is_dark) {
		enum sun_kind kind = sun_of(place, now_s, 0).kind;
		if (kind != SUN_RISES)
			return is_day == (kind == SUN_NEVER_DOWN);
	}
	int first = second_of_day(moment_of(from, place, now_s, 0));
	int last = second_of_day(moment_of(to, place, now_s, 0));
	int now = second_of_day(now_s);
	if (first == last)
		return true;
	return first < last ? now >= first && now < last : now >= first || now < last;
}

int64_t rule_time_next(const struct rule_time *time, const struct rule_place *place, int64_t now_s)
{
	for (int day = -1; day <= DAYS_AHEAD; day++) {
		if (time->base != TIME_CLOCK && sun_of(place, now_s, day).kind != SUN_RISES)
			continue;
		int64_t moment_s = moment_of(time, place, now_s, day);
		if (moment_s > now_s)
			return moment_s;
	}
	return INT64_MAX;
}
