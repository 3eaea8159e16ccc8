/*
 * The memory of the hub: hub.db in hub.data_dir, a SQLite database in WAL mode.
 *
 * What is written joins a batch, which is committed STORE_BATCH_MS after its first line at the latest, and synced
 * by the syncer (syncer.h) right after. With the
 * events goes the cursor, the id of the last one of each camera: what a kill takes away is asked for again, and what is
 * there already is recognised by its id. A disk that is full or gone costs no event that the daemons still have: the
 * store tells with `failed`, is opened again by store_retry, and the cameras are then read again from its cursors.
 *
 * Its loop's thread. The keeper (keeper.h) has the slow work on a thread and a connection of its own.
 */
#ifndef PASTCAM_HUB_STORE_H
#define PASTCAM_HUB_STORE_H

#include "base/loop.h"
#include "event.h"
#include "sql.h"

enum { STORE_BATCH_MS = 250, STORE_RETRY_S = 2, STORE_PATH_BYTES = 600 };

struct store_params {
	const char *folder; /* hub.data_dir; it is made. NULL: in memory, and gone with the store */
	int64_t keep_events;
	double keep_days;
	const struct seal_recipients *seal; /* for whom events are sealed; NULL, or of none: for nobody. Borrowed */
	/* After a batch. */
	void (*written)(void *data);
	/* After a time of failures: what was handed in meanwhile is to be handed in again, from the cursors on. */
	void (*recovered)(void *data);
	void *data;
};

struct store;

/* A damaged file is set aside and told, and a new one begun; *is_new tells that there is nothing in it. */
struct store *store_create(struct loop *loop, const struct store_params *params, bool *is_new, struct error *error);
void store_destroy(struct store *store); /* writes the batch; NULL is fine */

/* For whom events are sealed, as in its params. */
const struct seal_recipients *store_seal(const struct store *store);

/* The path of the database in a folder. */
void store_path(const char *folder, char path[STORE_PATH_BYTES]);

/* An event and the files it names. 1: it is new; 0: it was there; negative: not stored, told already. */
int store_event(struct store *store, const struct hub_event *event);

/* The last event of a camera, or "". */
void store_cursor(struct store *store, const char *camera, char id[HUB_ID_BYTES]);

/* A setting: "armed", say. get: false, and value is "", when it is not there. */
bool store_get(struct store *store, const char *name, char *value, size_t bytes);
int store_set(struct store *store, const char *name, const char *value);

/* When a rule last fired for a camera; 0: never. */
int64_t store_rule_last_ms(struct store *store, const char *rule, const char *camera);
int store_rule_fired(struct store *store, const char *rule, const char *camera, int64_t time_ms);

/* For the modules that have tables of their own: the connection, inside a batch. NULL: the store does not work now. */
struct sql *store_batch(struct store *store);
/* The connection for reading, and what went wrong with it. */
struct sql *store_sql(struct store *store);
void store_failed(struct store *store, const struct error *error);

#endif
