/*
 * Makes what was committed safe from a power cut, on a thread of its own, so that neither the loop waits for the disk
 * nor the disk for the keeper's long work: the WAL is synced after each batch. From then on an event outlives the
 * power.
 */
#ifndef PASTCAM_HUB_SYNCER_H
#define PASTCAM_HUB_SYNCER_H

#include "base/error.h"

struct syncer;

/* data_dir: where the store is. NULL without memory or a thread. */
struct syncer *syncer_create(const char *data_dir, struct error *error);
void syncer_destroy(struct syncer *syncer); /* NULL is fine */

/* Any thread; never waits. */
void syncer_batch_written(struct syncer *syncer);

#endif
