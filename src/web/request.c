#include "request.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "gate.h"
#include "response.h"

enum { BODY_BYTES_MAX = 64 * 1024, JSON_DEPTH_MAX = 8 };

struct request *request_create(struct web *web, struct MHD_Connection *connection, struct peer *peer, const char *uri)
{
	struct request *request = calloc(1, sizeof *request);
	if (!request)
		return NULL;
	request->web = web;
	request->connection = connection;
	request->peer = peer;
	target_parse(&request->target, uri, &request->bad);
	return request;
}

void request_destroy(struct request *request)
{
	if (!request)
		return;
	if (request->is_waiting && request->cancel)
		request->cancel(request->state);
	loop_remove(request->delay);
	if (request->response)
		MHD_destroy_response(request->response);
	peer_set_state(request->peer, PEER_READING);
	free(request->body);
	free(request);
}

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct header_count {
	const char *name;
	size_t count;
};

static enum MHD_Result count_header(void *data, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	(void)value;
	struct header_count *counted = data;
	counted->count += strcasecmp(name, counted->name) == 0;
	return MHD_YES;
}

size_t request_header_count(const struct request *request, const char *name)
{
	struct header_count counted = { name, 0 };
	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_header, &counted);
	return counted.count;
}

static enum method method_of(const char *name, bool *is_head)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = {
		{ "GET", METHOD_GET }, { "HEAD", METHOD_GET },      { "POST", METHOD_POST },
		{ "PUT", METHOD_PUT }, { "DELETE", METHOD_DELETE }, { "OPTIONS", METHOD_OPTIONS },
	};
	*is_head = strcmp(name, "HEAD") == 0;
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return METHOD_OTHER;
}

static void take_body(struct request *request, const char *upload, size_t bytes)
{
	if (request->body_bytes + bytes > BODY_BYTES_MAX)
		request->body_is_too_large = true;
	if (request->body_is_too_large)
		return;
	if (!request->body)
		request->body = malloc(BODY_BYTES_MAX + 1);
	if (!request->body) {
		request->body_is_too_large = true;
		return;
	}
	memcpy(request->body + request->body_bytes, upload, bytes);
	request->body_bytes += bytes;
	request->body[request->body_bytes] = '\0';
}

/* What is too large is not read to its end. */
static void look_at_length(struct request *request)
{
	const char *length = request_header(request, "Content-Length");
	if (length && strtoull(length, NULL, 10) > BODY_BYTES_MAX)
		request_problem(request, 413, "the body is larger than %d KiB", BODY_BYTES_MAX / 1024);
}

static int queue_response(struct request *request)
{
	if (!peer_is_streaming(request->peer))
		peer_set_state(request->peer, PEER_SENDING);
	enum MHD_Result result = MHD_queue_response(request->connection, request->status, request->response);
	MHD_destroy_response(request->response);
	request->response = NULL;
	return result == MHD_YES ? 0 : -EIO;
}

int request_go_on(struct request *request, const char *method, const char *upload, size_t bytes)
{
	if (peer_is_closing(request->peer))
		return -ECONNABORTED;
	if (!request->is_begun) {
		request->is_begun = true;
		request->method = method_of(method, &request->is_head);
		look_at_length(request);
	} else if (bytes > 0) {
		take_body(request, upload, bytes);
		return 0;
	} else if (!request->is_handled) {
		request->is_handled = true;
		peer_set_state(request->peer, PEER_ANSWERING);
		if (request->body_is_too_large)
			request_problem(request, 413, "the body is larger than %d KiB", BODY_BYTES_MAX / 1024);
		else
			gate_pass(request);
	}
	if (request->response)
		return queue_response(request);
	return request->is_waiting || !request->is_handled ? 0 : -EIO;
}

void request_wait(struct request *request, void (*cancel)(void *state), void *state)
{
	request->cancel = cancel;
	request->state = state;
	if (request->is_waiting)
		return;
	request->is_waiting = true;
	peer_suspend(request->peer);
}

void request_respond(struct request *request, unsigned status, struct MHD_Response *response)
{
	if (request->is_answered) {
		if (response)
			MHD_destroy_response(response);
		return;
	}
	request->is_answered = true;
	if (!response) {
		static char text[] = "{\"title\":\"Internal Server Error\",\"detail\":\"no memory for the answer\"}";
		status = 500;
		response = MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
	}
	if (status >= 400)
		http_counts(request->web->http)->errors++;
	request->response = response;
	request->status = status;
	if (response)
		response_add_common(request, response);
	if (request->is_waiting) {
		request->is_waiting = false;
		peer_resume(request->peer);
	}
}

void request_bytes(struct request *request, unsigned status, const char *type, void *owned, size_t bytes)
{
	struct MHD_Response *response = NULL;
	if (owned)
		response = MHD_create_response_from_buffer(bytes, owned, MHD_RESPMEM_MUST_FREE);
	if (response)
		response_header(response, "Content-Type", type);
	else
		free(owned);
	request_respond(request, status, response);
}

void request_json(struct request *request, unsigned status, cJSON *owned)
{
	char *text = owned ? cJSON_PrintUnformatted(owned) : NULL;
	cJSON_Delete(owned);
	request_bytes(request, status, "application/json", text, text ? strlen(text) : 0);
}

void request_problem(struct request *request, unsigned status, const char *format, ...)
{
	char detail[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(detail, sizeof detail, format, arguments);
	va_end(arguments);
	char *text = response_problem_text(status, detail);
	request_bytes(request, status, "application/problem+json", text, text ? strlen(text) : 0);
}

void request_bad(struct request *request, const struct error *error)
{
	request_problem(request, 400, "%s", error->text);
}

/* cJSON recurses; a bomb of brackets is refused before it is parsed. */
static bool is_too_deep(const char *text)
{
	int depth = 0;
	bool in_string = false;
	for (; *text; text++) {
		if (in_string && *text == '\\' && text[1])
			text++;
		else if (*text == '"')
			in_string = !in_string;
		else if (!in_string && (*text == '[' || *text == '{') && ++depth > JSON_DEPTH_MAX)
			return true;
		else if (!in_string && (*text == ']' || *text == '}'))
			depth--;
	}
	return false;
}

cJSON *request_body_json(struct request *request)
{
	const char *type = request_header(request, "Content-Type");
	if (!type || strncasecmp(type, "application/json", 16) != 0) {
		request_problem(request, 415, "the body must be of the type application/json");
		return NULL;
	}
	cJSON *json = NULL;
	if (request->body && strlen(request->body) == request->body_bytes && !is_too_deep(request->body))
		json = cJSON_ParseWithOpts(request->body, NULL, true);
	if (cJSON_IsObject(json))
		return json;
	cJSON_Delete(json);
	request_problem(request, 400, "the body must be one JSON object: { … }");
	return NULL;
}
