#include "net/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "commands_clips.h"
#include "commands_private.h"
#include "line_streams.h"
#include "near_miss.h"

struct command {
	const char *name;
	command_handler *run;
	const char *help;
};

void commands_reply(struct commands *commands, server_ticket ticket, const char *text)
{
	server_reply(commands->server, ticket, text);
}

void commands_refuse(struct commands *commands, server_ticket ticket, const char *word, const struct error *error)
{
	char text[sizeof error->text + 32];
	bool busy = error->code == -EBUSY, none = error->code == -ENODATA;
	const char *name = busy ? "BUSY" : none ? "NO_FRAMES" : word;
	snprintf(text, sizeof text, "%s%s%s", name, !error->text[0] ? "" : none ? ": " : " ", error->text);
	commands_reply(commands, ticket, text);
}

int64_t commands_moment_ns(const struct proto_arguments *arguments, int64_t back_ns)
{
	int64_t now_ns = clock_now_ns();
	return arguments->given & PROTO_AT ? moment_monotonic_ns(&arguments->at, now_ns, clock_wall_of(now_ns))
	                                   : now_ns - back_ns;
}

static void run_night_level(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	struct capture_status status;
	char text[96];
	capture_status(commands->requests->capture, &status);
	if (status.newest.id == 0)
		snprintf(text, sizeof text, "NO_DATA");
	else
		snprintf(text, sizeof text, "LEVEL=%.1f THRESH=%g STATUS=%s", status.night.level, status.night.dark_threshold,
		         status.night.night ? "NIGHT" : "DAY");
	commands_reply(commands, ticket, text);
}

static void run_health(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	char text[64];
	snprintf(text, sizeof text, "RSS=%.1fMiB SWAP=%.1f%%", (double)memory_rss() / (1024 * 1024), memory_swap_percent());
	commands_reply(commands, ticket, text);
}

static void run_status(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	bool wants_rows = words->count == 2 && strcmp(words->word[1], "rows") == 0;
	char *text = wants_rows ? status_rows_json(commands->status) : status_json(commands->status);
	commands_reply(commands, ticket, text ? text : "BUSY no memory for the status");
	free(text);
}

static void run_version(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	commands_reply(commands, ticket, "pastcam " PASTCAM_VERSION);
}

static command_handler run_help;

static const struct command table[] = {
	{ "save", command_save, "save [jpg] [png] [npy]: the next frame, full resolution" },
	{ "pastStack", command_past_stack,
	  "pastStack [formats] [at=] [count=N] [mode=mean|median|max] [mixed]: a stack of past frames of one exposure, "
	  "or of any" },
	{ "past", command_past, "past [formats] [at=] [count=N]: past frames, each a picture" },
	{ "get", command_get,
	  "get [jpg|png|npy] [at=] [count=N] [mode=] [mixed] [width=N] [meta]: the picture's bytes; at=: -5 (seconds "
	  "back), 1795256095.358 (since 1970), 2026-11-26T10:15:00Z; get mp4 [at=] [for=S] [until=]: video of the past" },
	{ "clip", command_clip,
	  "clip [before=S] [after=S] [label=WORD] [wait]: a video around now, as a file; clip stop: ends it" },
	{ "stream", command_stream, "stream: video as it comes, fragmented MP4, until you leave" },
	{ "live", command_live, "live [fps=N] [width=N] [meta]: JPEG after JPEG, until you leave" },
	{ "events", command_events, "events [since=ID] [once]: a line of JSON for each event, until you leave or once for those kept" },
	{ "log", command_log, "log [since=ID] [once]: a line of JSON for each line of the log, until you leave or once for those kept" },
	{ "timeline", command_timeline, "timeline: how far the past reaches, and what is pinned, as JSON" },
	{ "pin", command_pin, "pin [at=] [before=S] [after=S]: hold a piece of the past: PINNED ID" },
	{ "keep", command_keep, "keep ID [formats]: save what is pinned" },
	{ "drop", command_drop, "drop ID: let go of what is pinned" },
	{ "trigger", command_trigger, "trigger [label]: an event, from a button or a sensor" },
	{ "night_level", run_night_level, "night_level: how dark it is" },
	{ "motion_level", command_motion_level, "motion_level: what moves, in percent of each zone" },
	{ "motion", command_motion,
	  "motion on|off: look for motion, or don't; motion try KEY=VALUE...: what other settings would have told of the "
	  "past" },
	{ "health", run_health, "health: memory and swap" },
	{ "status", run_status, "status [rows]: everything, as JSON; rows: what each of it is" },
	{ "help", run_help, "help: this list" },
	{ "version", run_version, "version: the program's" },
};
enum { COMMAND_COUNT = sizeof table / sizeof table[0] };

static void run_help(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	char text[3072];
	size_t used = 0;
	for (size_t i = 0; i < COMMAND_COUNT && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? "\n" : "", table[i].help);
	commands_reply(commands, ticket, text);
}

static void reply_unknown(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	char text[64] = "UNKNOWN_COMMAND";
	for (size_t i = 0; words->count > 0 && i < COMMAND_COUNT; i++) {
		if (!near_miss(words->word[0], table[i].name))
			continue;
		snprintf(text, sizeof text, "UNKNOWN_COMMAND did you mean %s? help lists all", table[i].name);
		break;
	}
	commands_reply(commands, ticket, text);
}

void commands_run(void *data, server_ticket ticket, char *line)
{
	struct commands *commands = data;
	struct proto_words words;
	if (proto_split(line, &words) < 0) {
		commands_reply(commands, ticket, "UNKNOWN_COMMAND");
		return;
	}
	for (size_t i = 0; words.count > 0 && i < COMMAND_COUNT; i++) {
		if (strcmp(words.word[0], table[i].name) == 0) {
			table[i].run(commands, ticket, &words);
			return;
		}
	}
	reply_unknown(commands, ticket, &words);
}

int commands_start(struct commands *commands, struct error *error)
{
	int result = live_create(commands, error);
	if (result == 0)
		commands->event_streams = line_streams_create(commands, &line_source_events, error);
	if (commands->event_streams)
		commands->log_streams = line_streams_create(commands, &line_source_log, error);
	if (result == 0 && !commands->log_streams)
		result = error->code;
	if (result == 0)
		result = pins_timer_create(commands, error);
	return result;
}

void commands_stop(struct commands *commands)
{
	live_stop(commands->live);
}

void commands_finish(struct commands *commands)
{
	live_destroy(commands->live);
	line_streams_destroy(commands->event_streams);
	line_streams_destroy(commands->log_streams);
	loop_remove(commands->pins_timer);
	commands->live = NULL;
	commands->event_streams = commands->log_streams = NULL;
	commands->pins_timer = NULL;
}
