/*
 * Where messages to MQTT and to webhooks wait, whose texts say what happened. That is the store; but while events are
 * sealed, which the texts are not, it is a store in memory, and what waits is lost when the hub ends.
 */
#ifndef PASTCAM_HUB_OUTBOX_H
#define PASTCAM_HUB_OUTBOX_H

#include "store.h"

/* The store itself, or one that is to be destroyed with outbox_destroy: what waited in the store goes over into it.
 * NULL: error has why. */
struct store *outbox_create(struct loop *loop, struct store *store, struct error *error);
void outbox_destroy(struct store *outbox, const struct store *store); /* NULL is fine */

#endif
