#include "history_kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cameras.h"

enum { REPLY_S = 5, EVENTS_MOST = 4 * HISTORY_LIMIT_MOST, REASON_BYTES = 320 };

struct question;

struct asked {
	struct question *question;
	struct client_call *call;
	char camera[CAMERA_NAME_BYTES];
};

struct question {
	struct request *request;
	struct history_query query;
	char reason[REASON_BYTES];
	cJSON *events;
	size_t waiting, count, event_count, room;
	bool is_beginning, is_cut; /* cut: there was more */
	struct asked asked[CLIENT_CAMERAS_MAX];
};

static void destroy(void *state)
{
	struct question *question = state;
	for (size_t i = 0; i < question->count; i++)
		client_call_cancel(question->asked[i].call);
	cJSON_Delete(question->events);
	free(question);
}

/* What is older than the newest so many is in no answer; that it was there is. */
static void make_room(struct question *question)
{
	int64_t next_ms;
	history_query_trim(&question->query, question->events, &next_ms);
	question->event_count = (size_t)cJSON_GetArraySize(question->events);
	question->room = EVENTS_MOST + question->event_count;
	question->is_cut = question->is_cut || next_ms >= 0;
}

static int64_t oldest_ms(const cJSON *events)
{
	return history_time_ms(cJSON_GetArrayItem(events, cJSON_GetArraySize(events) - 1));
}

static void answer_when_all_have(struct question *question)
{
	int64_t next_ms;
	if (question->waiting > 0 || question->is_beginning)
		return;
	history_query_trim(&question->query, question->events, &next_ms);
	if (next_ms < 0 && question->is_cut) /* the rest was cut just below these */
		next_ms = oldest_ms(question->events);
	question->request->cancel = NULL;
	history_answer(question->request, question->events, next_ms, question->reason);
	question->events = NULL;
	destroy(question);
}

static void add_reason(const struct asked *asked, const char *text)
{
	struct question *question = asked->question;
	size_t used = strlen(question->reason);
	snprintf(question->reason + used, REASON_BYTES - used, "; camera %s: %.*s", asked->camera, utf8_fit(text, 200),
	         text);
}

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)bytes;
	struct asked *asked = data;
	struct question *question = asked->question;
	if (client_reply_failed(line, length)) {
		add_reason(asked, line);
		return;
	}
	cJSON *event = cJSON_Parse(line);
	const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
	/* That more happened than is kept is no news of its own here. */
	if (!type || strcmp(type, "lost") == 0 ||
	    !history_query_matches(&question->query, asked->camera, type, history_time_ms(event))) {
		cJSON_Delete(event);
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(event, "camera");
	cJSON_AddStringToObject(event, "camera", asked->camera);
	cJSON_AddItemToArray(question->events, event);
	if (++question->event_count >= question->room)
		make_room(question);
}

static void on_end(void *data, const struct error *error)
{
	struct asked *asked = data;
	struct question *question = asked->question;
	asked->call = NULL;
	if (error->code < 0)
		add_reason(asked, error->text);
	question->waiting--;
	answer_when_all_have(question);
}

static void ask(struct question *question, const struct camera *camera)
{
	struct error error = { 0 };
	struct asked *asked = &question->asked[question->count++];
	asked->question = question;
	strcpy(asked->camera, camera->name);
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = "events since=000000000000-0 once", /* an id of an earlier life: all that is kept */
		.reply = CLIENT_LINES,
		.handlers = { .line = on_line, .end = on_end },
		.data = asked,
		.connect_timeout_s = REPLY_S,
		.reply_timeout_s = REPLY_S,
		.idle_timeout_s = REPLY_S,
	};
	question->waiting++;
	asked->call = client_call_begin(question->request->web->loop, &params, &error);
	if (!asked->call)
		on_end(asked, &error);
}

void history_kept_answer(struct request *request, const struct history_query *query, const char *reason)
{
	const struct cameras *cameras = request->web->cameras;
	struct question *question = calloc(1, sizeof *question);
	if (question)
		question->events = cJSON_CreateArray();
	if (!question || !question->events) {
		free(question);
		request_respond(request, 500, NULL);
		return;
	}
	question->request = request;
	question->query = *query;
	snprintf(question->reason, sizeof question->reason, "%s", reason);
	question->is_beginning = true;
	question->room = EVENTS_MOST;
	for (size_t i = 0; i < cameras_count(cameras); i++)
		if (query->camera[0] == '\0' || strcmp(query->camera, cameras_at(cameras, i)->name) == 0)
			ask(question, cameras_at(cameras, i));
	question->is_beginning = false;
	request_wait(request, destroy, question);
	answer_when_all_have(question);
}
