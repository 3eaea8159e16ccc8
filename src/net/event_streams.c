/* `events`: a line of JSON for each event, for as long as the client stays. A reader that is too slow loses the oldest,
 * and is told how many. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "commands_private.h"
#include "service/event_json.h"

enum { EVENTS_BATCH = 16 };
#define HEARTBEAT_NS (10 * CLOCK_NS_PER_S)

struct event_stream {
	struct event_streams *all;
	struct event_stream *next;
	server_ticket ticket;
	uint64_t cursor;
	int64_t sent_ns; /* when it was last sent something */
};

struct event_streams {
	struct commands *commands;
	struct event_stream *first;
	struct loop_watch *log_watch, *heartbeat_timer;
	struct event batch[EVENTS_BATCH];
	char line[EVENT_JSON_BYTES];
};

static struct chunk *lines_of(struct event_streams *all, size_t count)
{
	struct chunk *lines = chunk_create(count * 512);
	for (size_t i = 0; lines && i < count; i++) {
		size_t length = event_json(all->commands->events, &all->batch[i], all->line);
		if (chunk_append(&lines, all->line, length) < 0 || chunk_append(&lines, "\n", 1) < 0) {
			chunk_release(lines);
			return NULL;
		}
	}
	return lines;
}

/* Sends what is new, as long as the client takes it. May end the stream. */
static void pump(struct event_stream *stream)
{
	struct event_streams *all = stream->all;
	struct server *server = all->commands->server;
	server_ticket ticket = stream->ticket;
	while (server_stream_is_idle(server, ticket)) {
		uint64_t cursor = stream->cursor;
		size_t count = event_log_read(all->commands->events, &cursor, all->batch, EVENTS_BATCH);
		struct chunk *lines = count > 0 ? lines_of(all, count) : NULL;
		if (!lines) /* without memory they are read again: with the next event, or after a second */
			return;
		stream->cursor = cursor;
		stream->sent_ns = clock_now_ns();
		server_stream_send(server, ticket, lines);
	}
}

static void pump_all(struct event_streams *all)
{
	for (struct event_stream *stream = all->first, *next; stream; stream = next) {
		next = stream->next;
		pump(stream);
	}
}

static void on_event(void *data, uint32_t events)
{
	(void)events;
	struct event_streams *all = data;
	event_log_acknowledge(all->commands->events);
	pump_all(all);
}

static void on_heartbeat(void *data, uint32_t times)
{
	(void)times;
	struct event_streams *all = data;
	pump_all(all);
	int64_t now_ns = clock_now_ns();
	for (struct event_stream *stream = all->first, *next; stream; stream = next) {
		next = stream->next;
		if (now_ns - stream->sent_ns < HEARTBEAT_NS || !server_stream_is_idle(all->commands->server, stream->ticket))
			continue;
		event_json_heartbeat(all->commands->events, stream->cursor, all->line);
		struct chunk *line = chunk_printf("%s\n", all->line);
		stream->sent_ns = now_ns;
		if (line)
			server_stream_send(all->commands->server, stream->ticket, line);
	}
}

/* Every second, so that none is late by more than that; without readers nothing wakes up. */
static void arm_heartbeat(struct event_streams *all)
{
	int64_t period_ns = all->first ? CLOCK_NS_PER_S : 0;
	loop_set_timer(all->heartbeat_timer, period_ns, period_ns);
	loop_change(all->log_watch, all->first ? EPOLLIN : 0);
}

static void on_ready(void *data)
{
	pump(data);
}

static void on_end(void *data)
{
	struct event_stream *stream = data;
	struct event_streams *all = stream->all;
	for (struct event_stream **link = &all->first; *link; link = &(*link)->next) {
		if (*link == stream) {
			*link = stream->next;
			break;
		}
	}
	free(stream);
	arm_heartbeat(all);
}

static const struct server_stream kind = { .ready = on_ready, .end = on_end };

static int set_cursor(struct commands *commands, const char *since, uint64_t *cursor, struct error *error)
{
	*cursor = event_log_end(commands->events);
	if (!since || event_log_find(commands->events, since, cursor) == 0)
		return 0;
	return error_set(error, -EINVAL, "since=%.40s is no event's id: give the \"id\" of a line that `events` has sent",
	                 since);
}

void command_events(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_arguments arguments;
	struct error error = { 0 };
	struct event_stream *stream = calloc(1, sizeof *stream);
	int result = stream ? proto_parse_arguments(words, PROTO_SINCE, &arguments, &error) : -ENOMEM;
	if (result == 0)
		result = set_cursor(commands, arguments.given & PROTO_SINCE ? arguments.since : NULL, &stream->cursor, &error);
	if (result == 0)
		result = server_stream_begin(commands->server, ticket, &kind, stream);
	if (result < 0) {
		if (error.code == 0)
			error_set(&error, result, "%s", result == -EBUSY ? "all places for streams are taken" : "no memory");
		commands_refuse(commands, ticket, "NOT_SENT", &error);
		free(stream);
		return;
	}
	struct event_streams *all = commands->event_streams;
	stream->all = all;
	stream->ticket = ticket;
	stream->next = all->first;
	all->first = stream;
	arm_heartbeat(all);
	pump(stream);
}

int event_streams_create(struct commands *commands, struct error *error)
{
	struct event_streams *all = calloc(1, sizeof *all);
	if (!all)
		return error_set(error, -ENOMEM, "no memory for the streams of events");
	commands->event_streams = all;
	all->commands = commands;
	all->log_watch = loop_add(commands->loop, event_log_fd(commands->events), 0, on_event, all);
	all->heartbeat_timer = loop_add_timer(commands->loop, on_heartbeat, all);
	return all->log_watch && all->heartbeat_timer ? 0 : error_set_errno(error, -errno, "cannot watch the events");
}

void event_streams_destroy(struct event_streams *all)
{
	if (!all)
		return;
	loop_remove(all->log_watch);
	loop_remove(all->heartbeat_timer);
	free(all);
}
