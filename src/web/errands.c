#include "errands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events.h"
#include "response.h"

enum { ERRANDS_MAX = 64, ID_BYTES = 40 };

struct errand {
	struct web *web;
	char id[ID_BYTES], camera[33];
	char *reply;
	void (*add_result)(cJSON *json, const char *reply);
};

static size_t under_way;

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)length;
	(void)bytes;
	struct errand *errand = data;
	if (!errand->reply)
		errand->reply = strdup(line);
}

static void on_end(void *data, const struct error *error)
{
	struct errand *errand = data;
	const char *reply = errand->reply     ? errand->reply
	                    : error->code < 0 ? error->text
	                                      : "pastcam left without an answer";
	bool is_done = errand->reply && !client_reply_failed(errand->reply, strlen(errand->reply));
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "id", errand->id);
	cJSON_AddStringToObject(json, "camera", errand->camera);
	cJSON_AddBoolToObject(json, "done", is_done);
	cJSON_AddStringToObject(json, "reply", reply);
	if (is_done)
		errand->add_result(json, reply);
	events_publish(errand->web, "request", json);
	cJSON_Delete(json);
	free(errand->reply);
	free(errand);
	under_way--;
}

static void answer_id(struct request *request, const char *id)
{
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "id", id);
	request_json(request, 202, json);
}

void errands_begin(struct request *request, const struct camera *camera, const char *line, double timeout_s,
                   void (*add_result)(cJSON *json, const char *reply))
{
	static uint64_t number;
	struct error error = { 0 };
	struct errand *errand = under_way < ERRANDS_MAX ? calloc(1, sizeof *errand) : NULL;
	if (!errand) {
		request_problem(request, 503, "%d requests are under way already: ask again", ERRANDS_MAX);
		return;
	}
	errand->web = request->web;
	errand->add_result = add_result;
	strcpy(errand->camera, camera->name);
	snprintf(errand->id, sizeof errand->id, "r%llx-%llu", (unsigned long long)clock_wall_ns() / 1000,
	         (unsigned long long)++number);
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = line,
		.reply = CLIENT_LINES,
		.handlers = { .line = on_line, .end = on_end },
		.data = errand,
		.connect_timeout_s = 5,
		.reply_timeout_s = timeout_s,
		.idle_timeout_s = timeout_s,
	};
	if (client_call_begin(request->web->loop, &params, &error)) {
		under_way++;
		answer_id(request, errand->id);
		return;
	}
	request_problem(request, 503, "camera %s: %s", camera->name, error.text);
	free(errand);
}
