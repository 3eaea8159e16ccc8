#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "schema.h"

enum { TIDY_EVERY_S = 60, TIDY_ROWS = 500, STEADY_S = 600, JUMP_S = 60 };

struct store {
	struct loop *loop;
	struct store_params params;
	char path[STORE_PATH_BYTES];
	struct sql sql;
	bool in_batch, is_failed;
	int lock; /* held while this process uses the folder */
	struct loop_watch *batch_timer, *retry_timer, *tidy_timer;
	struct log_fault fault;
	int64_t clock_offset_ns, steady_since_ns;
};

void store_path(const char *folder, char path[STORE_PATH_BYTES])
{
	snprintf(path, STORE_PATH_BYTES, "%s/hub.db", folder);
}

/* --- opening --- */

/* The WAL goes with its database: it is of no use to another. */
static int set_aside(struct store *store, struct error *error)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char moment[32], aside[STORE_PATH_BYTES + 48], from[STORE_PATH_BYTES + 8];
	int64_t now_ns = clock_wall_ns();
	clock_format_local(now_ns, "%Y%m%d_%H%M%S", moment, 24);
	snprintf(moment + strlen(moment), 6, ".%03u", (unsigned)clock_millisecond(now_ns) % 1000);
	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		snprintf(from, sizeof from, "%s%s", store->path, suffixes[i]);
		snprintf(aside, sizeof aside, "%s.damaged-%s%s", store->path, moment, suffixes[i]);
		if (rename(from, aside) < 0 && errno != ENOENT)
			return error_set_errno(error, -errno, "cannot set the damaged %.150s aside", from);
	}
	log_error("%.200s was damaged and is set aside as %.200s.damaged-%s: a new one is made from the captures",
	          store->path, store->path, moment);
	return 0;
}

/* Looks at all of a file that is small enough; a large one tells when the damage is met. */
static int check_file(struct store *store, struct error *error)
{
	static const char check[] = "PRAGMA quick_check(1)";
	enum { SMALL_BYTES = 16 * 1024 * 1024 };
	struct stat status;
	if (stat(store->path, &status) < 0 || status.st_size > SMALL_BYTES)
		return 0;
	sqlite3_stmt *statement = sql_begin(&store->sql, check, "");
	int result = statement ? sql_step(statement, error) : sql_fail(store->sql.db, error);
	if (result == 1 && strcmp(sql_text(statement, 0), "ok") != 0)
		result = error_set(error, -EILSEQ, "the file is damaged (%.150s)", sql_text(statement, 0));
	sql_end(statement);
	return result < 0 ? result : 0;
}

static int open_file(struct store *store, struct error *error)
{
	int result = sql_open(&store->sql, store->path, false, error);
	if (result == 0)
		result = check_file(store, error);
	if (result == 0)
		result = schema_migrate(&store->sql, error);
	if (result < 0)
		sql_close(&store->sql);
	return result;
}

/* Two hubs on one store would do everything twice. */
static int lock_folder(struct store *store, struct error *error)
{
	char path[STORE_PATH_BYTES + 8];
	int result = store->params.folder ? fsio_make_folder(store->params.folder, 0, error) : 0;
	if (result < 0 || !store->params.folder)
		return result;
	snprintf(path, sizeof path, "%.*s.lock", STORE_PATH_BYTES, store->path);
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (store->lock < 0)
		return error_set_errno(error, -errno, "cannot make %.200s", path);
	if (flock(store->lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return error_set(error, -EBUSY, "another pastcam-hub has %.180s: stop it, or set hub.data_dir",
		                 store->params.folder);
	return 0;
}

static int open_or_begin_anew(struct store *store, bool *is_new, struct error *error)
{
	struct error reason = { 0 };
	bool was_there = access(store->path, F_OK) == 0;
	int result = open_file(store, &reason);
	*is_new = !was_there;
	if (result == -EILSEQ && set_aside(store, error) == 0) {
		*is_new = true;
		result = open_file(store, &reason);
	}
	return result < 0 ? error_set(error, result, "%.160s: %s", store->path, reason.text) : 0;
}

/* --- batches --- */

void store_failed(struct store *store, const struct error *error)
{
	log_fault_begin(&store->fault, "Events cannot be stored in %.160s: %s; the cameras keep the last 1024 meanwhile",
	                store->path, error->text);
	if (store->is_failed)
		return;
	bool is_damaged = error->code == -EILSEQ;
	store->is_failed = true;
	store->in_batch = false;
	sql_close(&store->sql); /* rolls back */
	if (is_damaged)
		set_aside(store, NULL);
	loop_set_timer(store->batch_timer, 0, 0);
	loop_set_timer(store->retry_timer, STORE_RETRY_S * CLOCK_NS_PER_S, STORE_RETRY_S * CLOCK_NS_PER_S);
}

const struct seal_recipients *store_seal(const struct store *store)
{
	return store->params.seal;
}

struct sql *store_sql(struct store *store)
{
	return store->is_failed ? NULL : &store->sql;
}

struct sql *store_batch(struct store *store)
{
	struct error error = { 0 };
	if (store->is_failed)
		return NULL;
	if (store->in_batch)
		return &store->sql;
	if (sql_run(&store->sql, "BEGIN IMMEDIATE", &error) < 0) {
		store_failed(store, &error);
		return NULL;
	}
	store->in_batch = true;
	loop_set_timer(store->batch_timer, INT64_C(1) * STORE_BATCH_MS * CLOCK_NS_PER_MS, 0);
	return &store->sql;
}

static void write_batch(struct store *store)
{
	struct error error = { 0 };
	if (!store->in_batch)
		return;
	store->in_batch = false;
	if (sql_run(&store->sql, "COMMIT", &error) < 0)
		store_failed(store, &error);
	else
		store->params.written(store->params.data);
}

static void on_batch(void *data, uint32_t times)
{
	(void)times;
	write_batch(data);
}

static void on_retry(void *data, uint32_t times)
{
	(void)times;
	struct store *store = data;
	struct error error = { 0 };
	bool is_new;
	if (open_or_begin_anew(store, &is_new, &error) < 0)
		return;
	loop_set_timer(store->retry_timer, 0, 0);
	store->is_failed = false;
	log_fault_end(&store->fault, "Events are stored again");
	store->params.recovered(store->params.data);
}

/* --- retention --- */

/* A clock that has just jumped must not make all events old. */
static bool clock_is_steady(struct store *store)
{
	int64_t now_ns = clock_now_ns(), offset_ns = clock_wall_ns() - now_ns;
	int64_t jump_ns = offset_ns - store->clock_offset_ns;
	store->clock_offset_ns = offset_ns;
	if (jump_ns > JUMP_S * CLOCK_NS_PER_S || jump_ns < -JUMP_S * CLOCK_NS_PER_S)
		store->steady_since_ns = now_ns;
	return now_ns - store->steady_since_ns > STEADY_S * CLOCK_NS_PER_S;
}

static int tidy(struct store *store, struct sql *sql, struct error *error)
{
	static const char by_count[] = "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq <= "
	                               "(SELECT max(seq) FROM events) - ? ORDER BY seq LIMIT ?)";
	static const char by_age[] = "DELETE FROM events WHERE seq IN (SELECT seq FROM events INDEXED BY events_time WHERE "
	                             "time_ms < ? ORDER BY time_ms LIMIT ?)";
	const int64_t rows = TIDY_ROWS, now_ms = clock_wall_ns() / CLOCK_NS_PER_MS;
	int deleted = sql_do(sql, error, by_count, "ii", store->params.keep_events, rows);
	if (deleted >= 0 && store->params.keep_days > 0 && clock_is_steady(store)) {
		int aged = sql_do(sql, error, by_age, "ii", now_ms - (int64_t)(store->params.keep_days * 86400e3), rows);
		deleted = aged < 0 ? aged : deleted + aged;
	}
	return deleted;
}

/* Some rows at a time, so that no event waits for it; at once again while there is more. */
static void on_tidy(void *data, uint32_t times)
{
	(void)times;
	struct store *store = data;
	struct error error = { 0 };
	struct sql *sql = store_batch(store);
	int deleted = sql ? tidy(store, sql, &error) : 0;
	if (deleted < 0)
		store_failed(store, &error);
	loop_set_timer(store->tidy_timer, (deleted >= TIDY_ROWS ? 1 : TIDY_EVERY_S) * CLOCK_NS_PER_S, 0);
}

/* --- life --- */

struct store *store_create(struct loop *loop, const struct store_params *params, bool *is_new, struct error *error)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store) {
		error_set(error, -ENOMEM, "no memory for the store");
		return NULL;
	}
	store->loop = loop;
	store->lock = -1;
	store->params = *params;
	store->clock_offset_ns = clock_wall_ns() - clock_now_ns();
	store->steady_since_ns = clock_now_ns();
	if (params->folder)
		store_path(params->folder, store->path);
	else
		snprintf(store->path, sizeof store->path, ":memory:");
	store->batch_timer = loop_add_timer(loop, on_batch, store);
	store->retry_timer = loop_add_timer(loop, on_retry, store);
	store->tidy_timer = loop_add_timer(loop, on_tidy, store);
	if (!store->batch_timer || !store->retry_timer || !store->tidy_timer)
		error_set_errno(error, -ENOMEM, "no timers for the store");
	else if (lock_folder(store, error) == 0 && open_or_begin_anew(store, is_new, error) == 0) {
		loop_set_timer(store->tidy_timer, CLOCK_NS_PER_S, 0);
		return store;
	}
	store_destroy(store);
	return NULL;
}

void store_destroy(struct store *store)
{
	if (!store)
		return;
	write_batch(store);
	loop_remove(store->batch_timer);
	loop_remove(store->retry_timer);
	loop_remove(store->tidy_timer);
	sql_close(&store->sql);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}
