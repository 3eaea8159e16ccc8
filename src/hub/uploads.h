/*
 * Uploads: what a rule sends to an S3 store, at least once (deliveries.h): the files of an event, until the store has
 * told that it has them. docs/uploads.md. Its loop's thread.
 */
#ifndef PASTCAM_HUB_UPLOADS_H
#define PASTCAM_HUB_UPLOADS_H

#include "config/config.h"
#include "event.h"
#include "store.h"

enum { UPLOAD_QUEUE_MOST = 10000, UPLOAD_TRIES = 4328 /* thirty days of them */ };

struct uploads;

/* Reads hub.uploads. */
struct uploads *uploads_create(struct loop *loop, const struct config *config, struct store *store,
                               struct error *error);
void uploads_destroy(struct uploads *uploads); /* NULL is fine */

/* Begins to send. */
int uploads_begin(struct uploads *uploads, struct error *error);

/* True when a rule may name it. */
bool uploads_has(const struct uploads *uploads, const char *target);

/* Takes the files of an event. */
void uploads_send(struct uploads *uploads, const char *target, const struct hub_event *event);

/* After each batch of the store's: what is there goes from here, where it is to. */
void uploads_batch_written(struct uploads *uploads);

/* After the store was away. */
void uploads_store_recovered(struct uploads *uploads);

#endif
