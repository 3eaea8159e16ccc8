/*
 * GET /api/history: what happened, the newest first, from the store of pastcam-hub where there is one, else from what
 * the daemons still keep. The store is read on a thread of its own, which starts with the first question.
 */
#ifndef PASTCAM_WEB_HISTORY_H
#define PASTCAM_WEB_HISTORY_H

#include "request.h"

struct history;

struct history *history_create(struct web *web, struct error *error);
void history_destroy(struct history *history); /* after http_destroy; NULL is fine */

void history_get(struct request *request);

#endif
