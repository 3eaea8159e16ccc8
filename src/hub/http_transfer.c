#include "http_transfer.h"

#include <string.h>

enum { ANSWER_BYTES_MAX = 64 * 1024, CONNECT_S = 10 };

/* What it answers is of no use; a flood of it ends. */
static size_t on_answer(char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	struct http_transfer *transfer = data;
	transfer->answered += size * count;
	return transfer->answered > ANSWER_BYTES_MAX ? 0 : size * count;
}

bool http_transfer_add_header(struct http_transfer *transfer, const char *line)
{
	struct curl_slist *longer = curl_slist_append(transfer->headers, line);
	if (longer)
		transfer->headers = longer;
	return longer;
}

static bool set_post(struct http_transfer *transfer)
{
	const struct http_job *job = transfer->job;
	char type[96];
	/* Not for an upload: some releases of libcurl sign this line, though it is not sent. */
	if (!http_transfer_add_header(transfer, "Expect:"))
		return false;
	curl_easy_setopt(transfer->curl, CURLOPT_TIMEOUT_MS, (long)(job->timeout_s * 1000));
	if (!job->path) {
		snprintf(type, sizeof type, "Content-Type: %.60s", job->content_type);
		curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(job->body));
		curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDS, job->body);
		return http_transfer_add_header(transfer, type);
	}
	transfer->mime = curl_mime_init(transfer->curl);
	curl_mimepart *part = curl_mime_addpart(transfer->mime);
	curl_mime_name(part, "event");
	curl_mime_type(part, job->content_type);
	curl_mime_data(part, job->body, CURL_ZERO_TERMINATED);
	part = curl_mime_addpart(transfer->mime);
	curl_mime_name(part, "file");
	/* A file that went since is no reason to send less: the next try is without it, and says so. */
	return curl_mime_filedata(part, job->path) == CURLE_OK &&
	       curl_easy_setopt(transfer->curl, CURLOPT_MIMEPOST, transfer->mime) == CURLE_OK;
}

static bool add_headers(struct http_transfer *transfer)
{
	const struct http_job *job = transfer->job;
	for (size_t i = 0; i < HTTP_HEADERS_MAX && job->headers[i]; i++)
		if (!http_transfer_add_header(transfer, job->headers[i]))
			return false;
	return true;
}

static void set_options(struct http_transfer *transfer)
{
	CURL *curl = transfer->curl;
	curl_easy_setopt(curl, CURLOPT_URL, transfer->job->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	/* The authority that is needed, not all 140 of the bundle: they take 1.3 MiB. As of mqtt_link.c. */
	curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(curl, CURLOPT_CAPATH, "/etc/ssl/certs");
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "pastcam-hub/" PASTCAM_VERSION);
}

bool http_transfer_begin(struct http_transfer *transfer, struct http_job *job, const atomic_bool *stop,
                         char reason[HTTP_REASON_BYTES])
{
	transfer->job = job;
	transfer->curl = curl_easy_init();
	if (!transfer->curl || !add_headers(transfer) || (!job->s3 && !set_post(transfer))) {
		snprintf(reason, HTTP_REASON_BYTES, "no memory, or its file went away");
		return false;
	}
	set_options(transfer);
	if (job->s3 && !http_upload_begin(transfer, stop, reason))
		return false;
	curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, transfer->headers);
	return true;
}

void http_transfer_finish(struct http_transfer *transfer)
{
	curl_easy_cleanup(transfer->curl);
	curl_mime_free(transfer->mime);
	curl_slist_free_all(transfer->headers);
	if (transfer->file)
		fclose(transfer->file);
	http_job_free(transfer->job);
}

void http_transfer_judge(struct http_transfer *transfer, CURLcode code, char reason[HTTP_REASON_BYTES])
{
	char *place = NULL;
	long answer = 0;
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &answer);
	curl_easy_getinfo(transfer->curl, CURLINFO_REDIRECT_URL, &place);
	bool is_good = answer >= 200 && answer < 300;
	reason[0] = '\0';
	if (code != CURLE_OK && !(is_good && code == CURLE_WRITE_ERROR))
		snprintf(reason, HTTP_REASON_BYTES, "%.*s", HTTP_REASON_BYTES - 1,
		         transfer->error[0] ? transfer->error : curl_easy_strerror(code));
	else if (answer >= 300 && answer < 400)
		snprintf(reason, HTTP_REASON_BYTES, "it redirects to %.90s: set the url to that", place ? place : "nowhere");
	else if (!is_good)
		snprintf(reason, HTTP_REASON_BYTES, "it answered %ld", answer);
}
