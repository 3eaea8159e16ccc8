/*
 * HTTP requests on a thread of their own: libcurl, several at once. A target that hangs holds up nobody. Redirects are
 * not followed: what is signed for one address is nobody else's business.
 */
#ifndef PASTCAM_HUB_WEBHOOK_WORKER_H
#define PASTCAM_HUB_WEBHOOK_WORKER_H

#include <stdint.h>

#include "base/loop.h"

enum { WEBHOOK_HEADERS_MAX = 12, WEBHOOK_REASON_BYTES = 160, WEBHOOK_JOBS_MAX = 32 };

/* All strings are malloc'd, and the worker's once it has the job. */
struct webhook_job {
	int64_t id;
	char *url, *body, *content_type;
	char *path;                         /* a file that goes along (multipart: event, file), or NULL */
	char *headers[WEBHOOK_HEADERS_MAX]; /* "Name: value"; NULL: no more */
	double timeout_s;
};
void webhook_job_free(struct webhook_job *job); /* NULL is fine */

struct webhook_result {
	int64_t id;
	int status;                        /* of HTTP, or 0: there was none */
	char reason[WEBHOOK_REASON_BYTES]; /* why it is no success; "" when it is */
};

struct webhook_worker;

/* done is called on the loop's thread. */
struct webhook_worker *webhook_worker_create(struct loop *loop,
                                             void (*done)(void *data, const struct webhook_result *result), void *data,
                                             struct error *error);
void webhook_worker_destroy(struct webhook_worker *worker); /* gives up what is under way; NULL is fine */

/* Takes the job. -EBUSY when WEBHOOK_JOBS_MAX are under way: it is still the caller's. */
int webhook_worker_send(struct webhook_worker *worker, struct webhook_job *job);

#endif
