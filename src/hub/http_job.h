/* What the HTTP worker is asked to do: a POST, or a PUT of a file to an S3 store. */
#ifndef PASTCAM_HUB_HTTP_JOB_H
#define PASTCAM_HUB_HTTP_JOB_H

#include <stdint.h>

enum { HTTP_HEADERS_MAX = 12, HTTP_REASON_BYTES = 160, HTTP_JOBS_MAX = 32 };

/* How requests to an S3 store are signed (AWS Signature Version 4). */
struct http_s3 {
	char *region, *access_key, *secret_key;
};

/* All strings are malloc'd, and the worker's once it has the job. */
struct http_job {
	int64_t id;
	char *url;
	char *body, *content_type; /* of a POST */
	char *path;                /* POST: a file that goes along (multipart: event, file), or NULL. PUT: what is sent */
	char *headers[HTTP_HEADERS_MAX]; /* "Name: value"; NULL: no more */
	double timeout_s;                /* of a POST: for all of it; of a PUT: for the time that nothing moves */
	struct http_s3 *s3;              /* NULL: a POST */
};
struct http_job *http_job_create(int64_t id, const char *url, double timeout_s); /* NULL without memory */
void http_job_free(struct http_job *job);                                        /* NULL is fine */

struct http_result {
	int64_t id;
	char reason[HTTP_REASON_BYTES]; /* why it is no success; "" when it is */
};

#endif
