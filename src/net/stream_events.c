/* `events`: a line of JSON for each event. */
#include <errno.h>

#include "line_streams.h"
#include "service/event_json.h"

enum { EVENTS_BATCH = 16 };

static int begin(struct commands *commands, const char *since, uint64_t *cursor, struct error *error)
{
	*cursor = event_log_end(commands->events);
	if (!since || event_log_find(commands->events, since, cursor) == 0)
		return 0;
	return error_set(error, -EINVAL, "since=%.40s is no event's id: give the \"id\" of a line that `events` has sent",
	                 since);
}

static struct chunk *read_events(struct commands *commands, uint64_t *cursor)
{
	static struct event batch[EVENTS_BATCH]; /* of the control thread, the only one here */
	static char line[EVENT_JSON_BYTES];
	uint64_t after = *cursor;
	size_t count = event_log_read(commands->events, &after, batch, EVENTS_BATCH);
	struct chunk *lines = count > 0 ? chunk_create(count * 512) : NULL;
	for (size_t i = 0; lines && i < count; i++) {
		size_t length = event_json(commands->events, &batch[i], line);
		if (chunk_append(&lines, line, length) < 0 || chunk_append(&lines, "\n", 1) < 0) {
			chunk_release(lines);
			return NULL;
		}
	}
	if (lines)
		*cursor = after;
	return lines;
}

static struct chunk *heartbeat(struct commands *commands, uint64_t cursor)
{
	static char line[EVENT_JSON_BYTES];
	event_json_heartbeat(commands->events, cursor, line);
	return chunk_printf("%s\n", line);
}

static uint64_t end(struct commands *commands)
{
	return event_log_end(commands->events);
}

static int events_fd(struct commands *commands)
{
	return event_log_fd(commands->events);
}

static void acknowledge(struct commands *commands)
{
	event_log_acknowledge(commands->events);
}

const struct line_source line_source_events = { begin, read_events, end, heartbeat, events_fd, acknowledge };

void command_events(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	line_streams_begin(commands->event_streams, ticket, words);
}
