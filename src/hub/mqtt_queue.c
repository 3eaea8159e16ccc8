#include "mqtt_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { WINDOW = 16 };

struct mqtt_queue {
	struct store *store;
	struct mqtt_link *link;
	int64_t limit, length;
	int64_t sent; /* the last row that is on its way, or before all */
	struct {
		int message_id; /* 0: free */
		int64_t row;
	} flying[WINDOW];
	size_t flying_count;
	struct log_fault full;
};

struct mqtt_queue *mqtt_queue_create(struct store *store, int64_t limit, struct error *error)
{
	static const char count[] = "SELECT count(*) FROM mqtt_queue";
	struct mqtt_queue *queue = calloc(1, sizeof *queue);
	if (!queue) {
		error_set(error, -ENOMEM, "no memory for the queue of MQTT");
		return NULL;
	}
	queue->store = store;
	queue->limit = limit;
	struct sql *sql = store_sql(store);
	queue->length = sql ? sql_number(sql, count, 0) : 0;
	return queue;
}

void mqtt_queue_destroy(struct mqtt_queue *queue)
{
	free(queue);
}

void mqtt_queue_set_link(struct mqtt_queue *queue, struct mqtt_link *link)
{
	queue->link = link;
}

static void take_off(struct mqtt_queue *queue, int message_id, int64_t row)
{
	for (size_t i = 0; i < WINDOW; i++) {
		if (queue->flying[i].message_id != 0)
			continue;
		queue->flying[i].message_id = message_id;
		queue->flying[i].row = row;
		queue->flying_count++;
		return;
	}
}

/* True when the queue goes on. What no broker would take must not hold up the others. */
static bool send_row(struct mqtt_queue *queue, sqlite3_stmt *row, bool *is_bad)
{
	const char *topic = sql_text(row, 1), *payload = sql_text(row, 2);
	int64_t id = sqlite3_column_int64(row, 0);
	int message_id = mqtt_link_publish(queue->link, topic, payload, strlen(payload), false);
	*is_bad = message_id == -EINVAL;
	if (*is_bad)
		log_error("A message to the MQTT topic %.100s is dropped: no broker takes such a topic or payload", topic);
	else if (message_id < 0)
		return false;
	else
		take_off(queue, message_id, id);
	queue->sent = id;
	return true;
}

static int drop_row(struct mqtt_queue *queue, int64_t id, struct error *error)
{
	static const char drop[] = "DELETE FROM mqtt_queue WHERE id = ?";
	struct sql *sql = store_batch(queue->store);
	int dropped = sql ? sql_do(sql, error, drop, "i", id) : 0;
	if (dropped > 0 && --queue->length * 2 < queue->limit)
		log_fault_end(&queue->full, "The queue of MQTT has room again");
	return dropped;
}

/* The next row: 1 when it is on its way. */
static int send_next(struct mqtt_queue *queue, struct sql *sql, struct error *error)
{
	static const char next[] = "SELECT id, topic, payload FROM mqtt_queue WHERE id > ? ORDER BY id LIMIT 1";
	sqlite3_stmt *statement = sql_begin(sql, next, "i", queue->sent);
	int result = statement ? sql_step(statement, error) : sql_fail(sql->db, error);
	bool is_bad = false;
	if (result == 1)
		result = send_row(queue, statement, &is_bad);
	sql_end(statement);
	if (is_bad && drop_row(queue, queue->sent, error) < 0)
		return error->code;
	return result;
}

static void pump(struct mqtt_queue *queue)
{
	struct error error = { 0 };
	struct sql *sql = store_sql(queue->store);
	int result = 1;
	while (result == 1 && sql && queue->flying_count < WINDOW && mqtt_link_is_up(queue->link))
		result = send_next(queue, sql, &error);
	if (result < 0)
		store_failed(queue->store, &error);
}

static void make_room(struct mqtt_queue *queue, struct sql *sql, struct error *error)
{
	static const char drop[] = "DELETE FROM mqtt_queue WHERE id = (SELECT min(id) FROM mqtt_queue)";
	while (queue->length > queue->limit && sql_do(sql, error, drop, "") > 0) {
		queue->length--;
		log_fault_begin(&queue->full, "More than %lld messages wait for the MQTT broker: the oldest are dropped",
		                (long long)queue->limit);
	}
}

void mqtt_queue_add(struct mqtt_queue *queue, const char *topic, const char *payload)
{
	static const char add[] = "INSERT INTO mqtt_queue (topic, payload) VALUES (?, ?)";
	struct error error = { 0 };
	struct sql *sql = store_batch(queue->store);
	if (sql && sql_do(sql, &error, add, "tt", topic, payload) >= 0) {
		queue->length++;
		make_room(queue, sql, &error);
		pump(queue);
		return;
	}
	if (sql)
		store_failed(queue->store, &error);
	mqtt_link_publish(queue->link, topic, payload, strlen(payload), false);
}

void mqtt_queue_up(struct mqtt_queue *queue)
{
	queue->sent = 0;
	pump(queue);
}

void mqtt_queue_down(struct mqtt_queue *queue)
{
	memset(queue->flying, 0, sizeof queue->flying);
	queue->flying_count = 0;
	queue->sent = 0;
}

void mqtt_queue_acknowledged(struct mqtt_queue *queue, int message_id)
{
	struct error error = { 0 };
	for (size_t i = 0; i < WINDOW; i++) {
		if (queue->flying[i].message_id != message_id)
			continue;
		queue->flying[i].message_id = 0;
		queue->flying_count--;
		if (drop_row(queue, queue->flying[i].row, &error) < 0)
			store_failed(queue->store, &error);
		pump(queue);
		return;
	}
}

int64_t mqtt_queue_length(const struct mqtt_queue *queue)
{
	return queue->length;
}
