#include "http_job.h"

#include <stdlib.h>
#include <string.h>

struct http_job *http_job_create(int64_t id, const char *url, double timeout_s)
{
	struct http_job *job = calloc(1, sizeof *job);
	if (!job)
		return NULL;
	job->id = id;
	job->timeout_s = timeout_s;
	job->url = strdup(url);
	if (job->url)
		return job;
	free(job);
	return NULL;
}

void http_job_free(struct http_job *job)
{
	if (!job)
		return;
	for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
		free(job->headers[i]);
	if (job->s3) {
		free(job->s3->region);
		free(job->s3->access_key);
		free(job->s3->secret_key);
	}
	free(job->s3);
	free(job->url);
	free(job->body);
	free(job->content_type);
	free(job->path);
	free(job);
}
