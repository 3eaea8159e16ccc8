/* Which events GET /api/history is asked for. Pure. */
#ifndef PASTCAM_WEB_HISTORY_QUERY_H
#define PASTCAM_WEB_HISTORY_QUERY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/camera_name.h"
#include "target.h"

enum { HISTORY_TYPES_MAX = 8, HISTORY_TYPE_BYTES = 32, HISTORY_LIMIT = 100, HISTORY_LIMIT_MOST = 1000 };

struct history_query {
	int64_t since_ms, until_ms;                        /* since 1970; until is not part of it */
	char camera[CAMERA_NAME_BYTES];                    /* "": all */
	size_t type_count;                                 /* 0: all */
	char types[HISTORY_TYPES_MAX][HISTORY_TYPE_BYTES]; /* how their names begin */
	long limit;                                        /* the newest so many, and what shares the last one's time */
};

/* From the parameters; now_ms: what "-3600" counts from. -EINVAL with what is wrong. */
int history_query_parse(struct history_query *query, const struct target *target, int64_t now_ms, struct error *error);

/* True when it is one of those; limit is not looked at. */
bool history_query_matches(const struct history_query *query, const char *camera, const char *type, int64_t time_ms);

/* Sorts a list of events, the newest first, and cuts it to the limit. *next_ms: the `until` with which it goes on; -1:
 * that was all. */
void history_query_trim(const struct history_query *query, cJSON *events, int64_t *next_ms);

/* The time of an event, by its "epoch". */
int64_t history_time_ms(const cJSON *event);

#endif
