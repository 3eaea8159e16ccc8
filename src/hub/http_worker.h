/*
 * HTTP requests on a thread of their own: libcurl, several at once. A target that hangs holds up nobody. Redirects are
 * not followed: what is signed for one address is nobody else's business.
 */
#ifndef PASTCAM_HUB_HTTP_WORKER_H
#define PASTCAM_HUB_HTTP_WORKER_H

#include "base/loop.h"
#include "http_job.h"

struct http_worker;

/* name: of the thread. done is called on the loop's thread. */
struct http_worker *http_worker_create(struct loop *loop, const char *name,
                                       void (*done)(void *data, const struct http_result *result), void *data,
                                       struct error *error);
void http_worker_destroy(struct http_worker *worker); /* gives up what is under way; NULL is fine */

/* Takes the job. -EBUSY when HTTP_JOBS_MAX are under way: it is still the caller's. */
int http_worker_send(struct http_worker *worker, struct http_job *job);

#endif
