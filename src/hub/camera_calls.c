/* What is asked of a camera: a few lines at once, the others in turn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "camera_private.h"

enum { REPLY_S = 330 }; /* the longest clip, and some */

struct call {
	struct call *next;
	struct camera *camera;
	struct client_call *client; /* NULL: it waits for its turn */
	camera_done done;
	void *data;
	char *line;
	int64_t asked_ns;
};

static struct call **find_link(struct camera *camera, const struct call *call)
{
	struct call **link = &camera->calls;
	while (*link && *link != call)
		link = &(*link)->next;
	return link;
}

static void free_call(struct call *call)
{
	free(call->line);
	free(call);
}

static void tell(const struct call *call, const char *reply, const struct error *error)
{
	const char *name = call->camera->name;
	if (call->done)
		call->done(call->data, call->camera, reply, error);
	else if (error->code < 0)
		log_warning("Camera %s did not answer \"%.*s\": %s", name, utf8_fit(call->line, 100), call->line, error->text);
	else if (client_reply_failed(reply, strlen(reply)))
		log_warning("Camera %s answered \"%.*s\" with: %.*s", name, utf8_fit(call->line, 100), call->line,
		            utf8_fit(reply, 200), reply);
}

static void begin_waiting(struct camera *camera);

static void finish_call(struct call *call, const char *reply, const struct error *error)
{
	struct camera *camera = call->camera;
	*find_link(camera, call) = call->next;
	camera->call_count--;
	camera->under_way_count--;
	begin_waiting(camera);
	tell(call, reply, error);
	free_call(call);
}

static void on_reply(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)length;
	(void)bytes;
	struct call *call = data;
	struct error none = { .code = 0 };
	client_call_cancel(call->client);
	finish_call(call, line, &none);
}

static void on_reply_end(void *data, const struct error *error)
{
	struct error reason = *error;
	if (reason.code == 0)
		error_set(&reason, -ENODATA, "it hung up without an answer");
	finish_call(data, "", &reason);
}

static int begin(struct call *call, struct error *error)
{
	struct camera *camera = call->camera;
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = call->line,
		.reply = CLIENT_LINES,
		.handlers = { .line = on_reply, .end = on_reply_end },
		.data = call,
		.connect_timeout_s = CAMERA_CONNECT_S,
		.reply_timeout_s = REPLY_S,
	};
	if (clock_now_ns() - call->asked_ns > CAMERA_WAIT_S * CLOCK_NS_PER_S)
		return error_set(error, -ETIMEDOUT, "it was busy with other lines for more than %d s", CAMERA_WAIT_S);
	call->client = client_call_begin(camera->all->loop, &params, error);
	if (!call->client)
		return -EIO;
	camera->under_way_count++;
	return 0;
}

/* Takes out of the list what cannot begin, and tells it. */
static void begin_waiting(struct camera *camera)
{
	struct call **link = &camera->calls;
	while (*link && camera->under_way_count < CAMERA_CALLS_MAX) {
		struct call *call = *link;
		struct error error = { 0 };
		if (call->client || begin(call, &error) == 0) {
			link = &call->next;
			continue;
		}
		*link = call->next;
		camera->call_count--;
		tell(call, "", &error);
		free_call(call);
		/* Who was told may have asked for more. */
		link = &camera->calls;
	}
}

static struct call *make_call(struct camera *camera, const char *line, camera_done done, void *data)
{
	struct call *call = calloc(1, sizeof *call);
	char *copy = call ? strdup(line) : NULL;
	if (!copy) {
		free(call);
		return NULL;
	}
	*call = (struct call){ .camera = camera, .done = done, .data = data, .line = copy, .asked_ns = clock_now_ns() };
	return call;
}

int camera_send(struct camera *camera, const char *line, camera_done done, void *data, struct error *error)
{
	if (!camera->has_socket)
		return error_set(error, -ENOENT, "camera %s is away", camera->name);
	if (camera->call_count == CAMERA_CALLS_MAX + CAMERA_WAITING_MAX)
		return error_set(error, -EBUSY, "camera %s is still busy with %d lines, and %d wait", camera->name,
		                 CAMERA_CALLS_MAX, CAMERA_WAITING_MAX);
	struct call *call = make_call(camera, line, done, data);
	if (!call)
		return error_set(error, -ENOMEM, "no memory to ask camera %s", camera->name);
	int result = camera->under_way_count < CAMERA_CALLS_MAX ? begin(call, error) : 0;
	if (result < 0) {
		free_call(call);
		return result;
	}
	*find_link(camera, NULL) = call;
	camera->call_count++;
	return 0;
}

void camera_calls_free(struct camera *camera)
{
	for (struct call *call = camera->calls, *next; call; call = next) {
		next = call->next;
		client_call_cancel(call->client);
		free_call(call);
	}
}
