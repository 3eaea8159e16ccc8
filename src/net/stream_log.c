/* `log`: a line of JSON for each line of the log. Nothing here logs anything. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "line_streams.h"

enum { LINES_BATCH = 16, JSON_BYTES = 2 * LOG_LINE_BYTES + 256 };

static const char *const levels[] = { "error", "warning", "info", "debug" };

/* "BOOT-NUMBER" as events have it, so that an id of another life is known as one. */
static int begin(struct commands *commands, const char *since, uint64_t *cursor, struct error *error)
{
	char id[EVENT_ID_BYTES];
	uint64_t ignored;
	*cursor = log_follow_end();
	if (!since)
		return 0;
	const char *dash = strchr(since, '-');
	uint64_t number = dash ? strtoull(dash + 1, NULL, 10) : 0;
	event_log_id(commands->events, number, id);
	bool is_ours = strcmp(id, since) == 0;
	if (is_ours ? number >= *cursor : event_log_find(commands->events, since, &ignored) < 0)
		return error_set(error, -EINVAL, "since=%.40s is no line's id: give the \"id\" of a line that `log` has sent",
		                 since);
	*cursor = is_ours ? number + 1 : 0; /* 0: all that is kept, and that something was lost */
	return 0;
}

/* Controls were replaced when it was logged. */
static void escape(char *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			*out++ = '\\';
		*out++ = *text;
	}
	*out = '\0';
}

/* number: of the line, or of the last one that was lost. lost: how many; UINT64_MAX is unknown; 0: it is a line. */
static int append(struct commands *commands, struct chunk **lines, const struct log_line *line, uint64_t number,
                  uint64_t lost)
{
	char id[EVENT_ID_BYTES], time[CLOCK_ISO_BYTES], text[2 * LOG_LINE_BYTES], json[JSON_BYTES];
	event_log_id(commands->events, number, id);
	clock_format_iso(line->wall_ns, time);
	escape(text, line->text);
	int length;
	if (lost == UINT64_MAX)
		length = snprintf(json, sizeof json, "{\"event\":\"lost\",\"id\":\"%s\",\"count\":null}\n", id);
	else if (lost > 0)
		length = snprintf(json, sizeof json, "{\"event\":\"lost\",\"id\":\"%s\",\"count\":%" PRIu64 "}\n", id, lost);
	else
		length = snprintf(
		    json, sizeof json,
		    "{\"event\":\"log\",\"id\":\"%s\",\"time\":\"%s\",\"epoch\":%.3f,\"level\":\"%s\",\"text\":\"%s\"}\n", id,
		    time, (double)line->wall_ns / (double)CLOCK_NS_PER_S, levels[line->level], text);
	return chunk_append(lines, json, (size_t)length);
}

static struct chunk *read_log(struct commands *commands, uint64_t *cursor)
{
	struct log_line line = { .wall_ns = 0 };
	uint64_t after = *cursor, lost = 0;
	struct chunk *lines = after < log_follow_end() ? chunk_create(1024) : NULL;
	for (int i = 0; lines && i < LINES_BATCH && log_follow_read(&after, &line, &lost); i++) {
		bool is_of_another_life = i == 0 && *cursor == 0;
		if (append(commands, &lines, &line, after - 1, is_of_another_life ? UINT64_MAX : lost) < 0) {
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
	char id[EVENT_ID_BYTES], time[CLOCK_ISO_BYTES];
	int64_t wall_ns = clock_wall_ns();
	event_log_id(commands->events, cursor - 1, id);
	clock_format_iso(wall_ns, time);
	return chunk_printf("{\"event\":\"heartbeat\",\"id\":\"%s\",\"time\":\"%s\",\"epoch\":%.3f}\n", id, time,
	                    (double)wall_ns / (double)CLOCK_NS_PER_S);
}

static uint64_t end(struct commands *commands)
{
	(void)commands;
	return log_follow_end();
}

static int log_news(struct commands *commands)
{
	(void)commands;
	return log_follow_fd();
}

static void acknowledge(struct commands *commands)
{
	(void)commands;
	log_follow_acknowledge();
}

const struct line_source line_source_log = { begin, read_log, end, heartbeat, log_news, acknowledge };

void command_log(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	line_streams_begin(commands->log_streams, ticket, words);
}
