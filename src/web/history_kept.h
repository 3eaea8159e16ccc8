/* The events that the daemons themselves keep, for GET /api/history where there is no store. */
#ifndef PASTCAM_WEB_HISTORY_KEPT_H
#define PASTCAM_WEB_HISTORY_KEPT_H

#include "history_query.h"
#include "request.h"

/* Asks every camera that the query wants, and answers when all have, with `source` cameras and the reason why it is not
 * the store. Answers later. */
void history_kept_answer(struct request *request, const struct history_query *query, const char *reason);

/* Answers with events, which it takes over: their files are looked up. reason: NULL for those of the store. */
void history_answer(struct request *request, cJSON *events, int64_t next_ms, const char *reason);

#endif
