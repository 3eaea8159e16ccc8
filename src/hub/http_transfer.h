/* One request of libcurl's, or the two of an upload. The HTTP worker's thread, and none of libcurl's multi handle. */
#ifndef PASTCAM_HUB_HTTP_TRANSFER_H
#define PASTCAM_HUB_HTTP_TRANSFER_H

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>

#include "http_job.h"
#include "sha256.h"

enum { HTTP_CHECKSUM_BYTES = 48, HTTP_ETAG_BYTES = 80 };

struct http_transfer {
	struct http_transfer *next;
	struct http_job *job;
	CURL *curl;
	struct curl_slist *headers;
	curl_mime *mime;
	size_t answered;
	char error[CURL_ERROR_SIZE];
	/* Of an upload: */
	FILE *file;
	long long bytes;
	char sha256[SHA256_HEX_BYTES];
	bool is_check;                                             /* the second request: HEAD */
	char checksum[HTTP_CHECKSUM_BYTES], etag[HTTP_ETAG_BYTES]; /* as the store tells them; "" is not told */
};

/* Takes the job whatever comes of it; false: why is in reason. stop ends the reading of a file for its checksum. */
bool http_transfer_begin(struct http_transfer *transfer, struct http_job *job, const atomic_bool *stop,
                         char reason[HTTP_REASON_BYTES]);
void http_transfer_finish(struct http_transfer *transfer); /* frees what it has, not itself */

/* "Name: value". False without memory; those before stay. */
bool http_transfer_add_header(struct http_transfer *transfer, const char *line);

/* After libcurl is done with it: why it is no success, or "". */
void http_transfer_judge(struct http_transfer *transfer, CURLcode code, char reason[HTTP_REASON_BYTES]);

/* Inside: uploads (http_upload.c). */
bool http_upload_begin(struct http_transfer *transfer, const atomic_bool *stop, char reason[HTTP_REASON_BYTES]);
/* After a PUT that was taken: makes the request that looks at what the store has. */
bool http_upload_check(struct http_transfer *transfer, char reason[HTTP_REASON_BYTES]);
/* After that: "" when the store has what was sent. */
void http_upload_judge(struct http_transfer *transfer, const atomic_bool *stop, char reason[HTTP_REASON_BYTES]);

#endif
