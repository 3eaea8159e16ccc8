#include "schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Step n makes version n + 1 of version n. What has been released is never changed, only added to. */
static const char *const steps[] = {
	"CREATE TABLE events (seq INTEGER PRIMARY KEY, camera TEXT NOT NULL, id TEXT NOT NULL, time_ms INTEGER NOT NULL,"
	" type TEXT NOT NULL, zone TEXT, label TEXT, score REAL, json TEXT NOT NULL);"
	"CREATE UNIQUE INDEX events_id ON events (id, camera);"
	"CREATE INDEX events_time ON events (time_ms);"
	"CREATE TABLE files (path TEXT PRIMARY KEY, camera TEXT NOT NULL, kind TEXT NOT NULL, time_ms INTEGER NOT NULL,"
	" tier TEXT, bytes INTEGER, sha256 TEXT, event INTEGER) WITHOUT ROWID;"
	"CREATE INDEX files_event ON files (event);"
	"CREATE INDEX files_unread ON files (time_ms) WHERE bytes IS NULL;"
	"CREATE TABLE cursors (camera TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE rules (rule TEXT NOT NULL, camera TEXT NOT NULL, last_ms INTEGER NOT NULL, times INTEGER NOT NULL,"
	" PRIMARY KEY (rule, camera)) WITHOUT ROWID;"
	"CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;",
	"CREATE TABLE mqtt_queue (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload TEXT NOT NULL);",
	"CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, key TEXT NOT NULL UNIQUE,"
	" body TEXT NOT NULL, path TEXT, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL);"
	"CREATE INDEX deliveries_due ON deliveries (target, due_ms);",
};

enum { VERSION = sizeof steps / sizeof steps[0] };

static int step(struct sql *sql, int64_t version, struct error *error)
{
	char mark[48];
	snprintf(mark, sizeof mark, "PRAGMA user_version=%" PRId64, version + 1);
	int result = sql_run(sql, "BEGIN IMMEDIATE", error);
	if (result == 0)
		result = sql_run(sql, steps[version], error);
	if (result == 0)
		result = sql_run(sql, mark, error);
	if (result == 0)
		result = sql_run(sql, "COMMIT", error);
	if (result < 0)
		sql_run(sql, "ROLLBACK", NULL);
	return result;
}

int schema_migrate(struct sql *sql, struct error *error)
{
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(sql->db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK)
		return sql_fail(sql->db, error);
	int result = sqlite3_step(statement) == SQLITE_ROW ? 0 : sql_fail(sql->db, error);
	int64_t version = result == 0 ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	if (result == 0 && version > VERSION)
		return error_set(error, -EPROTO, "it was made by a later pastcam-hub (version %" PRId64 ", this one knows %d)",
		                 version, VERSION);
	for (; result == 0 && version < VERSION; version++)
		result = step(sql, version, error);
	return result;
}
