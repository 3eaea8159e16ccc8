#include "ask.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "response.h"
#include "turns.h"

enum {
	BYTES_MAX = 192 * 1024 * 1024,
	TEXT_BYTES_MAX = 4 * 1024 * 1024,
	TURN_S = 30, /* how long one waits for its turn */
	BUSY_S = 10, /* how long a daemon that is busy with others is asked again */
	AGAIN_MS = 50,
	QUICK_S = 10, /* what may take longer by itself has no turn */
};

struct ask {
	struct turn turn; /* first: it is the turn that begins */
	struct request *request;
	struct client_call *call;
	struct loop_watch *timer; /* NULL: none was needed yet */
	int64_t begun_ns;
	ask_done done;
	bool frames;
	double timeout_s;
	char *text;
	size_t text_length;
	char *bytes;
	size_t byte_count, bytes_awaited;
	bool no_memory;
	struct camera camera;
	char line[CLIENT_LINE_BYTES];
};

static void destroy(struct ask *ask)
{
	loop_remove(ask->timer);
	turns_let_go(ask->bytes);
	free(ask->text);
	turns_leave(&ask->turn);
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
		ask->bytes = turns_hold((size_t)bytes);
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

static void answer(struct ask *ask, const struct error *error)
{
	struct request *request = ask->request;
	struct ask_reply reply = { .text = ask->text ? ask->text : "", .bytes = ask->bytes, .byte_count = ask->byte_count };
	ask->bytes = NULL;
	request->cancel = NULL;
	if (ask->no_memory)
		request_problem(request, 503, "the page's program has no memory for this answer");
	else if (error->code == -ETIMEDOUT)
		request_problem(request, 504, "camera %s: %s", ask->camera.name, error->text);
	else if (error->code < 0 || !ask->text)
		request_problem(request, 503, "camera %s: %s", ask->camera.name,
		                error->code < 0 ? error->text : "pastcam left without an answer");
	else if (!ask_is_refused(request, ask->text))
		ask->done(request, &reply);
	turns_let_go(reply.bytes);
	destroy(ask);
}

static void refuse(struct ask *ask, int code, const char *reason)
{
	struct error error;
	error_set(&error, code, "%s", reason);
	answer(ask, &error);
}

/* Its turn has not come, or it is time to ask a busy daemon again. */
static void begin(struct turn *turn);
static void on_timer(void *data, uint32_t times)
{
	(void)times;
	struct ask *ask = data;
	if (ask->turn.is_under_way)
		begin(&ask->turn);
	else
		refuse(ask, -EBUSY, "too many ask at once: ask again");
}

static int set_timer(struct ask *ask, int64_t delay_ns)
{
	if (!ask->timer)
		ask->timer = loop_add_timer(ask->request->web->loop, on_timer, ask);
	return ask->timer ? loop_set_timer(ask->timer, delay_ns, 0) : -errno;
}

/* Others have all its places: nothing was done, and nothing is lost by asking again. */
static bool is_asked_again(struct ask *ask)
{
	bool is_busy = ask->text && strncmp(ask->text, "BUSY", 4) == 0 && !ask->bytes;
	if (!is_busy || clock_now_ns() - ask->begun_ns > (int64_t)BUSY_S * CLOCK_NS_PER_S)
		return false;
	free(ask->text);
	ask->text = NULL;
	ask->text_length = 0;
	return set_timer(ask, (int64_t)AGAIN_MS * CLOCK_NS_PER_MS) == 0;
}

static void on_end(void *data, const struct error *error)
{
	struct ask *ask = data;
	ask->call = NULL;
	if (!is_asked_again(ask))
		answer(ask, error);
}

static void begin(struct turn *turn)
{
	struct ask *ask = (struct ask *)turn;
	struct error error = { 0 };
	const struct client_call_params params = {
		.address = { .socket_path = ask->camera.path },
		.line = ask->line,
		.reply = ask->frames ? CLIENT_FRAMES : CLIENT_LINES,
		.handlers = { .line = on_line, .bytes = on_bytes, .end = on_end },
		.data = ask,
		.connect_timeout_s = 5,
		.reply_timeout_s = ask->timeout_s,
		.idle_timeout_s = 20,
	};
	if (ask->timer)
		loop_set_timer(ask->timer, 0, 0);
	if (ask->begun_ns == 0)
		ask->begun_ns = clock_now_ns();
	ask->call = client_call_begin(ask->request->web->loop, &params, &error);
	if (!ask->call)
		answer(ask, &error);
}

static enum turn_lane lane_of(const char *line, bool frames, double timeout_s)
{
	bool is_heavy = strncmp(line, "get jpg ", 8) != 0 || strstr(line, " count=");
	if (frames && is_heavy)
		return TURN_HEAVY;
	if (frames)
		return strstr(line, " width=") ? TURN_LIGHT : TURN_WHOLE;
	return timeout_s > QUICK_S ? TURN_FREE : TURN_LIGHT;
}

void ask_camera(struct request *request, const struct camera *camera, const char *line, bool frames, double timeout_s,
                ask_done done)
{
	struct ask *ask = calloc(1, sizeof *ask);
	if (!ask) {
		request_respond(request, 500, NULL);
		return;
	}
	*ask =
	    (struct ask){ .request = request, .done = done, .frames = frames, .timeout_s = timeout_s, .camera = *camera };
	snprintf(ask->line, sizeof ask->line, "%s", line);
	ask->turn = (struct turn){ .camera = ask->camera.name, .lane = lane_of(line, frames, timeout_s), .begin = begin };
	if (!turns_join(&ask->turn))
		return; /* it failed at once, and is answered */
	request_wait(request, cancel, ask);
	if (!ask->turn.is_under_way && set_timer(ask, (int64_t)TURN_S * CLOCK_NS_PER_S) < 0)
		refuse(ask, -errno, "there is no timer to wait with");
}
