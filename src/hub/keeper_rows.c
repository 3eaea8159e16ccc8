#include "keeper_rows.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sealed_name.h"
#include "event.h"
#include "store.h"

int keeper_rows_know(struct sql *sql, const char *path, struct error *error)
{
	static const char get[] = "SELECT 1 FROM files WHERE path = ?";
	sqlite3_stmt *statement = sql_begin(sql, get, "t", path);
	int result = statement ? sql_step(statement, error) : sql_fail(sql->db, error);
	sql_end(statement);
	return result;
}

static char *describe(const struct found_file *file, const char *id, const char *path)
{
	char time[CLOCK_ISO_BYTES];
	const size_t length = sealed_name_length(path);
	const char *dot = memrchr(path, '.', length);
	char format[8] = "";
	if (dot)
		snprintf(format, sizeof format, "%.*s", (int)(path + length - dot - 1), dot + 1);
	clock_format_iso(file->time_ms * CLOCK_NS_PER_MS, time);
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "event", file->is_clip ? "clip.end" : "picture.saved");
	cJSON_AddStringToObject(json, "id", id);
	cJSON_AddStringToObject(json, "time", time);
	cJSON_AddNumberToObject(json, "epoch", (double)file->time_ms / 1000);
	cJSON_AddStringToObject(json, "camera", file->camera);
	cJSON_AddStringToObject(json, "path", path);
	if (!file->is_clip)
		cJSON_AddItemToArray(cJSON_AddArrayToObject(json, "formats"), cJSON_CreateString(format));
	cJSON_AddNumberToObject(json, "frame", (double)file->frame);
	cJSON_AddBoolToObject(json, "found", true);
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

static int add(struct sql *sql, const struct found_file *file, const char *path, const char *id, const char *text,
               struct error *error)
{
	static const char add_event[] = "INSERT OR IGNORE INTO events (camera, id, time_ms, type, json) VALUES (?, ?, ?, "
	                                "?, ?)";
	static const char add_file[] = "INSERT OR IGNORE INTO files (path, camera, kind, time_ms, tier, event) VALUES (?, "
	                               "?, ?, ?, 'disk', (SELECT seq FROM events WHERE id = ? AND camera = ?))";
	const char *type = file->is_clip ? "clip.end" : "picture.saved", *kind = file->is_clip ? "clip" : "picture";
	int result = sql_do(sql, error, add_event, "ttitt", file->camera, id, file->time_ms, type, text);
	if (result >= 0)
		result = sql_do(sql, error, add_file, "tttitt", path, file->camera, kind, file->time_ms, id, file->camera);
	return result;
}

int keeper_rows_add(struct sql *sql, const struct found_file *file, const char *path, const char *name,
                    struct error *error)
{
	char id[HUB_ID_BYTES + 160];
	snprintf(id, sizeof id, "file-%.*s", file->base_length, name);
	char *text = describe(file, id, path);
	if (!text)
		return error_set(error, -ENOMEM, "no memory for an event");
	int result = sql_run(sql, "BEGIN IMMEDIATE", error);
	if (result == 0) {
		result = add(sql, file, path, id, text, error);
		int end = sql_run(sql, result < 0 ? "ROLLBACK" : "COMMIT", result < 0 ? NULL : error);
		result = result < 0 ? result : end < 0 ? end : result;
	}
	free(text);
	return result;
}

int keeper_rows_unread(struct sql *sql, char *path, size_t bytes, struct error *error)
{
	static const char get[] = "SELECT path FROM files WHERE bytes IS NULL ORDER BY time_ms DESC LIMIT 1";
	sqlite3_stmt *statement = sql_begin(sql, get, "");
	int result = statement ? sql_step(statement, error) : sql_fail(sql->db, error);
	if (result == 1)
		snprintf(path, bytes, "%s", sql_text(statement, 0));
	sql_end(statement);
	return result;
}

int keeper_rows_set_read(struct sql *sql, const char *path, const char *sha256, long long bytes, struct error *error)
{
	static const char set[] = "UPDATE files SET bytes = ?, sha256 = ? WHERE path = ?";
	return sql_do(sql, error, set, "itt", (int64_t)bytes, sha256, path);
}

int keeper_rows_drop(struct sql *sql, const char *path, struct error *error)
{
	static const char drop[] = "DELETE FROM files WHERE path = ?";
	return sql_do(sql, error, drop, "t", path);
}

/* The next path after the last one, so that no statement stays open while others write. */
static int next_path(struct sql *sql, char *path, size_t bytes, struct error *error)
{
	static const char get[] = "SELECT path FROM files WHERE path > ? ORDER BY path LIMIT 1";
	sqlite3_stmt *statement = sql_begin(sql, get, "t", path);
	int result = statement ? sql_step(statement, error) : sql_fail(sql->db, error);
	if (result == 1)
		snprintf(path, bytes, "%s", sql_text(statement, 0));
	sql_end(statement);
	return result;
}

int keeper_rows_drop_gone(struct sql *sql, const atomic_bool *stop, struct error *error)
{
	char path[STORE_PATH_BYTES] = "";
	int result;
	while ((result = next_path(sql, path, sizeof path, error)) == 1 && !atomic_load(stop)) {
		if (access(path, F_OK) == 0 || errno != ENOENT) /* a drive that is away brings its files back */
			continue;
		char *slash = strrchr(path, '/');
		if (slash) {
			*slash = '\0';
			bool folder_is_there = access(path, F_OK) == 0;
			*slash = '/';
			if (!folder_is_there)
				continue;
		}
		result = keeper_rows_drop(sql, path, error);
		if (result < 0)
			return result;
	}
	return result < 0 ? result : 0;
}
