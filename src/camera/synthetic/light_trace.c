#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "camera/light.h"

static const double SECONDS_MAX = LIGHT_TRACE_DAYS_MAX * 86400.0;

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

/* strtod alone would also take "nan", "inf" and hexadecimal. */
static bool parse_number(const char **text, double *value)
{
	char *end;
	*value = strtod(*text, &end);
	bool hexadecimal = strcspn(*text, "xX") < (size_t)(end - *text);
	if (end == *text || !isfinite(*value) || hexadecimal)
		return false;
	*text = skip_blanks(end);
	return true;
}

static bool parse_point(const char *line, struct light_point *point)
{
	if (!parse_number(&line, &point->t_s) || *line++ != ',')
		return false;
	return parse_number(&line, &point->lux) && *line == '\0';
}

static const char *wrong_point(const struct light_trace *trace, const struct light_point *point)
{
	if (point->lux < 0)
		return "light below zero";
	if (trace->count == 0)
		return NULL;
	if (point->t_s <= trace->points[trace->count - 1].t_s)
		return "the time does not rise";
	if (point->t_s - trace->points[0].t_s > SECONDS_MAX)
		return "more than 31 days after the first line";
	return NULL;
}

static int append(struct light_trace *trace, const struct light_point *point)
{
	/* Doubles whenever the count is a power of two. */
	if ((trace->count & (trace->count - 1)) == 0) {
		size_t room = trace->count ? 2 * trace->count : 1;
		struct light_point *points = realloc(trace->points, room * sizeof *points);
		if (!points)
			return -ENOMEM;
		trace->points = points;
	}
	trace->points[trace->count++] = *point;
	return 0;
}

static int read_line(struct light_trace *trace, const char *line, unsigned long number, bool *header_seen,
                     const char *name, struct error *error)
{
	const char *text = skip_blanks(line);
	if (*text == '\0' || *text == '#')
		return 0;
	if (isalpha((unsigned char)*text) && trace->count == 0 && !*header_seen) {
		*header_seen = true;
		return 0;
	}
	struct light_point point;
	if (!parse_point(text, &point))
		return error_set(error, -EINVAL, "%s, line %lu: expected \"t_s,lux\", two numbers", name, number);
	const char *wrong = wrong_point(trace, &point);
	if (wrong)
		return error_set(error, -EINVAL, "%s, line %lu: %s", name, number, wrong);
	if (append(trace, &point) < 0)
		return error_set(error, -ENOMEM, "%s, line %lu: no memory for so many lines", name, number);
	return 0;
}

int light_trace_read(FILE *file, const char *name, struct light_trace *trace, struct error *error)
{
	*trace = (struct light_trace){ 0 };
	char line[256];
	bool header_seen = false;
	int result = 0;
	for (unsigned long number = 1; result == 0 && fgets(line, sizeof line, file); number++) {
		if (strlen(line) == sizeof line - 1 && line[sizeof line - 2] != '\n')
			result = error_set(error, -EINVAL, "%s, line %lu: too long for \"t_s,lux\"", name, number);
		else
			result = read_line(trace, line, number, &header_seen, name, error);
	}
	if (result == 0 && ferror(file))
		result = error_set(error, -EIO, "%s: cannot be read", name);
	if (result == 0 && trace->count == 0)
		result = error_set(error, -EINVAL, "%s: no lines of \"t_s,lux\" in it", name);
	if (result < 0)
		light_trace_free(trace);
	return result;
}

void light_trace_free(struct light_trace *trace)
{
	free(trace->points);
	*trace = (struct light_trace){ 0 };
}

/* index: of the last point at or before t_s. */
static double light_at(const struct light_trace *trace, size_t index, double t_s)
{
	const struct light_point *here = &trace->points[index];
	if (index + 1 == trace->count || t_s <= here->t_s)
		return here->lux;
	return here->lux + (here[1].lux - here->lux) * (t_s - here->t_s) / (here[1].t_s - here->t_s);
}

static size_t forward(const struct light_trace *trace, size_t index, double t_s)
{
	while (index + 1 < trace->count && trace->points[index + 1].t_s <= t_s)
		index++;
	return index;
}

double light_trace_mean(const struct light_trace *trace, size_t *cursor, double from_s, double to_s)
{
	size_t index = forward(trace, *cursor, from_s);
	*cursor = index;
	double at = from_s, lux = light_at(trace, index, from_s), sum = 0;
	while (at < to_s) {
		bool more = index + 1 < trace->count;
		/* Before the first point the light is constant up to it. */
		double next = at < trace->points[index].t_s ? trace->points[index].t_s
		              : more                        ? trace->points[index + 1].t_s
		                                            : to_s;
		double until = fmin(next, to_s);
		index = forward(trace, index, until);
		double then = light_at(trace, index, until);
		sum += (until - at) * (lux + then) / 2;
		at = until;
		lux = then;
	}
	return to_s > from_s ? sum / (to_s - from_s) : lux;
}
