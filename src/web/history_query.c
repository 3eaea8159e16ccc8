#include "history_query.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "net/moment.h"

enum { MS_PER_S = 1000 };

static int parse_moment(const struct target *target, const char *name, int64_t now_ms, int64_t *moment_ms,
                        struct error *error)
{
	const char *text = target_value(target, name);
	struct moment moment;
	struct error reason = { 0 };
	if (!text)
		return 0;
	if (moment_parse(text, &moment, &reason) < 0)
		return error_set(error, -EINVAL,
		                 "%s=%.*s is no moment: write -3600 (seconds back, at most %d), seconds since 1970, or "
		                 "2026-11-26T10:15:00Z",
		                 name, utf8_fit(text, 60), text, MOMENT_BACK_MOST_S);
	int64_t ms = moment.ns / CLOCK_NS_PER_MS;
	*moment_ms = moment.wall ? ms : now_ms - ms;
	return 0;
}

static int parse_types(struct history_query *query, const char *text, struct error *error)
{
	while (text && *text) {
		size_t length = strcspn(text, ",");
		if (query->type_count == HISTORY_TYPES_MAX || length == 0 || length >= HISTORY_TYPE_BYTES)
			return error_set(error, -EINVAL,
			                 "type must be 1 to %d beginnings of events' names, such as motion,clip.end",
			                 HISTORY_TYPES_MAX);
		char *type = query->types[query->type_count++];
		memcpy(type, text, length);
		type[length] = '\0';
		text += length + (text[length] == ',');
	}
	return 0;
}

int history_query_parse(struct history_query *query, const struct target *target, int64_t now_ms, struct error *error)
{
	const char *camera = target_value(target, "camera");
	*query = (struct history_query){ .until_ms = INT64_MAX, .limit = HISTORY_LIMIT };
	int result = parse_moment(target, "since", now_ms, &query->since_ms, error);
	if (result == 0)
		result = parse_moment(target, "until", now_ms, &query->until_ms, error);
	if (result == 0)
		result = target_number(target, "limit", 1, HISTORY_LIMIT_MOST, &query->limit, error);
	if (result == 0)
		result = parse_types(query, target_value(target, "type"), error);
	if (result < 0 || !camera)
		return result;
	if (strlen(camera) >= sizeof query->camera)
		return error_set(error, -EINVAL, "no camera has a name as long as \"%.*s\"", utf8_fit(camera, 60), camera);
	strcpy(query->camera, camera);
	return 0;
}

static bool type_matches(const struct history_query *query, const char *type)
{
	for (size_t i = 0; i < query->type_count; i++)
		if (strncmp(type, query->types[i], strlen(query->types[i])) == 0)
			return true;
	return query->type_count == 0;
}

bool history_query_matches(const struct history_query *query, const char *camera, const char *type, int64_t time_ms)
{
	return time_ms >= query->since_ms && time_ms < query->until_ms &&
	       (query->camera[0] == '\0' || strcmp(camera, query->camera) == 0) && type_matches(query, type);
}

int64_t history_time_ms(const cJSON *event)
{
	const cJSON *epoch = cJSON_GetObjectItemCaseSensitive(event, "epoch");
	bool is_sane = cJSON_IsNumber(epoch) && fabs(epoch->valuedouble) < 1e11;
	return is_sane ? llround(epoch->valuedouble * MS_PER_S) : 0;
}

static int newest_first(const void *one, const void *other)
{
	int64_t a = history_time_ms(*(cJSON *const *)one), b = history_time_ms(*(cJSON *const *)other);
	return (a < b) - (a > b);
}

void history_query_trim(const struct history_query *query, cJSON *events, int64_t *next_ms)
{
	size_t count = (size_t)cJSON_GetArraySize(events), at = 0;
	cJSON **sorted = count > 0 ? malloc(count * sizeof *sorted) : NULL;
	int64_t last_ms = 0;
	*next_ms = -1;
	if (!sorted)
		return;
	while (at < count)
		sorted[at++] = cJSON_DetachItemFromArray(events, 0);
	qsort(sorted, count, sizeof *sorted, newest_first);
	for (at = 0; at < count; at++) {
		if (*next_ms < 0 && at >= (size_t)query->limit && history_time_ms(sorted[at]) < last_ms)
			*next_ms = last_ms;
		last_ms = history_time_ms(sorted[at]);
		if (*next_ms < 0)
			cJSON_AddItemToArray(events, sorted[at]);
		else
			cJSON_Delete(sorted[at]);
	}
	free(sorted);
}
