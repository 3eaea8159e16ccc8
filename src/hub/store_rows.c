/* What is in the store: events and their files, cursors, settings, the state of rules. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

static int tell(struct store *store, int result, const struct error *error)
{
	if (result < 0)
		store_failed(store, error);
	return result;
}

/* --- events and files --- */

static int add_file(struct sql *sql, const struct hub_event *event, const char *path, const char *kind, int64_t seq,
                    struct error *error)
{
	/* What was found on the disk before its event was read has an event of the keeper's, which this one replaces. */
	static const char replace[] = "DELETE FROM events WHERE seq = (SELECT event FROM files WHERE path = ?) AND id LIKE "
	                              "'file-%'";
	static const char add[] = "INSERT INTO files (path, camera, kind, time_ms, tier, event) VALUES (?, ?, ?, ?, ?, ?) "
	                          "ON CONFLICT (path) DO UPDATE SET event = excluded.event, tier = excluded.tier";
	const char *tier = event_text(event, "tier");
	int result = sql_do(sql, error, replace, "t", path);
	if (result < 0)
		return result;
	return sql_do(sql, error, add, "tttiti", path, event->camera, kind, event->time_ms, tier[0] ? tier : NULL, seq);
}

static int add_files(struct sql *sql, const struct hub_event *event, int64_t seq, struct error *error)
{
	const char *kind = strcmp(event->type, "clip.end") == 0 ? "clip" : "picture";
	char path[STORE_PATH_BYTES];
	int result = 0;
	for (size_t i = 0; result >= 0 && event_file(event, i, path, sizeof path); i++)
		result = add_file(sql, event, path, kind, seq, error);
	return result;
}

/* Its id is that of the event beside it. */
static bool is_lost(const struct hub_event *event)
{
	return strcmp(event->type, "lost") == 0;
}

/* Of one that is sealed, text has all that is kept. */
static int add_event(struct sql *sql, const struct hub_event *event, bool is_sealed, const char *text,
                     struct error *error)
{
	static const char with_score[] =
	    "INSERT OR IGNORE INTO events (camera, id, time_ms, type, zone, label, score, json) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
	static const char without[] = "INSERT OR IGNORE INTO events (camera, id, time_ms, type, zone, label, json) "
	                              "VALUES (?, ?, ?, ?, ?, ?, ?)";
	const char *zone = event->zone[0] && !is_sealed ? event->zone : NULL;
	const char *label = event->label[0] && !is_sealed ? event->label : NULL;
	char id[HUB_ID_BYTES + 8];
	snprintf(id, sizeof id, "%s%s", is_lost(event) ? "lost-" : "", event->id);
	if (event->has_score && !is_sealed)
		return sql_do(sql, error, with_score, "ttitttdt", event->camera, id, event->time_ms, event->type, zone, label,
		              event->score, text);
	return sql_do(sql, error, without, "ttitttt", event->camera, id, event->time_ms, event->type, zone, label, text);
}

static int set_cursor(struct sql *sql, const struct hub_event *event, struct error *error)
{
	static const char set[] = "INSERT INTO cursors (camera, id) VALUES (?, ?) ON CONFLICT (camera) DO UPDATE SET id = "
	                          "excluded.id";
	return sql_do(sql, error, set, "tt", event->camera, event->id);
}

int store_event(struct store *store, const struct hub_event *event)
{
	struct error error = { 0 };
	struct sql *sql = store_batch(store);
	char *text = sql ? event_print(event, store_seal(store)) : NULL;
	if (!text)
		return sql ? tell(store, error_set(&error, -ENOMEM, "no memory for an event"), &error) : -EIO;
	int added = add_event(sql, event, seal_is_wanted(store_seal(store)), text, &error), result = added;
	if (added > 0)
		result = add_files(sql, event, sqlite3_last_insert_rowid(sql->db), &error);
	if (result >= 0 && !is_lost(event))
		result = set_cursor(sql, event, &error);
	free(text);
	return tell(store, result < 0 ? result : added, &error);
}

void store_cursor(struct store *store, const char *camera, char id[HUB_ID_BYTES])
{
	static const char get[] = "SELECT id FROM cursors WHERE camera = ?";
	struct error error = { 0 };
	struct sql *sql = store_sql(store);
	id[0] = '\0';
	if (!sql)
		return;
	sqlite3_stmt *statement = sql_begin(sql, get, "t", camera);
	int result = statement ? sql_step(statement, &error) : sql_fail(sql->db, &error);
	if (result == 1)
		snprintf(id, HUB_ID_BYTES, "%s", sql_text(statement, 0));
	sql_end(statement);
	tell(store, result, &error);
}

/* --- settings and rules --- */

bool store_get(struct store *store, const char *name, char *value, size_t bytes)
{
	static const char get[] = "SELECT value FROM settings WHERE name = ?";
	struct error error = { 0 };
	struct sql *sql = store_sql(store);
	value[0] = '\0';
	if (!sql)
		return false;
	sqlite3_stmt *statement = sql_begin(sql, get, "t", name);
	int result = statement ? sql_step(statement, &error) : sql_fail(sql->db, &error);
	if (result == 1)
		snprintf(value, bytes, "%s", sql_text(statement, 0));
	sql_end(statement);
	return tell(store, result, &error) == 1;
}

int store_set(struct store *store, const char *name, const char *value)
{
	static const char set[] = "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
	                          "value = excluded.value";
	struct error error = { 0 };
	struct sql *sql = store_batch(store);
	return sql ? tell(store, sql_do(sql, &error, set, "tt", name, value), &error) : -EIO;
}

int64_t store_rule_last_ms(struct store *store, const char *rule, const char *camera)
{
	static const char get[] = "SELECT last_ms FROM rules WHERE rule = ? AND camera = ?";
	struct error error = { 0 };
	struct sql *sql = store_sql(store);
	if (!sql)
		return 0;
	sqlite3_stmt *statement = sql_begin(sql, get, "tt", rule, camera);
	int result = statement ? sql_step(statement, &error) : sql_fail(sql->db, &error);
	int64_t last_ms = result == 1 ? sqlite3_column_int64(statement, 0) : 0;
	sql_end(statement);
	tell(store, result, &error);
	return last_ms;
}

int store_rule_fired(struct store *store, const char *rule, const char *camera, int64_t time_ms)
{
	static const char set[] = "INSERT INTO rules (rule, camera, last_ms, times) VALUES (?, ?, ?, 1) ON CONFLICT (rule, "
	                          "camera) DO UPDATE SET last_ms = excluded.last_ms, times = times + 1";
	struct error error = { 0 };
	struct sql *sql = store_batch(store);
	return sql ? tell(store, sql_do(sql, &error, set, "tti", rule, camera, time_ms), &error) : -EIO;
}
