#include "ask.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "response.h"

enum { BYTES_MAX = 192 * 1024 * 1024, TEXT_BYTES_MAX = 4 * 1024 * 1024 };

struct ask {
	struct request *request;
	struct client_call *call;
	ask_done done;
	char *text;
	size_t text_length;
	char *bytes;
	size_t byte_count, bytes_awaited;
	bool no_memory;
	char camera[33];
};

static void destroy(struct ask *ask)
{
	free(ask->text);
	free(ask->bytes);
	free(ask);
}

static void cancel(void *state)
{
	struct ask *ask = state;
	client_call_cancel(ask->call);
	destroy(ask);
}

/* One line as a rule; more are joined as they came. */
static void append_line(struct ask *ask, const char *line, size_t length)
{
	bool is_first = !ask->text;
	char *text = ask->text_length + length < TEXT_BYTES_MAX ? realloc(ask->text, ask->text_length + length + 2) : NULL;
	if (!text) {
		ask->no_memory = true;
		return;
	}
	if (!is_first)
		text[ask->text_length++] = '\n';
	memcpy(text + ask->text_length, line, length + 1);
	ask->text = text;
	ask->text_length += length;
}

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	struct ask *ask = data;
	append_line(ask, line, length);
	if (bytes > 0 && !ask->bytes && bytes <= BYTES_MAX)
		ask->bytes = malloc((size_t)bytes);
	ask->no_memory |= bytes > 0 && !ask->bytes;
	ask->bytes_awaited = ask->bytes ? (size_t)bytes : 0;
}

static void on_end(void *data, const struct error *error);

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	(void)left;
	struct ask *ask = data;
	if (!ask->bytes || length > ask->bytes_awaited - ask->byte_count)
		return;
	memcpy(ask->bytes + ask->byte_count, bytes, length);
	ask->byte_count += length;
	if (ask->byte_count < ask->bytes_awaited)
		return;
	client_call_cancel(ask->call); /* it is whole: what the daemon does next is of no interest */
	on_end(ask, &(struct error){ 0 });
}

bool ask_is_refused(struct request *request, const char *line)
{
	if (!client_reply_failed(line, strlen(line)))
		return false;
	unsigned status = response_status_of_refusal(line);
	char *text = response_problem_text(status, line);
	struct MHD_Response *response =
	    text ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE) : NULL;
	if (response)
		response_header(response, "Content-Type", "application/problem+json");
	if (response && status == 503)
		response_header(response, "Retry-After", "1");
	request_respond(request, status, response);
	return true;
}

static void on_end(void *data, const struct error *error)
{
	struct ask *ask = data;
	struct request *request = ask->request;
	struct ask_reply reply = { .text = ask->text ? ask->text : "", .bytes = ask->bytes, .byte_count = ask->byte_count };
	ask->bytes = NULL;
	request->cancel = NULL;
	if (ask->no_memory)
		request_problem(request, 503, "the page's program has no memory for this answer");
	else if (error->code == -ETIMEDOUT)
		request_problem(request, 504, "camera %s: %s", ask->camera, error->text);
	else if (error->code < 0 || !ask->text)
		request_problem(request, 503, "camera %s: %s", ask->camera,
		                error->code < 0 ? error->text : "pastcam left without an answer");
	else if (!ask_is_refused(request, ask->text))
		ask->done(request, &reply);
	free(reply.bytes);
	destroy(ask);
}

void ask_camera(struct request *request, const struct camera *camera, const char *line, bool frames, double timeout_s,
                ask_done done)
{
	struct error error = { 0 };
	struct ask *ask = calloc(1, sizeof *ask);
	if (!ask) {
		request_respond(request, 500, NULL);
		return;
	}
	*ask = (struct ask){ .request = request, .done = done };
	strcpy(ask->camera, camera->name);
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = line,
		.reply = frames ? CLIENT_FRAMES : CLIENT_LINES,
		.handlers = { .line = on_line, .bytes = on_bytes, .end = on_end },
		.data = ask,
		.connect_timeout_s = 5,
		.reply_timeout_s = timeout_s,
		.idle_timeout_s = 20,
	};
	ask->call = client_call_begin(request->web->loop, &params, &error);
	if (ask->call) {
		request_wait(request, cancel, ask);
		return;
	}
	request_problem(request, 503, "camera %s: %s", camera->name, error.text);
	destroy(ask);
}
