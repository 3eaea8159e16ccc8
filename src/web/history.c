#include "history.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/thread.h"
#include "history_files.h"
#include "history_kept.h"
#include "history_store.h"

enum { QUESTIONS_MAX = 16 };

struct question {
	struct request *request; /* NULL: nobody waits any more */
	struct history_query query;
	cJSON *events;
	int64_t next_ms;
	struct error error; /* code 0: all went well */
};

struct history {
	struct web *web;
	struct mailbox *questions, *answers; /* of struct question * */
	struct loop_watch *watch;
	struct thread reader;
	atomic_bool stop;
	size_t under_way;
};

/* --- the thread --- */

static void run_reader(void *data)
{
	struct history *history = data;
	struct question *question;
	while (!atomic_load(&history->stop)) {
		mailbox_wait(history->questions);
		while (mailbox_take(history->questions, &question)) {
			history_store_read(history->web->config->hub.data_dir, &question->query, &history->stop, question->events,
			                   &question->next_ms, &question->error);
			mailbox_put(history->answers, &question); /* there is room for all that are under way */
		}
	}
}

/* --- the loop's side --- */

static void destroy_question(struct question *question)
{
	cJSON_Delete(question->events);
	free(question);
}

void history_answer(struct request *request, cJSON *events, int64_t next_ms, const char *reason)
{
	cJSON *json = cJSON_CreateObject();
	history_files_add(request->web, events);
	cJSON_AddStringToObject(json, "source", reason ? "cameras" : "hub");
	if (reason)
		cJSON_AddStringToObject(json, "reason", reason);
	if (next_ms >= 0)
		cJSON_AddNumberToObject(json, "next", (double)next_ms / 1000);
	else
		cJSON_AddNullToObject(json, "next");
	cJSON_AddItemToObject(json, "events", events);
	request_json(request, 200, json);
}

static void answer(struct question *question)
{
	struct request *request = question->request;
	request->cancel = NULL;
	if (question->error.code == -ETIMEDOUT)
		request_problem(request, 503, "%s", question->error.text);
	else if (question->error.code < 0)
		history_kept_answer(request, &question->query, question->error.text);
	else {
		history_answer(request, question->events, question->next_ms, NULL);
		question->events = NULL;
	}
}

static void on_answers(void *data, uint32_t events)
{
	(void)events;
	struct history *history = data;
	struct question *question;
	while (mailbox_take(history->answers, &question)) {
		history->under_way--;
		if (question->request)
			answer(question);
		destroy_question(question);
	}
}

static void cancel(void *state)
{
	((struct question *)state)->request = NULL;
}

static bool start_reader(struct history *history)
{
	return history->reader.running ||
	       thread_start(&history->reader, "history", THREAD_EXPORT, run_reader, history) == 0;
}

void history_get(struct request *request)
{
	struct history *history = request->web->history;
	struct history_query query;
	struct error error = { 0 };
	if (history_query_parse(&query, &request->target, clock_wall_ns() / CLOCK_NS_PER_MS, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	struct question *question = history->under_way < QUESTIONS_MAX ? calloc(1, sizeof *question) : NULL;
	if (question)
		*question = (struct question){ .request = request, .query = query, .events = cJSON_CreateArray() };
	if (!question || !question->events || !start_reader(history) || !mailbox_put(history->questions, &question)) {
		if (question)
			destroy_question(question);
		request_problem(request, 503, "too many ask for the history at once: ask again");
		return;
	}
	history->under_way++;
	request_wait(request, cancel, question);
}

struct history *history_create(struct web *web, struct error *error)
{
	struct history *history = calloc(1, sizeof *history);
	if (!history) {
		error_set(error, -ENOMEM, "no memory for the history");
		return NULL;
	}
	history->web = web;
	history->questions = mailbox_create(QUESTIONS_MAX, sizeof(struct question *), error);
	history->answers = history->questions ? mailbox_create(QUESTIONS_MAX, sizeof(struct question *), error) : NULL;
	if (history->answers)
		history->watch = loop_add(web->loop, mailbox_fd(history->answers), EPOLLIN, on_answers, history);
	if (history->watch)
		return history;
	if (history->answers)
		error_set_errno(error, -errno, "cannot watch the history's reader");
	history_destroy(history);
	return NULL;
}

void history_destroy(struct history *history)
{
	struct question *question;
	if (!history)
		return;
	atomic_store(&history->stop, true);
	if (history->reader.running)
		mailbox_wake(history->questions);
	thread_join(&history->reader);
	loop_remove(history->watch);
	while (history->questions && mailbox_take(history->questions, &question))
		destroy_question(question);
	while (history->answers && mailbox_take(history->answers, &question))
		destroy_question(question);
	mailbox_destroy(history->questions);
	mailbox_destroy(history->answers);
	free(history);
}
