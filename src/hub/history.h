/* `pastcam-hub events`: what the store remembers, for people, spreadsheets, calendars and programs. */
#ifndef PASTCAM_HUB_HISTORY_H
#define PASTCAM_HUB_HISTORY_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum history_format { HISTORY_TABLE, HISTORY_JSON, HISTORY_CSV, HISTORY_ICAL };

struct history_query {
	int64_t since_ms, until_ms; /* since 1970; INT64_MIN and INT64_MAX: no limit */
	const char *camera, *type;  /* NULL: all. type: a name, or what begins it, as in "motion" */
	int64_t limit;              /* the newest so many */
	enum history_format format;
};

/* A moment as people write it: "90m", "2h", "3d" ago, seconds since 1970, "2026-11-26", "2026-11-26T10:15",
 * "2026-11-26T10:15:00" in local time, with Z in UTC. -EINVAL. Pure, but for the time zone. */
int history_parse_moment(const char *text, int64_t now_ms, int64_t *moment_ms, struct error *error);

/* Oldest first. -ENOENT: there is no store yet. -EPIPE and the like when out cannot be written. */
int history_write(const char *data_dir, const struct history_query *query, FILE *out, struct error *error);

#endif
