/*
 * Webhooks: what a rule sends by HTTP POST, at least once (deliveries.h), until its target has answered with 2xx, for a
 * day. A delivery has a key that is the same at each try (Idempotency-Key), and the same event never makes a second
 * one. docs/webhooks.md. Its loop's thread.
 */
#ifndef PASTCAM_HUB_WEBHOOKS_H
#define PASTCAM_HUB_WEBHOOKS_H

#include "config/config.h"
#include "event.h"
#include "store.h"

enum { WEBHOOK_QUEUE_MOST = 1000, WEBHOOK_TRIES = 152 /* a day of them */ };

struct webhooks;

/* Reads hub.webhooks. */
struct webhooks *webhooks_create(struct loop *loop, const struct config *config, struct store *store,
                                 struct error *error);
void webhooks_destroy(struct webhooks *webhooks); /* NULL is fine */

/* Once all targets are known (webhooks_has): begins to send. */
int webhooks_begin(struct webhooks *webhooks, struct error *error);

/* True when a rule may name it: a name of hub.webhooks, or an address. */
bool webhooks_has(struct webhooks *webhooks, const char *target);

/* Takes a delivery. event NULL: of a rule by time; time_ms: its. */
void webhooks_send(struct webhooks *webhooks, const char *target, const char *rule, const char *camera,
                   const struct hub_event *event, int64_t time_ms);

/* After the store was away. */
void webhooks_store_recovered(struct webhooks *webhooks);

#endif
