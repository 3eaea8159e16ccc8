#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "client_address.h"
#include "reply_parser.h"

enum {
	READ_BYTES = 32 * 1024,
	READS_AT_ONCE = 8, /* then others on the loop have their turn */
	RETRY_MS = 20,     /* a UNIX socket whose queue is full cannot be waited for */
	NUMBER_BYTES = 32,
};

enum call_state { CALL_CONNECTING, CALL_QUEUED, CALL_SENDING, CALL_READING };

struct client_call {
	struct loop *loop;
	struct loop_watch *watch, *timer;
	int fd;
	enum call_state state;
	struct resolved_address address;
	char *request; /* the token's line and the command's */
	size_t request_length, request_sent;
	int64_t deadline_ns; /* 0: none. Reading only moves it on, and the timer finds it moved */
	int64_t timer_ns;    /* when the timer fires; INT64_MAX: it is not set */
	int64_t connect_ns, reply_ns, idle_ns;
	struct reply_parser parser;
	struct client_handlers handlers;
	void *data;
	bool is_paused, is_dispatching;
};

static int64_t ns_of(double seconds)
{
	return (int64_t)(seconds * (double)CLOCK_NS_PER_S);
}

static void arm_timer(struct client_call *call, int64_t when_ns)
{
	int64_t delay_ns = when_ns - clock_now_ns();
	call->timer_ns = when_ns;
	loop_set_timer(call->timer, delay_ns > 0 ? delay_ns : 1, 0);
}

/* 0: none. */
static void set_deadline(struct client_call *call, int64_t from_now_ns)
{
	call->deadline_ns = from_now_ns > 0 ? clock_now_ns() + from_now_ns : 0;
	if (call->deadline_ns && call->deadline_ns < call->timer_ns)
		arm_timer(call, call->deadline_ns);
}

static void free_call(struct client_call *call)
{
	loop_remove(call->watch);
	loop_remove(call->timer);
	if (call->fd >= 0)
		close(call->fd);
	reply_parser_finish(&call->parser);
	free(call->request);
	free(call);
}

void client_call_cancel(struct client_call *call)
{
	if (!call)
		return;
	call->parser.is_stopped = true;
	if (!call->is_dispatching) /* else who dispatches frees it */
		free_call(call);
}

static void end_call(struct client_call *call, const struct error *error)
{
	struct error reason = { 0 };
	if (error)
		reason = *error;
	void (*end)(void *, const struct error *) = call->handlers.end;
	void *data = call->data;
	free_call(call);
	end(data, &reason);
}

static void end_by_timeout(struct client_call *call)
{
	struct error error;
	if (call->state == CALL_READING)
		error_set(&error, -ETIMEDOUT, "%s stopped answering", call->address.text);
	else
		client_explain_connect(&call->address, -ETIMEDOUT, &error);
	end_call(call, &error);
}

/* --- connecting --- */

static void on_ready(void *data, uint32_t events);
static int send_request(struct client_call *call);

static int watch_for(struct client_call *call, uint32_t events)
{
	call->watch = loop_add(call->loop, call->fd, events, on_ready, call);
	return call->watch ? 0 : -errno;
}

/* 0 also when it is under way or has to be tried again. */
static int try_connect(struct client_call *call)
{
	int result = connect(call->fd, (const struct sockaddr *)&call->address.socket, call->address.length);
	result = result < 0 ? -errno : 0;
	if (result == -EAGAIN) {
		call->state = CALL_QUEUED;
		arm_timer(call, clock_now_ns() + (int64_t)RETRY_MS * CLOCK_NS_PER_MS);
		return 0;
	}
	if (result < 0 && result != -EINPROGRESS && result != -EINTR)
		return result;
	call->state = result == 0 ? CALL_SENDING : CALL_CONNECTING;
	if (call->deadline_ns)
		arm_timer(call, call->deadline_ns);
	int watched = watch_for(call, EPOLLOUT);
	return watched == 0 && call->state == CALL_SENDING ? send_request(call) : watched; /* without another turn */
}

static void end_by_failed_connect(struct client_call *call, int code)
{
	struct error error;
	client_explain_connect(&call->address, code, &error);
	end_call(call, &error);
}

static void retry_connect(struct client_call *call)
{
	int result = try_connect(call);
	if (result < 0)
		end_by_failed_connect(call, result);
}

static void on_timer(void *data, uint32_t times)
{
	(void)times;
	struct client_call *call = data;
	call->timer_ns = INT64_MAX;
	if (call->deadline_ns && call->deadline_ns <= clock_now_ns())
		end_by_timeout(call);
	else if (call->state == CALL_QUEUED)
		retry_connect(call);
	else if (call->deadline_ns)
		arm_timer(call, call->deadline_ns);
}

/* --- sending and reading --- */

/* Not only for no events: the end of the stream would be reported again and again. */
static void stop_watching(struct client_call *call)
{
	loop_remove(call->watch);
	call->watch = NULL;
}

static void start_reading(struct client_call *call)
{
	call->state = CALL_READING;
	set_deadline(call, call->is_paused ? 0 : call->reply_ns);
	if (call->is_paused)
		stop_watching(call);
	else
		loop_change(call->watch, EPOLLIN);
}

/* A daemon that is busy answers without reading the line, and may have closed by now: what it said is read anyway. */
static int send_request(struct client_call *call)
{
	while (call->request_sent < call->request_length) {
		ssize_t bytes = send(call->fd, call->request + call->request_sent, call->request_length - call->request_sent,
		                     MSG_DONTWAIT | MSG_NOSIGNAL);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0 && errno == EAGAIN)
			return 0;
		if (bytes < 0 && (errno == EPIPE || errno == ECONNRESET))
			break;
		if (bytes < 0)
			return -errno;
		call->request_sent += (size_t)bytes;
	}
	start_reading(call);
	return 0;
}

/* 1: there may be more; 0: not now; the stream's end and what failed end the call. */
static int read_some(struct client_call *call, struct error *error)
{
	char bytes[READ_BYTES];
	ssize_t length = recv(call->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	/* A daemon that closes with a request unread resets the connection, after a reply that may be whole. */
	bool is_reset = length < 0 && errno == ECONNRESET && call->parser.reply != CLIENT_BYTES;
	if (length < 0 && !is_reset)
		return error_set_errno(error, -errno, "the connection to %s broke", call->address.text);
	if (length <= 0) {
		int result = reply_parser_end(&call->parser, error);
		return result < 0 ? result : -ESHUTDOWN;
	}
	set_deadline(call, call->idle_ns);
	int result = reply_parser_feed(&call->parser, bytes, (size_t)length, error);
	return result < 0 ? result : 1;
}

static void read_reply(struct client_call *call)
{
	struct error error = { 0 };
	int result = 1;
	call->is_dispatching = true;
	for (int i = 0; i < READS_AT_ONCE && result > 0 && !call->parser.is_stopped && !call->is_paused; i++)
		result = read_some(call, &error);
	call->is_dispatching = false;
	if (call->parser.is_stopped)
		free_call(call);
	else if (result < 0)
		end_call(call, result == -ESHUTDOWN ? NULL : &error);
}

static void on_ready(void *data, uint32_t events)
{
	(void)events;
	struct client_call *call = data;
	if (call->state == CALL_READING) {
		read_reply(call);
		return;
	}
	int code = 0;
	socklen_t length = sizeof code;
	if (call->state == CALL_CONNECTING && getsockopt(call->fd, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
		code = errno;
	call->state = CALL_SENDING;
	int result = code != 0 ? -code : send_request(call);
	if (result < 0)
		end_by_failed_connect(call, result);
}

void client_call_pause(struct client_call *call)
{
	call->is_paused = true;
	if (call->state != CALL_READING)
		return;
	call->deadline_ns = 0;
	stop_watching(call);
}

void client_call_resume(struct client_call *call)
{
	if (!call->is_paused)
		return;
	call->is_paused = false;
	if (call->state != CALL_READING)
		return;
	set_deadline(call, call->idle_ns);
	if (watch_for(call, EPOLLIN) < 0) { /* no memory: it ends as one that says nothing more */
		call->deadline_ns = clock_now_ns();
		arm_timer(call, call->deadline_ns);
	}
}

/* --- beginning --- */

static int make_request(struct client_call *call, const struct client_call_params *params, struct error *error)
{
	const char *line = params->line, *token = params->address.token;
	bool has_token = token && token[0] && call->address.socket.ss_family != AF_UNIX;
	if (strlen(line) > CLIENT_LINE_BYTES)
		return error_set(error, -EINVAL, "the line is longer than %d bytes", CLIENT_LINE_BYTES);
	if (strpbrk(line, "\r\n"))
		return error_set(error, -EINVAL, "the line has an end of line in it: send one line at a time");
	if (has_token && strpbrk(token, " \t\r\n"))
		return error_set(error, -EINVAL, "the token has blanks or an end of line in it");
	int length = asprintf(&call->request, "%s%s%s%s\n", has_token ? "auth " : "", has_token ? token : "",
	                      has_token ? "\n" : "", line);
	if (length < 0) {
		call->request = NULL;
		return error_set(error, -ENOMEM, "no memory for a request");
	}
	call->request_length = (size_t)length;
	return 0;
}

static int open_call(struct client_call *call, const struct client_call_params *params, struct error *error)
{
	int result = client_resolve(&call->address, &params->address, error);
	if (result == 0)
		result = make_request(call, params, error);
	if (result < 0)
		return result;
	call->fd = socket(call->address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	call->timer = call->fd >= 0 ? loop_add_timer(call->loop, on_timer, call) : NULL;
	if (!call->timer)
		return error_set_errno(error, -errno, "cannot make a connection");
	set_deadline(call, call->connect_ns);
	result = try_connect(call);
	return result < 0 ? client_explain_connect(&call->address, result, error) : 0;
}

struct client_call *client_call_begin(struct loop *loop, const struct client_call_params *params, struct error *error)
{
	struct client_call *call = malloc(sizeof *call);
	if (!call) {
		error_set(error, -ENOMEM, "no memory for a request");
		return NULL;
	}
	*call = (struct client_call){
		.loop = loop,
		.fd = -1,
		.timer_ns = INT64_MAX,
		.connect_ns = ns_of(params->connect_timeout_s),
		.reply_ns = ns_of(params->reply_timeout_s),
		.idle_ns = ns_of(params->idle_timeout_s),
		.handlers = params->handlers,
		.data = params->data,
	};
	reply_parser_init(&call->parser, params->reply, &call->handlers, params->data);
	if (open_call(call, params, error) < 0) {
		free_call(call);
		return NULL;
	}
	return call;
}
