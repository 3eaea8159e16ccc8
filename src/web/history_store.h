/* Reads the events that pastcam-hub has stored (src/hub/schema.c). Nothing is written, locked for long, or kept open.
 */
#ifndef PASTCAM_WEB_HISTORY_STORE_H
#define PASTCAM_WEB_HISTORY_STORE_H

#include <stdatomic.h>

#include "history_query.h"

enum { HISTORY_READ_S = 5 };

/* Fills events, an array, with the newest that match, in that order; *next_ms as history_query_trim. -ENOENT: there is
 * no store; -ETIMEDOUT after HISTORY_READ_S, or when *stop is set; -errno; always with a reason. Any thread. */
int history_store_read(const char *folder, const struct history_query *query, const atomic_bool *stop, cJSON *events,
                       int64_t *next_ms, struct error *error);

#endif
