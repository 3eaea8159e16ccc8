/*
 * What is sent over HTTP at least once: webhooks, uploads. Each delivery is a row in the store until its target has
 * taken it; one that does not is tried again after 1 s, 2, 4 … ten minutes, a quarter more or less, over restarts,
 * until it is given up. One request a target at a time. Its loop's thread.
 */
#ifndef PASTCAM_HUB_DELIVERIES_H
#define PASTCAM_HUB_DELIVERIES_H

#include "http_job.h"
#include "sha256.h"
#include "store.h"

/* Each target has one request under way at most, so the worker never has too many. */
enum { DELIVERY_TARGETS_MAX = HTTP_JOBS_MAX, DELIVERY_KEY_BYTES = 33, DELIVERY_WAIT_MOST_S = 600 };

/* A row, borrowed. path: "" is none. */
struct delivery {
	int64_t id;
	const char *key, *body, *path;
};

struct deliveries_params {
	const char *what; /* "webhook": in messages, and the thread's name is what and "s" */
	int64_t most;     /* of each target: then the oldest are dropped */
	int64_t tries;    /* of each, then it is given up: no time, since clocks jump and the power may be off for days */
	/* The name of target index in rows; NULL: there are no more. */
	const char *(*target)(void *data, size_t index);
	/* Makes the request. NULL: it cannot be made now; with *is_over: nor ever, which it has told. */
	struct http_job *(*make)(void *data, size_t index, const struct delivery *delivery, bool *is_over);
	/* It was taken, which the store knows by then: called again after a kill, until its row is gone. NULL: nothing is
	 * to be done then. */
	void (*taken)(void *data, size_t index, const struct delivery *delivery);
	void *data;
};

struct deliveries;

/* Both are borrowed for its life, but for params itself. */
struct deliveries *deliveries_create(struct loop *loop, struct store *store, const struct deliveries_params *params,
                                     struct error *error);
void deliveries_destroy(struct deliveries *deliveries); /* NULL is fine */

/* Once all targets are known: begins to send, with a thread where there are targets. */
int deliveries_begin(struct deliveries *deliveries, struct error *error);

/* Drops what waits for targets that are no more, and tells. is_ours: whether a name is of this kind of targets. */
typedef bool (*deliveries_is_ours)(const char *target);
void deliveries_drop_strangers(struct deliveries *deliveries, deliveries_is_ours is_ours);

/* Takes a delivery; one with the same key is there already, perhaps. */
void deliveries_add(struct deliveries *deliveries, size_t index, const char *key, const char *body, const char *path);

/* After each batch of the store's. */
void deliveries_batch_written(struct deliveries *deliveries);

/* After the store was away. */
void deliveries_store_recovered(struct deliveries *deliveries);

/* The same for the same text. */
int deliveries_key(const char *text, char key[DELIVERY_KEY_BYTES]);

#endif
