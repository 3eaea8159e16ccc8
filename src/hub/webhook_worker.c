#include "webhook_worker.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/mailbox.h"
#include "base/thread.h"

enum { POLL_MS = 1000, ANSWER_BYTES_MAX = 64 * 1024, CONNECT_S = 10 };

struct transfer {
	struct transfer *next;
	struct webhook_job *job;
	CURL *curl;
	struct curl_slist *headers;
	curl_mime *mime;
	size_t answered;
	char error[CURL_ERROR_SIZE];
};

struct webhook_worker {
	struct loop *loop;
	struct loop_watch *watch;
	void (*done)(void *data, const struct webhook_result *result);
	void *data;
	struct mailbox *jobs, *results; /* struct webhook_job *, struct webhook_result */
	size_t count;                   /* under way, as the loop knows */
	struct thread thread;
	atomic_bool stop;
	CURLM *multi;
	struct transfer *transfers; /* the thread's */
};

void webhook_job_free(struct webhook_job *job)
{
	if (!job)
		return;
	for (size_t i = 0; i < WEBHOOK_HEADERS_MAX; i++)
		free(job->headers[i]);
	free(job->url);
	free(job->body);
	free(job->content_type);
	free(job->path);
	free(job);
}

/* --- one transfer --- */

static void free_transfer(struct webhook_worker *worker, struct transfer *transfer)
{
	for (struct transfer **link = &worker->transfers; *link; link = &(*link)->next) {
		if (*link == transfer) {
			*link = transfer->next;
			break;
		}
	}
	if (transfer->curl) {
		curl_multi_remove_handle(worker->multi, transfer->curl);
		curl_easy_cleanup(transfer->curl);
	}
	curl_mime_free(transfer->mime);
	curl_slist_free_all(transfer->headers);
	webhook_job_free(transfer->job);
	free(transfer);
}

/* What it answers is of no use; a flood of it ends. */
static size_t on_answer(char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	struct transfer *transfer = data;
	transfer->answered += size * count;
	return transfer->answered > ANSWER_BYTES_MAX ? 0 : size * count;
}

static void set_body(struct transfer *transfer)
{
	const struct webhook_job *job = transfer->job;
	char type[96];
	if (!job->path) {
		snprintf(type, sizeof type, "Content-Type: %.60s", job->content_type);
		transfer->headers = curl_slist_append(transfer->headers, type);
		curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(job->body));
		curl_easy_setopt(transfer->curl, CURLOPT_POSTFIELDS, job->body);
		return;
	}
	transfer->mime = curl_mime_init(transfer->curl);
	curl_mimepart *part = curl_mime_addpart(transfer->mime);
	curl_mime_name(part, "event");
	curl_mime_type(part, job->content_type);
	curl_mime_data(part, job->body, CURL_ZERO_TERMINATED);
	part = curl_mime_addpart(transfer->mime);
	curl_mime_name(part, "file");
	curl_mime_filedata(part, job->path);
	curl_easy_setopt(transfer->curl, CURLOPT_MIMEPOST, transfer->mime);
}

static void set_options(struct transfer *transfer)
{
	const struct webhook_job *job = transfer->job;
	CURL *curl = transfer->curl;
	for (size_t i = 0; i < WEBHOOK_HEADERS_MAX && job->headers[i]; i++)
		transfer->headers = curl_slist_append(transfer->headers, job->headers[i]);
	transfer->headers = curl_slist_append(transfer->headers, "Expect:");
	set_body(transfer);
	curl_easy_setopt(curl, CURLOPT_URL, job->url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(job->timeout_s * 1000));
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "pastcam-hub/" PASTCAM_VERSION);
}

static void tell(struct webhook_worker *worker, const struct webhook_job *job, int status, const char *reason)
{
	struct webhook_result result = { .id = job->id, .status = status };
	snprintf(result.reason, sizeof result.reason, "%s", reason);
	mailbox_put(worker->results, &result); /* it has as many places as there are jobs */
}

static void begin(struct webhook_worker *worker, struct webhook_job *job)
{
	struct transfer *transfer = calloc(1, sizeof *transfer);
	if (!transfer || !(transfer->curl = curl_easy_init())) {
		tell(worker, job, 0, "no memory");
		free(transfer);
		webhook_job_free(job);
		return;
	}
	transfer->job = job;
	transfer->next = worker->transfers;
	worker->transfers = transfer;
	set_options(transfer);
	if (curl_multi_add_handle(worker->multi, transfer->curl) != CURLM_OK) {
		tell(worker, job, 0, "libcurl refuses");
		free_transfer(worker, transfer);
	}
}

static void end(struct webhook_worker *worker, CURL *curl, CURLcode code)
{
	struct transfer *transfer = NULL;
	char *place = NULL, reason[WEBHOOK_REASON_BYTES] = "";
	long status = 0;
	curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&transfer);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &place);
	bool is_good = status >= 200 && status < 300;
	if (code != CURLE_OK && !(is_good && code == CURLE_WRITE_ERROR))
		snprintf(reason, sizeof reason, "%.*s", (int)sizeof reason - 1,
		         transfer->error[0] ? transfer->error : curl_easy_strerror(code));
	else if (status >= 300 && status < 400)
		snprintf(reason, sizeof reason, "it redirects to %.90s: set the url to that", place ? place : "nowhere");
	else if (!is_good)
		snprintf(reason, sizeof reason, "it answered %ld", status);
	tell(worker, transfer->job, (int)status, reason);
	free_transfer(worker, transfer);
}

static void run(void *data)
{
	struct webhook_worker *worker = data;
	while (!atomic_load(&worker->stop)) {
		struct webhook_job *job;
		int running, left;
		const CURLMsg *message;
		while (mailbox_take(worker->jobs, &job))
			begin(worker, job);
		curl_multi_perform(worker->multi, &running);
		while ((message = curl_multi_info_read(worker->multi, &left)) != NULL)
			if (message->msg == CURLMSG_DONE)
				end(worker, message->easy_handle, message->data.result);
		struct curl_waitfd mail = { .fd = mailbox_fd(worker->jobs), .events = CURL_WAIT_POLLIN };
		if (running == 0)
			mailbox_wait(worker->jobs);
		else
			curl_multi_poll(worker->multi, &mail, 1, POLL_MS, NULL);
	}
}

/* --- the loop's side --- */

static void on_results(void *data, uint32_t events)
{
	(void)events;
	struct webhook_worker *worker = data;
	struct webhook_result result;
	while (mailbox_take(worker->results, &result)) {
		worker->count--;
		worker->done(worker->data, &result);
	}
}

struct webhook_worker *webhook_worker_create(struct loop *loop,
                                             void (*done)(void *data, const struct webhook_result *result), void *data,
                                             struct error *error)
{
	struct webhook_worker *worker = calloc(1, sizeof *worker);
	if (!worker) {
		error_set(error, -ENOMEM, "no memory for webhooks");
		return NULL;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	worker->loop = loop;
	worker->done = done;
	worker->data = data;
	worker->multi = curl_multi_init();
	worker->jobs = mailbox_create(WEBHOOK_JOBS_MAX, sizeof(struct webhook_job *), error);
	worker->results = mailbox_create(WEBHOOK_JOBS_MAX, sizeof(struct webhook_result), error);
	if (worker->multi && worker->jobs && worker->results)
		worker->watch = loop_add(loop, mailbox_fd(worker->results), EPOLLIN, on_results, worker);
	if (worker->watch && thread_start(&worker->thread, "webhooks", THREAD_EXPORT, run, worker) == 0)
		return worker;
	error_set(error, -ENOMEM, "no memory or no thread for webhooks");
	webhook_worker_destroy(worker);
	return NULL;
}

void webhook_worker_destroy(struct webhook_worker *worker)
{
	struct webhook_job *job;
	if (!worker)
		return;
	atomic_store(&worker->stop, true);
	if (worker->jobs)
		mailbox_wake(worker->jobs);
	if (worker->multi)
		curl_multi_wakeup(worker->multi);
	thread_join(&worker->thread);
	while (worker->transfers)
		free_transfer(worker, worker->transfers);
	while (worker->jobs && mailbox_take(worker->jobs, &job))
		webhook_job_free(job);
	loop_remove(worker->watch);
	mailbox_destroy(worker->jobs);
	mailbox_destroy(worker->results);
	curl_multi_cleanup(worker->multi);
	curl_global_cleanup();
	free(worker);
}

int webhook_worker_send(struct webhook_worker *worker, struct webhook_job *job)
{
	if (worker->count == WEBHOOK_JOBS_MAX || !mailbox_put(worker->jobs, &job))
		return -EBUSY;
	worker->count++;
	return 0;
}
