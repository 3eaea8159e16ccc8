/*
 * Worker threads for work that splits: bands of a stack, strips of a PNG, frames of a series.
 * They run at low priority, so that they never cost the capture thread its turn.
 */
#ifndef PASTCAM_BASE_POOL_H
#define PASTCAM_BASE_POOL_H

#include <stddef.h>

#include "base/error.h"

struct pool;

/* threads: 0 and up; with 0 all work is done by the caller. NULL when threads cannot be made. */
struct pool *pool_create(size_t threads, struct error *error);
void pool_destroy(struct pool *pool); /* no pool_run may be under way; NULL is fine */

/* How many tasks can run side by side: the threads and the caller. 1 for a NULL pool. */
size_t pool_width(const struct pool *pool);

/* Runs task(data, index) for each index below count, on the pool's threads and the calling one, which takes index 0,
 * and returns when all are done. Any thread, also from within a task (the caller always works on, so it cannot
 * deadlock). NULL pool: inline. Allocates nothing. */
void pool_run(struct pool *pool, size_t count, void (*task)(void *data, size_t index), void *data);

#endif
