#include "line_streams.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"

#define HEARTBEAT_NS (10 * CLOCK_NS_PER_S)

struct line_stream {
	struct line_streams *all;
	struct line_stream *next;
	server_ticket ticket;
	uint64_t cursor;
	int64_t sent_ns; /* when it was last sent something */
	bool is_once;    /* it ends where the kept lines do */
};

struct line_streams {
	struct commands *commands;
	const struct line_source *source;
	struct line_stream *first;
	struct loop_watch *watch, *heartbeat_timer;
};

/* Sends what is new, as long as the client takes it. May end the stream. */
static void pump(struct line_stream *stream)
{
	struct line_streams *all = stream->all;
	struct server *server = all->commands->server;
	server_ticket ticket = stream->ticket;
	while (server_stream_is_idle(server, ticket)) {
		struct chunk *lines = all->source->read(all->commands, &stream->cursor);
		if (!lines && stream->is_once && stream->cursor >= all->source->end(all->commands)) {
			server_stream_finish(server, ticket, NULL);
			return;
		}
		if (!lines) /* without memory they are read again: with the next line, or after a second */
			return;
		stream->sent_ns = clock_now_ns();
		server_stream_send(server, ticket, lines);
	}
}

static void pump_all(struct line_streams *all)
{
	for (struct line_stream *stream = all->first, *next; stream; stream = next) {
		next = stream->next;
		pump(stream);
	}
}

static void on_news(void *data, uint32_t events)
{
	(void)events;
	struct line_streams *all = data;
	all->source->acknowledge(all->commands);
	pump_all(all);
}

static void on_heartbeat(void *data, uint32_t times)
{
	(void)times;
	struct line_streams *all = data;
	pump_all(all);
	int64_t now_ns = clock_now_ns();
	for (struct line_stream *stream = all->first, *next; stream; stream = next) {
		next = stream->next;
		if (now_ns - stream->sent_ns < HEARTBEAT_NS || !server_stream_is_idle(all->commands->server, stream->ticket))
			continue;
		struct chunk *line = all->source->heartbeat(all->commands, stream->cursor);
		stream->sent_ns = now_ns;
		if (line)
			server_stream_send(all->commands->server, stream->ticket, line);
	}
}

/* Every second, so that none is late by more than that; without readers nothing wakes up. */
static void arm_heartbeat(struct line_streams *all)
{
	int64_t period_ns = all->first ? CLOCK_NS_PER_S : 0;
	loop_set_timer(all->heartbeat_timer, period_ns, period_ns);
	loop_change(all->watch, all->first ? EPOLLIN : 0);
}

static void on_ready(void *data)
{
	pump(data);
}

static void on_end(void *data)
{
	struct line_stream *stream = data;
	struct line_streams *all = stream->all;
	for (struct line_stream **link = &all->first; *link; link = &(*link)->next) {
		if (*link == stream) {
			*link = stream->next;
			break;
		}
	}
	free(stream);
	arm_heartbeat(all);
}

static const struct server_stream kind = { .ready = on_ready, .end = on_end };

void line_streams_begin(struct line_streams *all, server_ticket ticket, const struct proto_words *words)
{
	struct commands *commands = all->commands;
	struct proto_arguments arguments;
	struct error error = { 0 };
	struct line_stream *stream = calloc(1, sizeof *stream);
	int result = stream ? proto_parse_arguments(words, PROTO_SINCE | PROTO_ONCE, &arguments, &error) : -ENOMEM;
	if (result == 0)
		result = all->source->begin(commands, arguments.given & PROTO_SINCE ? arguments.since : NULL, &stream->cursor,
		                            &error);
	if (result == 0)
		result = server_stream_begin(commands->server, ticket, &kind, stream);
	if (result < 0) {
		if (error.code == 0)
			error_set(&error, result, "%s", result == -EBUSY ? "all places for streams are taken" : "no memory");
		commands_refuse(commands, ticket, "NOT_SENT", &error);
		free(stream);
		return;
	}
	stream->all = all;
	stream->ticket = ticket;
	stream->is_once = arguments.given & PROTO_ONCE;
	stream->next = all->first;
	all->first = stream;
	arm_heartbeat(all);
	pump(stream);
}

struct line_streams *line_streams_create(struct commands *commands, const struct line_source *source,
                                         struct error *error)
{
	struct line_streams *all = calloc(1, sizeof *all);
	if (!all) {
		error_set(error, -ENOMEM, "no memory for streams of lines");
		return NULL;
	}
	*all = (struct line_streams){ .commands = commands, .source = source };
	int fd = source->fd(commands);
	if (fd >= 0)
		all->watch = loop_add(commands->loop, fd, 0, on_news, all);
	all->heartbeat_timer = loop_add_timer(commands->loop, on_heartbeat, all);
	if (all->watch && all->heartbeat_timer)
		return all;
	error_set_errno(error, -errno, "cannot watch the events and the log");
	line_streams_destroy(all);
	return NULL;
}

void line_streams_destroy(struct line_streams *all)
{
	if (!all)
		return;
	loop_remove(all->watch);
	loop_remove(all->heartbeat_timer);
	free(all);
}
