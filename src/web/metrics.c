#include "metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cameras.h"
#include "events.h"
#include "live.h"
#include "openmetrics.h"

enum { ANSWER_S = 3 };

/* The answers that a request waits for: each camera's status, and one camera's table of rows. */
struct gather {
	struct request *request;
	size_t count, pending;
	bool asked_rows;
	struct answer {
		struct gather *gather;
		struct client_call *call;
		char camera[33];
		char *status, *rows; /* rows of the first that tells them */
	} answers[];
};

static void destroy(struct gather *gather)
{
	for (size_t i = 0; i < gather->count; i++) {
		client_call_cancel(gather->answers[i].call);
		free(gather->answers[i].status);
		free(gather->answers[i].rows);
	}
	free(gather);
}

static void cancel(void *state)
{
	destroy(state);
}

static void write_own(const struct request *request, FILE *out)
{
	const struct http_counts *counts = http_counts(request->web->http);
	const struct {
		const char *name, *type, *help;
		double value;
	} own[] = {
		{ "connections", "gauge", "Connections now.", counts->now },
		{ "connections_accepted", "counter", "Connections since the start.", (double)counts->connections },
		{ "connections_refused", "counter", "Connections closed for the limit.", (double)counts->refused },
		{ "requests", "counter", "Requests.", (double)counts->requests },
		{ "errors", "counter", "Requests answered with a status of 400 or more.", (double)counts->errors },
		{ "viewers", "gauge", "Live pictures that are watched.", (double)live_viewers(request->web->live) },
		{ "listeners", "gauge", "Listeners to events.", (double)events_listeners(request->web->events) },
		{ "resident_memory_bytes", "gauge", "Memory of pastcam-web.", (double)memory_rss() },
	};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		fprintf(out, "# TYPE pastcam_web_%s %s\n# HELP pastcam_web_%s %s\npastcam_web_%s%s %.17g\n", own[i].name,
		        own[i].type, own[i].name, own[i].help, own[i].name, own[i].type[0] == 'c' ? "_total" : "",
		        own[i].value);
}

static void answer_all(struct gather *gather)
{
	struct request *request = gather->request;
	char *text = NULL;
	size_t length = 0;
	struct openmetrics_camera cameras[CLIENT_CAMERAS_MAX] = { 0 };
	const char *rows = NULL;
	FILE *out = open_memstream(&text, &length);
	for (size_t i = 0; i < gather->count; i++) {
		cameras[i] =
		    (struct openmetrics_camera){ .name = gather->answers[i].camera, .status = gather->answers[i].status };
		rows = rows ? rows : gather->answers[i].rows;
	}
	if (out) {
		openmetrics_write(out, rows, cameras, gather->count);
		write_own(request, out);
		fputs("# EOF\n", out);
		fclose(out);
	}
	request->cancel = NULL;
	request_bytes(request, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", text, length);
	destroy(gather);
}

static void begin_call(struct answer *answer, const char *line);

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)length;
	(void)bytes;
	struct answer *answer = data;
	if (!answer->status && line[0] == '{')
		answer->status = strdup(line);
	else if (line[0] == '[')
		answer->rows = strdup(line);
}

static void on_end(void *data, const struct error *error)
{
	struct answer *answer = data;
	(void)error;
	answer->call = NULL;
	if (answer->status && !answer->gather->asked_rows) {
		answer->gather->asked_rows = true;
		begin_call(answer, "status rows"); /* one camera's table is everybody's: they are one version */
	}
	if (!answer->call && --answer->gather->pending == 0)
		answer_all(answer->gather);
}

static void begin_call(struct answer *answer, const char *line)
{
	const struct web *web = answer->gather->request->web;
	const struct camera *camera = cameras_find(web->cameras, answer->camera);
	const struct client_call_params params = {
		.address = { .socket_path = camera ? camera->path : "" },
		.line = line,
		.reply = CLIENT_LINES,
		.handlers = { .line = on_line, .end = on_end },
		.data = answer,
		.connect_timeout_s = ANSWER_S,
		.reply_timeout_s = ANSWER_S,
		.idle_timeout_s = ANSWER_S,
	};
	answer->call = camera ? client_call_begin(web->loop, &params, NULL) : NULL;
}

void metrics_get(struct request *request)
{
	const struct cameras *cameras = request->web->cameras;
	size_t count = cameras_count(cameras);
	struct gather *gather = calloc(1, sizeof *gather + count * sizeof gather->answers[0]);
	if (!gather) {
		request_respond(request, 500, NULL);
		return;
	}
	gather->request = request;
	gather->count = count;
	for (size_t i = 0; i < count; i++) {
		gather->answers[i].gather = gather;
		strcpy(gather->answers[i].camera, cameras_at(cameras, i)->name);
		begin_call(&gather->answers[i], "status");
		gather->pending += gather->answers[i].call != NULL;
	}
	if (gather->pending == 0)
		answer_all(gather);
	else
		request_wait(request, cancel, gather);
}
