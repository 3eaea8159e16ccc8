#include "history_store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { PATH_BYTES = 600, URI_BYTES = 3 * PATH_BYTES + 32, STEPS = 10000, BUSY_MS = 1000, SQL_BYTES = 768 };

struct limits {
	int64_t deadline_ns;
	const atomic_bool *stop;
};

static int is_over(void *data)
{
	const struct limits *limits = data;
	return clock_now_ns() > limits->deadline_ns || atomic_load(limits->stop);
}

static int fail(sqlite3 *db, const char *path, struct error *error)
{
	int code = db ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;
	if (code == SQLITE_INTERRUPT)
		return error_set(error, -ETIMEDOUT, "that took longer than %d s: ask for less with since, until and type",
		                 HISTORY_READ_S);
	return error_set(error, -EIO, "%.200s cannot be read: %s", path, db ? sqlite3_errmsg(db) : "no memory");
}

/* What means something in a URI is written as %XX. */
static void write_uri(const char *path, bool is_immutable, char *uri)
{
	uri += sprintf(uri, "file:");
	for (; *path; path++)
		uri +=
		    strchr("?#%", *path) ? sprintf(uri, "%%%02X", (unsigned)(unsigned char)*path) : sprintf(uri, "%c", *path);
	strcpy(uri, is_immutable ? "?immutable=1" : "");
}

/* A file in WAL mode that nobody has open can only be read by who may write beside it; it does not change either, so it
 * may be called immutable. */
static int open_store(const char *path, sqlite3 **db)
{
	char uri[URI_BYTES], wal[PATH_BYTES + 8];
	snprintf(wal, sizeof wal, "%s-wal", path);
	write_uri(path, access(wal, F_OK) < 0, uri);
	int result = sqlite3_open_v2(uri, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
	if (result == SQLITE_OK)
		sqlite3_busy_timeout(*db, BUSY_MS);
	return result == SQLITE_OK ? sqlite3_exec(*db, "PRAGMA query_only=1; PRAGMA cache_size=-512", NULL, NULL, NULL)
	                           : result;
}

/* In the order of the index, so that nothing is sorted and the first rows come at once. */
static void write_sql(const struct history_query *query, char sql[SQL_BYTES])
{
	int length = snprintf(sql, SQL_BYTES,
	                      "SELECT camera, time_ms, json FROM events INDEXED BY events_time WHERE "
	                      "time_ms >= ?1 AND time_ms < ?2 AND (?3 IS NULL OR camera = ?3)");
	for (size_t i = 0; i < query->type_count; i++)
		length += snprintf(sql + length, SQL_BYTES - (size_t)length, "%s substr(type, 1, length(?%zu)) = ?%zu",
		                   i == 0 ? " AND (" : " OR", i + 4, i + 4);
	snprintf(sql + length, SQL_BYTES - (size_t)length, "%s ORDER BY time_ms DESC, seq DESC",
	         query->type_count > 0 ? ")" : "");
}

static void bind(sqlite3_stmt *statement, const struct history_query *query)
{
	sqlite3_bind_int64(statement, 1, query->since_ms);
	sqlite3_bind_int64(statement, 2, query->until_ms);
	if (query->camera[0])
		sqlite3_bind_text(statement, 3, query->camera, -1, SQLITE_STATIC);
	for (size_t i = 0; i < query->type_count; i++)
		sqlite3_bind_text(statement, (int)i + 4, query->types[i], -1, SQLITE_STATIC);
}

/* SQLITE_ROW: the limit was reached before the end. */
static int read_rows(sqlite3_stmt *statement, const struct history_query *query, cJSON *events, int64_t *next_ms)
{
	int result;
	long count = 0;
	int64_t last_ms = 0;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *camera = (const char *)sqlite3_column_text(statement, 0);
		const char *json = (const char *)sqlite3_column_text(statement, 2);
		int64_t time_ms = sqlite3_column_int64(statement, 1);
		if (count >= query->limit && time_ms < last_ms) {
			*next_ms = last_ms;
			break;
		}
		cJSON *event = json ? cJSON_Parse(json) : NULL;
		if (!cJSON_IsObject(event)) { /* a damaged row is no reason to show none */
			cJSON_Delete(event);
			continue;
		}
		cJSON_DeleteItemFromObjectCaseSensitive(event, "camera");
		cJSON_AddStringToObject(event, "camera", camera ? camera : "");
		cJSON_AddItemToArray(events, event);
		last_ms = time_ms;
		count++;
	}
	return result;
}

static int select_events(sqlite3 *db, const struct history_query *query, cJSON *events, int64_t *next_ms)
{
	char sql[SQL_BYTES];
	sqlite3_stmt *statement = NULL;
	write_sql(query, sql);
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	if (result != SQLITE_OK)
		return result;
	bind(statement, query);
	result = read_rows(statement, query, events, next_ms);
	sqlite3_finalize(statement);
	return result;
}

int history_store_read(const char *folder, const struct history_query *query, const atomic_bool *stop, cJSON *events,
                       int64_t *next_ms, struct error *error)
{
	char path[PATH_BYTES];
	sqlite3 *db = NULL;
	struct limits limits = { .deadline_ns = clock_now_ns() + HISTORY_READ_S * CLOCK_NS_PER_S, .stop = stop };
	*next_ms = -1;
	snprintf(path, sizeof path, "%s/hub.db", folder);
	if (access(path, R_OK) < 0 && errno == ENOENT)
		return error_set(error, -ENOENT, "pastcam-hub has stored no events: %.200s is not there", path);
	int result = open_store(path, &db);
	if (result == SQLITE_OK) {
		sqlite3_progress_handler(db, STEPS, is_over, &limits);
		result = select_events(db, query, events, next_ms);
	}
	result = result == SQLITE_DONE || result == SQLITE_ROW ? 0 : fail(db, path, error);
	sqlite3_close(db);
	return result;
}
