#include "http_worker.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/mailbox.h"
#include "base/memory.h"
#include "base/thread.h"
#include "http_transfer.h"

enum { POLL_MS = 1000 };

struct http_worker {
	struct loop *loop;
	struct loop_watch *watch;
	void (*done)(void *data, const struct http_result *result);
	void *data;
	struct mailbox *jobs, *results; /* struct http_job *, struct http_result */
	size_t count;                   /* under way, as the loop knows */
	struct thread thread;
	atomic_bool stop;
	CURLM *multi;
	struct http_transfer *transfers; /* the thread's */
};

/* --- one transfer --- */

static void free_transfer(struct http_worker *worker, struct http_transfer *transfer)
{
	for (struct http_transfer **link = &worker->transfers; *link; link = &(*link)->next) {
		if (*link == transfer) {
			*link = transfer->next;
			break;
		}
	}
	if (transfer->curl)
		curl_multi_remove_handle(worker->multi, transfer->curl);
	http_transfer_finish(transfer);
	free(transfer);
}

static void tell(struct http_worker *worker, int64_t id, const char *reason)
{
	struct http_result result = { .id = id };
	snprintf(result.reason, sizeof result.reason, "%s", reason);
	mailbox_put(worker->results, &result); /* it has as many places as there are jobs */
}

static void begin(struct http_worker *worker, struct http_job *job)
{
	struct http_transfer *transfer = calloc(1, sizeof *transfer);
	char reason[HTTP_REASON_BYTES] = "";
	if (!transfer) {
		tell(worker, job->id, "no memory");
		http_job_free(job);
		return;
	}
	transfer->next = worker->transfers;
	worker->transfers = transfer;
	if (http_transfer_begin(transfer, job, &worker->stop, reason) &&
	    curl_multi_add_handle(worker->multi, transfer->curl) == CURLM_OK)
		return;
	tell(worker, job->id, reason[0] ? reason : "libcurl refuses");
	free_transfer(worker, transfer);
}

/* True when the second request of an upload is under way. */
static bool goes_on(struct http_worker *worker, struct http_transfer *transfer, char reason[HTTP_REASON_BYTES])
{
	if (reason[0] || !transfer->job->s3)
		return false;
	if (transfer->is_check) {
		http_upload_judge(transfer, &worker->stop, reason);
		return false;
	}
	curl_multi_remove_handle(worker->multi, transfer->curl);
	if (!http_upload_check(transfer, reason))
		return false;
	if (curl_multi_add_handle(worker->multi, transfer->curl) == CURLM_OK)
		return true;
	snprintf(reason, HTTP_REASON_BYTES, "libcurl refuses");
	return false;
}

static void end(struct http_worker *worker, CURL *curl, CURLcode code)
{
	struct http_transfer *transfer = NULL;
	char reason[HTTP_REASON_BYTES];
	curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&transfer);
	http_transfer_judge(transfer, code, reason);
	if (goes_on(worker, transfer, reason))
		return;
	tell(worker, transfer->job->id, reason);
	free_transfer(worker, transfer);
}

static void run(void *data)
{
	struct http_worker *worker = data;
	while (!atomic_load(&worker->stop)) {
		struct http_job *job;
		int running, left;
		const CURLMsg *message;
		while (mailbox_take(worker->jobs, &job))
			begin(worker, job);
		curl_multi_perform(worker->multi, &running);
		while ((message = curl_multi_info_read(worker->multi, &left)) != NULL)
			if (message->msg == CURLMSG_DONE)
				end(worker, message->easy_handle, message->data.result);
		struct curl_waitfd mail = { .fd = mailbox_fd(worker->jobs), .events = CURL_WAIT_POLLIN };
		if (!worker->transfers)
			mailbox_wait(worker->jobs);
		else
			curl_multi_poll(worker->multi, &mail, 1, POLL_MS, NULL);
	}
}

/* --- the loop's side --- */

static void on_results(void *data, uint32_t events)
{
	(void)events;
	struct http_worker *worker = data;
	struct http_result result;
	while (mailbox_take(worker->results, &result)) {
		if (--worker->count == 0)
			memory_release_code(); /* TLS takes as much as all the rest */
		worker->done(worker->data, &result);
	}
}

struct http_worker *http_worker_create(struct loop *loop, const char *name,
                                       void (*done)(void *data, const struct http_result *result), void *data,
                                       struct error *error)
{
	struct http_worker *worker = calloc(1, sizeof *worker);
	if (!worker) {
		error_set(error, -ENOMEM, "no memory for %s", name);
		return NULL;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	worker->loop = loop;
	worker->done = done;
	worker->data = data;
	worker->multi = curl_multi_init();
	worker->jobs = mailbox_create(HTTP_JOBS_MAX, sizeof(struct http_job *), error);
	worker->results = mailbox_create(HTTP_JOBS_MAX, sizeof(struct http_result), error);
	if (worker->multi && worker->jobs && worker->results)
		worker->watch = loop_add(loop, mailbox_fd(worker->results), EPOLLIN, on_results, worker);
	if (worker->watch && thread_start(&worker->thread, name, THREAD_EXPORT, run, worker) == 0)
		return worker;
	error_set(error, -ENOMEM, "no memory or no thread for %s", name);
	http_worker_destroy(worker);
	return NULL;
}

void http_worker_destroy(struct http_worker *worker)
{
	struct http_job *job;
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
		http_job_free(job);
	loop_remove(worker->watch);
	mailbox_destroy(worker->jobs);
	mailbox_destroy(worker->results);
	curl_multi_cleanup(worker->multi);
	curl_global_cleanup();
	free(worker);
}

int http_worker_send(struct http_worker *worker, struct http_job *job)
{
	if (worker->count == 0)
		memory_release_code();
	if (worker->count == HTTP_JOBS_MAX || !mailbox_put(worker->jobs, &job))
		return -EBUSY;
	worker->count++;
	return 0;
}
