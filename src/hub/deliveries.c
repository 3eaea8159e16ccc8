#include "deliveries.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "http_worker.h"

enum { MS_PER_S = 1000 };

/* In the place of the attempts of a row: its target has it, and what is to follow may not have been done yet. */
#define TAKEN "-1"

struct lane {          /* of one target */
	int64_t busy_with; /* a row; 0: none */
	struct log_fault fault, full;
};

struct deliveries {
	struct loop *loop;
	struct store *store;
	struct deliveries_params params;
	char thread_name[16];
	struct lane lanes[DELIVERY_TARGETS_MAX];
	struct http_worker *worker; /* NULL until it is needed */
	struct loop_watch *timer;
	bool may_have_taken; /* rows that are */
};

static void pump(struct deliveries *deliveries);

static int64_t now_ms(void)
{
	return clock_wall_ns() / CLOCK_NS_PER_MS;
}

static const char *target_of(const struct deliveries *deliveries, size_t index)
{
	return index < DELIVERY_TARGETS_MAX ? deliveries->params.target(deliveries->params.data, index) : NULL;
}

/* As people know it: an upload's is "upload NAME" in its rows. */
static const char *short_name(const char *target)
{
	const char *space = strchr(target, ' ');
	return space ? space + 1 : target;
}

int deliveries_key(const char *text, char key[DELIVERY_KEY_BYTES])
{
	char hex[SHA256_HEX_BYTES];
	int result = sha256_bytes(text, strlen(text), hex);
	if (result == 0)
		snprintf(key, DELIVERY_KEY_BYTES, "%.32s", hex);
	return result;
}

/* --- taking one --- */

static int64_t count_of(struct sql *sql, const char *target)
{
	static const char count[] = "SELECT count(*) FROM deliveries WHERE target = ? AND attempts <> " TAKEN;
	sqlite3_stmt *statement = sql_begin(sql, count, "t", target);
	int64_t rows = statement && sql_step(statement, NULL) == 1 ? sqlite3_column_int64(statement, 0) : 0;
	sql_end(statement);
	return rows;
}

static int make_room(struct deliveries *deliveries, struct sql *sql, size_t index, struct error *error)
{
	static const char drop[] = "DELETE FROM deliveries WHERE id = (SELECT min(id) FROM deliveries WHERE target = ? AND "
	                           "attempts <> " TAKEN ")";
	struct lane *lane = &deliveries->lanes[index];
	const char *target = target_of(deliveries, index), *what = deliveries->params.what;
	if (count_of(sql, target) < deliveries->params.most) {
		log_fault_end(&lane->full, "The queue of the %s %.100s has room again", what, short_name(target));
		return 0;
	}
	log_fault_begin(&lane->full, "%lld deliveries wait for the %s %.100s: the oldest are dropped",
	                (long long)deliveries->params.most, what, short_name(target));
	return sql_do(sql, error, drop, "t", target);
}

void deliveries_add(struct deliveries *deliveries, size_t index, const char *key, const char *body, const char *path)
{
	static const char add[] =
	    "INSERT OR IGNORE INTO deliveries (target, key, body, path, attempts, due_ms, created_ms) "
	    "VALUES (?, ?, ?, ?, 0, ?, ?)";
	struct error error = { 0 };
	struct sql *sql = store_batch(deliveries->store);
	int result = sql ? make_room(deliveries, sql, index, &error) : -EIO;
	if (result >= 0)
		result = sql_do(sql, &error, add, "ttttii", target_of(deliveries, index), key, body, path[0] ? path : NULL,
		                now_ms(), now_ms());
	if (sql && result < 0)
		store_failed(deliveries->store, &error);
	if (!sql)
		log_warning("A delivery to the %s %.100s cannot be kept: it is made again from its event, where it has one",
		            deliveries->params.what, short_name(target_of(deliveries, index)));
	pump(deliveries);
}

/* --- sending --- */

static int drop_row(struct sql *sql, int64_t id, struct error *error)
{
	static const char drop[] = "DELETE FROM deliveries WHERE id = ?";
	return sql_do(sql, error, drop, "i", id);
}

/* Gives a row's request to the worker. True when it has it; *is_over: it is to be dropped. */
static bool send_row(struct deliveries *deliveries, size_t index, sqlite3_stmt *row, bool *is_over)
{
	const struct delivery delivery = {
		.id = sqlite3_column_int64(row, 0),
		.key = sql_text(row, 1),
		.body = sql_text(row, 2),
		.path = sql_text(row, 3),
	};
	struct http_job *job = deliveries->params.make(deliveries->params.data, index, &delivery, is_over);
	if (!job || !deliveries->worker || http_worker_send(deliveries->worker, job) < 0) {
		http_job_free(job);
		return false;
	}
	deliveries->lanes[index].busy_with = delivery.id;
	return true;
}

/* Sends the next one of a target that is due. When another is, or INT64_MAX. */
static int64_t send_due(struct deliveries *deliveries, size_t index, struct sql *sql, struct error *error)
{
	static const char next[] =
	    "SELECT id, key, body, path, due_ms FROM deliveries WHERE target = ? AND attempts <> " TAKEN
	    " ORDER BY due_ms, id LIMIT 1";
	sqlite3_stmt *row = sql_begin(sql, next, "t", target_of(deliveries, index));
	int result = row ? sql_step(row, error) : sql_fail(sql->db, error);
	int64_t id = result == 1 ? sqlite3_column_int64(row, 0) : 0, now = now_ms();
	int64_t due_ms = result == 1 ? sqlite3_column_int64(row, 4) : INT64_MAX;
	/* One that is further away than it can be was put there by another clock. */
	bool is_due = result == 1 && (due_ms <= now || due_ms > now + INT64_C(2) * DELIVERY_WAIT_MOST_S * MS_PER_S);
	bool is_over = false, is_sent = is_due && send_row(deliveries, index, row, &is_over);
	sql_end(row);
	if (is_over && (sql = store_batch(deliveries->store)) != NULL) {
		drop_row(sql, id, error);
		return now; /* the next one */
	}
	return !is_due ? due_ms : is_sent ? INT64_MAX : now + MS_PER_S;
}

static void pump(struct deliveries *deliveries)
{
	struct error error = { 0 };
	struct sql *sql = store_sql(deliveries->store);
	int64_t next_ms = INT64_MAX, now = now_ms();
	for (size_t i = 0; sql && error.code == 0 && target_of(deliveries, i); i++) {
		int64_t due_ms = deliveries->lanes[i].busy_with ? INT64_MAX : send_due(deliveries, i, sql, &error);
		next_ms = due_ms < next_ms ? due_ms : next_ms;
	}
	if (error.code < 0)
		store_failed(deliveries->store, &error);
	if (next_ms != INT64_MAX)
		loop_set_timer(deliveries->timer, (next_ms > now ? next_ms - now : 1) * CLOCK_NS_PER_MS, 0);
}

static void on_timer(void *data, uint32_t times)
{
	(void)times;
	pump(data);
}

/* --- what became of it --- */

static int try_again(struct sql *sql, int64_t id, struct error *error)
{
	static const char again[] = "UPDATE deliveries SET attempts = attempts + 1, due_ms = ?1 + (CASE WHEN attempts < 10 "
	                            "THEN min(1000 << attempts, ?2) ELSE ?2 END) * ?3 / 100 WHERE id = ?4";
	const int64_t most_ms = INT64_C(1) * DELIVERY_WAIT_MOST_S * MS_PER_S, percent = 75 + (int64_t)(random_draw() % 51);
	return sql_do(sql, error, again, "iiii", now_ms(), most_ms, percent, id);
}

static int give_up(const struct deliveries *deliveries, struct sql *sql, const char *target, struct error *error)
{
	static const char drop[] = "DELETE FROM deliveries WHERE target = ? AND attempts >= ?";
	const int64_t tries = deliveries->params.tries;
	int dropped = sql_do(sql, error, drop, "ti", target, tries);
	if (dropped > 0)
		log_error("%d deliveries to the %s %.100s are given up after %lld tries", dropped, deliveries->params.what,
		          short_name(target), (long long)tries);
	return dropped;
}

/* What follows, such as deleting a file, is done once the store knows: after a kill it would be sent again, without its
 * file. */
static int take_off(struct deliveries *deliveries, struct sql *sql, int64_t id, struct error *error)
{
	static const char mark[] = "UPDATE deliveries SET attempts = " TAKEN " WHERE id = ?";
	if (!deliveries->params.taken)
		return drop_row(sql, id, error);
	deliveries->may_have_taken = true;
	return sql_do(sql, error, mark, "i", id);
}

static int tell_taken(const struct deliveries *deliveries, size_t index, struct sql *sql, struct error *error)
{
	static const char get[] = "SELECT id, key, body, path FROM deliveries WHERE target = ? AND attempts = " TAKEN;
	static const char drop[] = "DELETE FROM deliveries WHERE target = ? AND attempts = " TAKEN;
	const char *target = target_of(deliveries, index);
	sqlite3_stmt *row = sql_begin(sql, get, "t", target);
	int result = row ? 1 : sql_fail(sql->db, error);
	while (result == 1 && (result = sql_step(row, error)) == 1) {
		const struct delivery delivery = {
			.id = sqlite3_column_int64(row, 0),
			.key = sql_text(row, 1),
			.body = sql_text(row, 2),
			.path = sql_text(row, 3),
		};
		deliveries->params.taken(deliveries->params.data, index, &delivery);
	}
	sql_end(row);
	return result < 0 ? result : sql_do(sql, error, drop, "t", target);
}

void deliveries_batch_written(struct deliveries *deliveries)
{
	struct error error = { 0 };
	struct sql *sql = deliveries->may_have_taken ? store_batch(deliveries->store) : NULL;
	deliveries->may_have_taken = deliveries->may_have_taken && !sql;
	for (size_t i = 0; sql && target_of(deliveries, i); i++) {
		if (tell_taken(deliveries, i, sql, &error) < 0) {
			store_failed(deliveries->store, &error);
			return;
		}
	}
}

static int settle(struct deliveries *deliveries, size_t index, const struct http_result *result, struct sql *sql,
                  struct error *error)
{
	const char *target = target_of(deliveries, index), *what = deliveries->params.what;
	struct lane *lane = &deliveries->lanes[index];
	if (result->reason[0] == '\0') {
		log_fault_end(&lane->fault, "The %s %.100s takes deliveries again", what, short_name(target));
		return take_off(deliveries, sql, result->id, error);
	}
	log_fault_begin(&lane->fault, "The %s %.100s does not take a delivery: %s; it is tried again", what,
	                short_name(target), result->reason);
	int code = try_again(sql, result->id, error);
	return code < 0 ? code : give_up(deliveries, sql, target, error);
}

static void on_done(void *data, const struct http_result *result)
{
	struct deliveries *deliveries = data;
	struct error error = { 0 };
	struct sql *sql = store_batch(deliveries->store);
	for (size_t i = 0; target_of(deliveries, i); i++) {
		if (deliveries->lanes[i].busy_with != result->id)
			continue;
		deliveries->lanes[i].busy_with = 0;
		if (sql && settle(deliveries, i, result, sql, &error) < 0)
			store_failed(deliveries->store, &error);
		break;
	}
	pump(deliveries);
}

/* --- life --- */

static bool has_target(const struct deliveries *deliveries, const char *name)
{
	const char *target;
	for (size_t i = 0; (target = target_of(deliveries, i)) != NULL; i++)
		if (strcmp(target, name) == 0)
			return true;
	return false;
}

void deliveries_drop_strangers(struct deliveries *deliveries, deliveries_is_ours is_ours)
{
	static const char targets[] = "SELECT DISTINCT target FROM deliveries";
	static const char drop[] = "DELETE FROM deliveries WHERE target = ?";
	char strange[STORE_PATH_BYTES] = "";
	struct sql *sql = store_batch(deliveries->store);
	sqlite3_stmt *row = sql ? sql_begin(sql, targets, "") : NULL;
	while (row && sql_step(row, NULL) == 1)
		if (is_ours(sql_text(row, 0)) && !has_target(deliveries, sql_text(row, 0)))
			snprintf(strange, sizeof strange, "%s", sql_text(row, 0));
	sql_end(row);
	if (strange[0] == '\0')
		return;
	log_warning("Deliveries to the %s %.100s are dropped: hub.%ss has it no more", deliveries->params.what,
	            short_name(strange), deliveries->params.what);
	if (sql_do(sql, NULL, drop, "t", strange) > 0)
		deliveries_drop_strangers(deliveries, is_ours);
}

struct deliveries *deliveries_create(struct loop *loop, struct store *store, const struct deliveries_params *params,
                                     struct error *error)
{
	struct deliveries *deliveries = calloc(1, sizeof *deliveries);
	if (deliveries) {
		deliveries->loop = loop;
		deliveries->store = store;
		deliveries->params = *params;
		snprintf(deliveries->thread_name, sizeof deliveries->thread_name, "%ss", params->what);
		deliveries->timer = loop_add_timer(loop, on_timer, deliveries);
		if (deliveries->timer)
			return deliveries;
	}
	error_set(error, -ENOMEM, "no memory or no timer for %ss", params->what);
	deliveries_destroy(deliveries);
	return NULL;
}

/* The thread and libcurl's memory are only for those who have targets. */
int deliveries_begin(struct deliveries *deliveries, struct error *error)
{
	if (!target_of(deliveries, 0))
		return 0;
	deliveries->worker = http_worker_create(deliveries->loop, deliveries->thread_name, on_done, deliveries, error);
	if (!deliveries->worker)
		return error->code;
	deliveries->may_have_taken = deliveries->params.taken; /* before the last end */
	deliveries_batch_written(deliveries);
	pump(deliveries);
	return 0;
}

void deliveries_destroy(struct deliveries *deliveries)
{
	if (!deliveries)
		return;
	http_worker_destroy(deliveries->worker);
	loop_remove(deliveries->timer);
	free(deliveries);
}

void deliveries_store_recovered(struct deliveries *deliveries)
{
	pump(deliveries);
}
