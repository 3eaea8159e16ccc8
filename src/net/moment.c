#include "net/moment.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { SECONDS_DIGITS_MAX = 10, FRACTION_DIGITS_MAX = 9, YEAR_FIRST = 1973, YEAR_LAST = 2200 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

const char *moment_parse_decimal(const char *text, int max_digits, int64_t *ns)
{
	int64_t whole = 0, part = 0, unit = CLOCK_NS_PER_S;
	const char *end = text;
	for (; is_digit(*end); end++) {
		if (end - text == max_digits)
			return NULL;
		whole = whole * 10 + (*end - '0');
	}
	if (end == text || whole >= INT64_MAX / CLOCK_NS_PER_S)
		return NULL;
	if (*end == '.') {
		const char *fraction = ++end;
		for (; is_digit(*end) && end - fraction < FRACTION_DIGITS_MAX; end++) {
			unit /= 10;
			part += (*end - '0') * unit;
		}
		if (end == fraction || is_digit(*end))
			return NULL;
	}
	*ns = whole * CLOCK_NS_PER_S + part;
	return end;
}

/* Exactly count digits at *at, and moves it. */
static bool take_number(const char **at, int count, int *value)
{
	*value = 0;
	for (; count > 0; count--, ++*at) {
		if (!is_digit(**at))
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static int days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* "Z", "+01:00", "+0100", "+01" or nothing; seconds east of Greenwich. */
static bool take_zone(const char **at, int *east_s)
{
	*east_s = 0;
	if (**at == '\0' || take(at, 'Z') || take(at, 'z'))
		return true;
	int sign = **at == '-' ? -1 : 1, hours, minutes = 0;
	if ((!take(at, '+') && !take(at, '-')) || !take_number(at, 2, &hours))
		return false;
	bool colon = take(at, ':');
	if ((colon || **at != '\0') && !take_number(at, 2, &minutes))
		return false;
	*east_s = sign * (hours * 3600 + minutes * 60);
	return hours <= 14 && minutes < 60;
}

static bool parse_iso(const char *text, int64_t *wall_ns)
{
	int year, month, day, hour, minute, east_s;
	int64_t second_ns = 0;
	const char *at = text;
	if (!take_number(&at, 4, &year) || !take(&at, '-') || !take_number(&at, 2, &month) || !take(&at, '-') ||
	    !take_number(&at, 2, &day) || (!take(&at, 'T') && !take(&at, 't')) || !take_number(&at, 2, &hour) ||
	    !take(&at, ':') || !take_number(&at, 2, &minute))
		return false;
	if (take(&at, ':')) {
		if (!is_digit(at[0]) || !is_digit(at[1]))
			return false;
		at = moment_parse_decimal(at, 2, &second_ns);
		if (!at)
			return false;
	}
	if (!take_zone(&at, &east_s) || *at != '\0')
		return false;
	if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1 || day > days_of(year, month) ||
	    hour > 23 || minute > 59 || second_ns >= 61 * CLOCK_NS_PER_S)
		return false;
	struct tm utc = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute };
	*wall_ns = ((int64_t)timegm(&utc) - east_s) * CLOCK_NS_PER_S + second_ns;
	return true;
}

static int wrong(const char *text, struct error *error)
{
	return error_set(error, -EINVAL,
	                 "at=%.*s is not a moment: write seconds back (at=-5, at=-0.5), seconds since 1970 or "
	                 "2026-11-26T10:15:00Z",
	                 utf8_fit(text, 40), text);
}

/* "5", or seconds since 1970: nobody means a moment of the years before 1973. */
static int parse_seconds(const char *text, struct moment *moment, struct error *error)
{
	bool back = *text == '-';
	int64_t ns;
	const char *end = moment_parse_decimal(text + back, SECONDS_DIGITS_MAX, &ns);
	if (!end || *end)
		return wrong(text, error);
	if (back && ns > MOMENT_BACK_MOST_S * CLOCK_NS_PER_S)
		return error_set(error, -EINVAL, "at=%s is too long ago: at most %d seconds", text, MOMENT_BACK_MOST_S);
	if (!back && ns > 0 && ns < (YEAR_FIRST - 1970) * INT64_C(365) * 86400 * CLOCK_NS_PER_S)
		return error_set(error, -EINVAL, "at=%s lies in the future: at=-%s is that many seconds ago", text, text);
	*moment = (struct moment){ .wall = !back && ns > 0, .ns = ns };
	return 0;
}

int moment_parse(const char *text, struct moment *moment, struct error *error)
{
	*moment = (struct moment){ 0 };
	if (strcmp(text, "now") == 0)
		return 0;
	if (!strchr(text, ':'))
		return parse_seconds(text, moment, error);
	moment->wall = true;
	return parse_iso(text, &moment->ns) ? 0 : wrong(text, error);
}

int64_t moment_monotonic_ns(const struct moment *moment, int64_t asked_ns, int64_t asked_wall_ns)
{
	return moment->wall ? asked_ns - (asked_wall_ns - moment->ns) : asked_ns - moment->ns;
}
