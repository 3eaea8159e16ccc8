#include "outbox.h"

#include <errno.h>

#include "base/log.h"

static void nothing(void *data)
{
	(void)data;
}

/* --- what waited in the store, before events were sealed --- */

static int take_messages(struct sql *from, struct sql *to, struct error *error)
{
	static const char get[] = "SELECT topic, payload FROM mqtt_queue ORDER BY id";
	static const char add[] = "INSERT INTO mqtt_queue (topic, payload) VALUES (?, ?)";
	sqlite3_stmt *row = sql_begin(from, get, "");
	int result = row ? 1 : sql_fail(from->db, error), count = 0;
	while (result == 1 && (result = sql_step(row, error)) == 1) {
		int added = sql_do(to, error, add, "tt", sql_text(row, 0), sql_text(row, 1));
		count++;
		result = added < 0 ? added : 1;
	}
	sql_end(row);
	return result < 0 ? result : count;
}

/* Uploads, whose rows have a space in their target, stay: they say no more than a file's name. */
#define WEBHOOKS "FROM deliveries WHERE instr(target, ' ') = 0"

static int take_webhooks(struct sql *from, struct sql *to, struct error *error)
{
	static const char get[] = "SELECT target, key, body, path, attempts, due_ms, created_ms " WEBHOOKS " ORDER BY id";
	static const char add[] = "INSERT INTO deliveries (target, key, body, path, attempts, due_ms, created_ms) VALUES "
	                          "(?, ?, ?, ?, ?, ?, ?)";
	sqlite3_stmt *row = sql_begin(from, get, "");
	int result = row ? 1 : sql_fail(from->db, error), count = 0;
	while (result == 1 && (result = sql_step(row, error)) == 1) {
		int added = sql_do(to, error, add, "ttttiii", sql_text(row, 0), sql_text(row, 1), sql_text(row, 2),
		                   (const char *)sqlite3_column_text(row, 3), sqlite3_column_int64(row, 4),
		                   sqlite3_column_int64(row, 5), sqlite3_column_int64(row, 6));
		count++;
		result = added < 0 ? added : 1;
	}
	sql_end(row);
	return result < 0 ? result : count;
}

static int take_over(struct store *store, struct store *outbox, struct error *error)
{
	struct sql *from = store_batch(store), *to = store_batch(outbox);
	if (!from || !to)
		return error_set(error, -EIO, "the store does not work");
	int messages = take_messages(from, to, error);
	int webhooks = messages < 0 ? messages : take_webhooks(from, to, error);
	if (webhooks < 0)
		return webhooks;
	if (messages + webhooks > 0)
		log_info("%d messages that wait are kept in memory from now on, since events are sealed", messages + webhooks);
	return sql_run(from, "DELETE FROM mqtt_queue; DELETE " WEBHOOKS, error);
}

/* --- life --- */

struct store *outbox_create(struct loop *loop, struct store *store, struct error *error)
{
	const struct store_params params = { .keep_events = 1, .written = nothing, .recovered = nothing };
	bool is_new;
	if (!seal_is_wanted(store_seal(store)))
		return store;
	struct store *outbox = store_create(loop, &params, &is_new, error);
	if (!outbox || take_over(store, outbox, error) == 0)
		return outbox;
	store_destroy(outbox);
	return NULL;
}

void outbox_destroy(struct store *outbox, const struct store *store)
{
	if (outbox != store)
		store_destroy(outbox);
}
