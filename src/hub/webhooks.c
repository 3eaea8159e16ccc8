#include "webhooks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "rules.h"
#include "sha256.h"
#include "webhook_targets.h"
#include "webhook_worker.h"

enum { MS_PER_S = 1000, BODY_ROOM = 16 * 1024, KEY_BYTES = 33 };

struct lane {          /* of one target */
	int64_t busy_with; /* a row; 0: none */
	struct log_fault fault, full;
};

struct webhooks {
	struct loop *loop;
	const struct config *config;
	struct store *store;
	struct webhook_targets targets;
	struct lane lanes[WEBHOOK_TARGETS_MAX];
	struct webhook_worker *worker; /* NULL until it is needed */
	struct loop_watch *timer;
};

static void pump(struct webhooks *webhooks);

static int64_t now_ms(void)
{
	return clock_wall_ns() / CLOCK_NS_PER_MS;
}

/* --- making one --- */

/* Without a body of the target's own: the event, the rule, and where its picture is. */
static char *default_body(const struct webhooks *webhooks, const char *rule, const char *camera,
                          const struct hub_event *event, int64_t time_ms)
{
	char time[CLOCK_ISO_BYTES], url[700];
	cJSON *json = event ? cJSON_Duplicate(event->json, true) : cJSON_CreateObject();
	const char *path = event ? event_text(event, "path") : "", *name = strrchr(path, '/');
	if (!event) {
		clock_format_iso(time_ms * CLOCK_NS_PER_MS, time);
		cJSON_AddStringToObject(json, "time", time);
		cJSON_AddStringToObject(json, "camera", camera);
	}
	cJSON_AddStringToObject(json, "rule", rule);
	if (name && webhooks->config->hub.page_url[0]) {
		snprintf(url, sizeof url, "%s/captures%s?camera=%s", webhooks->config->hub.page_url, name, camera);
		cJSON_AddStringToObject(json, "url", url);
	}
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

static char *make_body(const struct webhooks *webhooks, const struct webhook_target *target, const char *rule,
                       const char *camera, const struct hub_event *event, int64_t time_ms)
{
	if (target->body[0] == '\0')
		return default_body(webhooks, rule, camera, event, time_ms);
	char *text = malloc(BODY_ROOM);
	enum rule_fill fill = target->body[0] == '{' || target->body[0] == '[' ? FILL_JSON : FILL_TEXT;
	if (text && rule_fill_in(target->body, fill, event, camera, text, BODY_ROOM) == 0)
		return text;
	free(text);
	return NULL;
}

/* The same for the same event, so that one that is read again makes no second delivery. */
static int make_key(const char *target, const char *rule, const char *camera, const struct hub_event *event,
                    int64_t time_ms, char key[KEY_BYTES])
{
	char text[1024], hex[SHA256_HEX_BYTES];
	int length = snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%" PRId64, target, rule, camera, event ? event->id : "",
	                      event ? 0 : time_ms);
	int result = sha256_bytes(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1, hex);
	snprintf(key, KEY_BYTES, "%.32s", hex);
	return result;
}

static int64_t count_of(struct sql *sql, const char *target)
{
	static const char count[] = "SELECT count(*) FROM deliveries WHERE target = ?";
	sqlite3_stmt *statement = sql_begin(sql, count, "t", target);
	int64_t rows = statement && sql_step(statement, NULL) == 1 ? sqlite3_column_int64(statement, 0) : 0;
	sql_end(statement);
	return rows;
}

static int make_room(struct webhooks *webhooks, struct sql *sql, const struct webhook_target *target,
                     struct error *error)
{
	static const char drop[] = "DELETE FROM deliveries WHERE id = (SELECT min(id) FROM deliveries WHERE target = ?)";
	struct lane *lane = &webhooks->lanes[target - webhooks->targets.at];
	if (count_of(sql, target->name) < WEBHOOK_QUEUE_MOST) {
		log_fault_end(&lane->full, "The queue of the webhook %.100s has room again", target->name);
		return 0;
	}
	log_fault_begin(&lane->full, "%d deliveries wait for the webhook %.100s: the oldest are dropped",
	                WEBHOOK_QUEUE_MOST, target->name);
	return sql_do(sql, error, drop, "t", target->name);
}

void webhooks_send(struct webhooks *webhooks, const char *name, const char *rule, const char *camera,
                   const struct hub_event *event, int64_t time_ms)
{
	static const char add[] =
	    "INSERT OR IGNORE INTO deliveries (target, key, body, path, attempts, due_ms, created_ms) "
	    "VALUES (?, ?, ?, ?, 0, ?, ?)";
	struct error error = { 0 };
	struct webhook_target *target = webhook_targets_find(&webhooks->targets, name);
	char key[KEY_BYTES];
	char *body = target ? make_body(webhooks, target, rule, camera, event, time_ms) : NULL;
	const char *path = event && target && target->attach ? event_text(event, "path") : "";
	if (!body || make_key(name, rule, camera, event, time_ms, key) < 0) {
		log_warning("Rule \"%s\": no webhook for %.100s can be made: its body becomes too long, or memory is out", rule,
		            name);
		free(body);
		return;
	}
	struct sql *sql = store_batch(webhooks->store);
	int result = sql ? make_room(webhooks, sql, target, &error) : -EIO;
	if (result >= 0)
		result = sql_do(sql, &error, add, "ttttii", name, key, body, path[0] ? path : NULL, now_ms(), now_ms());
	free(body);
	if (sql && result < 0)
		store_failed(webhooks->store, &error);
	pump(webhooks);
}

/* --- sending --- */

static void add_header(struct webhook_job *job, size_t *count, const char *name, const char *value)
{
	char *header = NULL;
	if (*count < WEBHOOK_HEADERS_MAX && asprintf(&header, "%s: %s", name, value) > 0)
		job->headers[(*count)++] = header;
}

static void add_headers(struct webhook_job *job, const struct webhook_target *target, const char *key)
{
	char value[SECRET_BYTES + 16], hex[SHA256_HEX_BYTES];
	size_t count = 0;
	add_header(job, &count, "Idempotency-Key", key);
	if (target->secret[0] &&
	    sha256_hmac(target->secret, strlen(target->secret), job->body, strlen(job->body), hex) == 0) {
		snprintf(value, sizeof value, "sha256=%s", hex);
		add_header(job, &count, "X-Hub-Signature-256", value);
	}
	if (target->token[0]) {
		snprintf(value, sizeof value, "Bearer %s", target->token);
		add_header(job, &count, "Authorization", value);
	}
	for (size_t i = 0; i < target->header_count && count < WEBHOOK_HEADERS_MAX; i++)
		job->headers[count++] = strdup(target->headers[i]);
}

static struct webhook_job *make_job(const struct webhook_target *target, sqlite3_stmt *row)
{
	struct webhook_job *job = calloc(1, sizeof *job);
	const char *path = sql_text(row, 3);
	if (!job)
		return NULL;
	job->id = sqlite3_column_int64(row, 0);
	job->url = strdup(target->url);
	job->body = strdup(sql_text(row, 2));
	job->path = path[0] && access(path, R_OK) == 0 ? strdup(path) : NULL;
	job->timeout_s = target->timeout_s;
	bool is_json = job->body && (job->body[0] == '{' || job->body[0] == '[');
	job->content_type = strdup(is_json ? "application/json" : "text/plain; charset=utf-8");
	if (job->url && job->body && job->content_type) {
		add_headers(job, target, sql_text(row, 1));
		return job;
	}
	webhook_job_free(job);
	return NULL;
}

/* Sends the next one of a target that is due. When another is, or INT64_MAX. */
static int64_t send_due(struct webhooks *webhooks, size_t index, struct sql *sql, struct error *error)
{
	static const char next[] =
	    "SELECT id, key, body, path, due_ms FROM deliveries WHERE target = ? ORDER BY due_ms, id "
	    "LIMIT 1";
	const struct webhook_target *target = &webhooks->targets.at[index];
	sqlite3_stmt *row = sql_begin(sql, next, "t", target->name);
	int result = row ? sql_step(row, error) : sql_fail(sql->db, error);
	int64_t due_ms = result == 1 ? sqlite3_column_int64(row, 4) : INT64_MAX, now = now_ms();
	/* One that is further away than it can be was put there by another clock. */
	bool is_due = result == 1 && (due_ms <= now || due_ms > now + INT64_C(2) * WEBHOOK_WAIT_MOST_S * MS_PER_S);
	struct webhook_job *job = is_due ? make_job(target, row) : NULL;
	sql_end(row);
	if (!is_due)
		return due_ms;
	int64_t id = job ? job->id : 0; /* it is the worker's from then on */
	if (!webhooks->worker || !job || webhook_worker_send(webhooks->worker, job) < 0) {
		webhook_job_free(job);
		return now + MS_PER_S;
	}
	webhooks->lanes[index].busy_with = id;
	return INT64_MAX;
}

static void pump(struct webhooks *webhooks)
{
	struct error error = { 0 };
	struct sql *sql = store_sql(webhooks->store);
	int64_t next_ms = INT64_MAX, now = now_ms();
	for (size_t i = 0; sql && error.code == 0 && i < webhooks->targets.count; i++) {
		int64_t due_ms = webhooks->lanes[i].busy_with ? INT64_MAX : send_due(webhooks, i, sql, &error);
		next_ms = due_ms < next_ms ? due_ms : next_ms;
	}
	if (error.code < 0)
		store_failed(webhooks->store, &error);
	if (next_ms != INT64_MAX)
		loop_set_timer(webhooks->timer, (next_ms > now ? next_ms - now : 1) * CLOCK_NS_PER_MS, 0);
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
	const int64_t most_ms = INT64_C(1) * WEBHOOK_WAIT_MOST_S * MS_PER_S, percent = 75 + random() % 51;
	return sql_do(sql, error, again, "iiii", now_ms(), most_ms, percent, id);
}

static int give_up_old(struct webhooks *webhooks, struct sql *sql, const struct webhook_target *target,
                       struct error *error)
{
	static const char drop[] = "DELETE FROM deliveries WHERE target = ? AND attempts > 0 AND created_ms < ?";
	(void)webhooks;
	int dropped = sql_do(sql, error, drop, "ti", target->name, now_ms() - INT64_C(1) * WEBHOOK_GIVE_UP_S * MS_PER_S);
	if (dropped > 0)
		log_error("%d deliveries to the webhook %.100s are given up after a day of trying", dropped, target->name);
	return dropped;
}

static int settle(struct webhooks *webhooks, size_t index, const struct webhook_result *result, struct sql *sql,
                  struct error *error)
{
	static const char drop[] = "DELETE FROM deliveries WHERE id = ?";
	const struct webhook_target *target = &webhooks->targets.at[index];
	struct lane *lane = &webhooks->lanes[index];
	if (result->reason[0] == '\0') {
		log_fault_end(&lane->fault, "The webhook %.100s takes deliveries again", target->name);
		return sql_do(sql, error, drop, "i", result->id);
	}
	log_fault_begin(&lane->fault, "The webhook %.100s does not take a delivery: %s; it is tried again", target->name,
	                result->reason);
	int code = try_again(sql, result->id, error);
	return code < 0 ? code : give_up_old(webhooks, sql, target, error);
}

static void on_done(void *data, const struct webhook_result *result)
{
	struct webhooks *webhooks = data;
	struct error error = { 0 };
	struct sql *sql = store_batch(webhooks->store);
	for (size_t i = 0; i < webhooks->targets.count; i++) {
		if (webhooks->lanes[i].busy_with != result->id)
			continue;
		webhooks->lanes[i].busy_with = 0;
		if (sql && settle(webhooks, i, result, sql, &error) < 0)
			store_failed(webhooks->store, &error);
		break;
	}
	pump(webhooks);
}

/* --- life --- */

/* What waits for a target that the configuration has no more. */
static void drop_strangers(struct webhooks *webhooks)
{
	static const char targets[] = "SELECT DISTINCT target FROM deliveries";
	static const char drop[] = "DELETE FROM deliveries WHERE target = ?";
	char strange[WEBHOOK_URL_BYTES] = "";
	struct sql *sql = store_batch(webhooks->store);
	sqlite3_stmt *row = sql ? sql_begin(sql, targets, "") : NULL;
	while (row && sql_step(row, NULL) == 1)
		if (!webhook_targets_find(&webhooks->targets, sql_text(row, 0)))
			snprintf(strange, sizeof strange, "%s", sql_text(row, 0));
	sql_end(row);
	if (strange[0] == '\0')
		return;
	log_warning("Deliveries to the webhook %.100s are dropped: hub.webhooks has it no more", strange);
	if (sql_do(sql, NULL, drop, "t", strange) > 0)
		drop_strangers(webhooks);
}

struct webhooks *webhooks_create(struct loop *loop, const struct config *config, struct store *store,
                                 struct error *error)
{
	struct webhooks *webhooks = calloc(1, sizeof *webhooks);
	if (!webhooks) {
		error_set(error, -ENOMEM, "no memory for webhooks");
		return NULL;
	}
	webhooks->loop = loop;
	webhooks->config = config;
	webhooks->store = store;
	int result = webhook_targets_parse(config->hub.webhooks, &webhooks->targets, error);
	webhooks->timer = result == 0 ? loop_add_timer(loop, on_timer, webhooks) : NULL;
	if (webhooks->timer) {
		drop_strangers(webhooks);
		return webhooks;
	}
	if (result == 0)
		error_set(error, -ENOMEM, "no timer for webhooks");
	webhooks_destroy(webhooks);
	return NULL;
}

/* The thread and libcurl's memory are only for those who have webhooks. */
int webhooks_begin(struct webhooks *webhooks, struct error *error)
{
	if (webhooks->targets.count == 0)
		return 0;
	webhooks->worker = webhook_worker_create(webhooks->loop, on_done, webhooks, error);
	if (!webhooks->worker)
		return error->code;
	pump(webhooks);
	return 0;
}

void webhooks_destroy(struct webhooks *webhooks)
{
	if (!webhooks)
		return;
	webhook_worker_destroy(webhooks->worker);
	loop_remove(webhooks->timer);
	free(webhooks);
}

bool webhooks_has(struct webhooks *webhooks, const char *target)
{
	return webhook_targets_find(&webhooks->targets, target) != NULL;
}

void webhooks_store_recovered(struct webhooks *webhooks)
{
	pump(webhooks);
}
