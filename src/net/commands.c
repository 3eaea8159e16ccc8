#include "net/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "near_miss.h"
#include "proto.h"
#include "replies.h"
#include "service/status_groups.h"

struct command {
	const char *name;
	void (*run)(struct commands *commands, server_ticket ticket, const struct proto_words *words);
	const char *help;
};

static void reply(struct commands *commands, server_ticket ticket, const char *text)
{
	server_reply(commands->server, ticket, text);
}

static void reply_error(struct commands *commands, server_ticket ticket, const struct error *error)
{
	char text[sizeof error->text + 16];
	snprintf(text, sizeof text, "NOT_SAVED %s", error->text);
	reply(commands, ticket, text);
}

/* --- pictures --- */

/* All of these run on an export worker. */
static void answer(const struct job *job, char *text)
{
	struct commands *commands = job->data;
	reply(commands, job->ticket, text ? text : "NOT_SAVED no memory for the reply");
	free(text);
}

static void answer_save(void *data, const struct job *job)
{
	(void)data;
	answer(job, reply_save(job));
}

static void answer_series(void *data, const struct job *job)
{
	(void)data;
	answer(job, reply_series(job));
}

static void answer_window(void *data, const struct job *job)
{
	const struct commands *commands = data;
	answer(job, reply_window(job, commands->save_before_s));
}

static void answer_stack(void *data, const struct job *job)
{
	const struct commands *commands = data;
	answer(job, reply_stack(job, commands->save_before_s));
}

/* A job for this request, or NULL with the client answered. */
static struct job *admit(struct commands *commands, server_ticket ticket, enum job_kind kind, size_t capacity,
                         unsigned formats, job_done done)
{
	struct job *job = jobs_admit(commands->jobs, kind, capacity);
	if (!job) {
		reply(commands, ticket, "BUSY");
		return NULL;
	}
	job->formats = formats ? formats : commands->formats;
	job->ticket = ticket;
	job->ring = commands->ring;
	job->done = done;
	job->data = commands;
	return job;
}

/* Sends a job on its way with the frames that ring_pin_… found, or answers why not. */
static void submit_pinned(struct commands *commands, struct job *job, int pinned)
{
	if (pinned > 0) {
		job->frame_count = (size_t)pinned;
		jobs_submit(commands->jobs, job);
		return;
	}
	reply(commands, job->ticket, pinned == 0 ? "NO_FRAMES" : "BUSY");
	jobs_dismiss(commands->jobs, job);
}

static size_t pin_limit(const struct commands *commands)
{
	struct frame_ring_status ring;
	frame_ring_status(commands->ring, &ring);
	return ring.pin_limit;
}

static size_t clamp_to_pin_limit(const struct commands *commands, int count)
{
	size_t limit = pin_limit(commands);
	return (size_t)count < limit ? (size_t)count : limit;
}

static int64_t target_time_ns(const struct commands *commands, const struct proto_export *request, int64_t asked_ns)
{
	double back_s = request->has_at ? -request->at_s : commands->save_before_s;
	return asked_ns - (int64_t)(back_s * (double)CLOCK_NS_PER_S);
}

static void run_save(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_export request;
	struct error error = { 0 };
	if (proto_parse_export(words, PROTO_TAKES_FORMATS, &request, &error) < 0) {
		reply_error(commands, ticket, &error);
		return;
	}
	struct job *job = admit(commands, ticket, JOB_SINGLE, 1, request.formats, answer_save);
	if (job)
		capture_request_next_frame(commands->capture, job);
}

static void run_past(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_export request;
	struct error error = { 0 };
	if (proto_parse_export(words, PROTO_TAKES_FORMATS | PROTO_TAKES_TIME, &request, &error) < 0) {
		reply_error(commands, ticket, &error);
		return;
	}
	int count = request.has_count ? request.count : 1;
	enum job_kind kind = count == 1 ? JOB_SINGLE : JOB_SERIES;
	struct job *job =
	    admit(commands, ticket, kind, clamp_to_pin_limit(commands, count), request.formats, answer_series);
	if (job)
		submit_pinned(commands, job,
		              frame_ring_pin_nearest(job->ring, target_time_ns(commands, &request, job->asked_ns),
		                                     job->capacity, job->frames));
}

/* With stack_dark_frames false: each frame since save_before_s, unless a moment or a count is named. */
static void save_window(struct commands *commands, server_ticket ticket, const struct proto_export *request)
{
	bool nearest = request->has_at || request->has_count;
	int count = request->has_count ? request->count : nearest ? commands->stack_count : STACK_COUNT_MAX;
	struct job *job =
	    admit(commands, ticket, JOB_SERIES, clamp_to_pin_limit(commands, count), request->formats, answer_window);
	if (!job)
		return;
	int64_t at_ns = target_time_ns(commands, request, job->asked_ns);
	submit_pinned(commands, job,
	              nearest ? frame_ring_pin_nearest(job->ring, at_ns, job->capacity, job->frames)
	                      : frame_ring_pin_since(job->ring, at_ns, job->capacity, job->frames));
}

static void run_past_stack(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_export request;
	struct error error = { 0 };
	if (proto_parse_export(words, PROTO_TAKES_FORMATS | PROTO_TAKES_TIME | PROTO_TAKES_MODE, &request, &error) < 0) {
		reply_error(commands, ticket, &error);
		return;
	}
	if (!commands->stack_dark_frames && !request.has_mode) {
		save_window(commands, ticket, &request);
		return;
	}
	int count = request.has_count ? request.count : commands->stack_count;
	struct job *job =
	    admit(commands, ticket, JOB_STACK, clamp_to_pin_limit(commands, count), request.formats, answer_stack);
	if (!job)
		return;
	job->stack_mode = request.has_mode ? request.mode : commands->stack_mode;
	submit_pinned(commands, job,
	              frame_ring_pin_nearest(job->ring, target_time_ns(commands, &request, job->asked_ns), job->capacity,
	                                     job->frames));
}

/* --- questions --- */

static void run_night_level(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	struct capture_status status;
	char text[96];
	capture_status(commands->capture, &status);
	if (status.newest.id == 0)
		snprintf(text, sizeof text, "NO_DATA");
	else
		snprintf(text, sizeof text, "LEVEL=%.1f THRESH=%g STATUS=%s", status.night.level, status.night.dark_threshold,
		         status.night.night ? "NIGHT" : "DAY");
	reply(commands, ticket, text);
}

static void run_motion_level(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	struct motion_watch_status status;
	char text[4096];
	motion_watch_status(commands->motion, &status);
	size_t used = (size_t)snprintf(text, sizeof text, "STATUS=%s", motion_state_text(&status));
	for (int i = 0; i < status.zones; i++) {
		const struct motion_watch_zone *zone = &status.zone[i];
		used += (size_t)snprintf(text + used, sizeof text - used, " %s=%.2f,%s", zone->name, zone->now.score,
		                         zone->now.moving ? "MOTION" : "STILL");
	}
	reply(commands, ticket, text);
}

static void answer_try(void *data, server_ticket ticket, const char *text)
{
	reply(data, ticket, text ? text : "NOT_TRIED no memory for the reply");
}

static void run_motion(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct error error = { 0 };
	if (words->count < 3 || strcmp(words->word[1], "try") != 0) {
		reply(commands, ticket, "NOT_TRIED say what to try: motion try KEY=VALUE, as in motion try min_area=0.5");
		return;
	}
	if (motion_try_start(commands->motion_try, words->word + 2, words->count - 2, answer_try, commands, ticket,
	                     &error) == 0)
		return;
	char text[sizeof error.text + 16];
	snprintf(text, sizeof text, "NOT_TRIED %s", error.text);
	reply(commands, ticket, text);
}

static void run_health(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	char text[64];
	snprintf(text, sizeof text, "RSS=%.1fMiB SWAP=%.1f%%", (double)memory_rss() / (1024 * 1024), memory_swap_percent());
	reply(commands, ticket, text);
}

static void run_status(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	bool wants_rows = words->count == 2 && strcmp(words->word[1], "rows") == 0;
	char *text = wants_rows ? status_rows_json(commands->status) : status_json(commands->status);
	reply(commands, ticket, text ? text : "BUSY no memory for the status");
	free(text);
}

static void run_version(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	reply(commands, ticket, "pastcam " PASTCAM_VERSION);
}

static void run_help(struct commands *commands, server_ticket ticket, const struct proto_words *words);

static const struct command table[] = {
	{ "save", run_save, "save [jpg] [png] [npy]: the next frame, full resolution" },
	{ "pastStack", run_past_stack,
	  "pastStack [formats] [at=-SECONDS] [count=N] [mode=mean|median|max]: a stack of past frames" },
	{ "past", run_past, "past [formats] [at=-SECONDS] [count=N]: past frames, each a picture" },
	{ "night_level", run_night_level, "night_level: how dark it is" },
	{ "motion_level", run_motion_level, "motion_level: what moves, in percent of each zone" },
	{ "motion", run_motion, "motion try KEY=VALUE...: what other settings would have told of the past" },
	{ "health", run_health, "health: memory and swap" },
	{ "status", run_status, "status [rows]: everything, as JSON; rows: what each of it is" },
	{ "help", run_help, "help: this list" },
	{ "version", run_version, "version: the program's" },
};
enum { COMMAND_COUNT = sizeof table / sizeof table[0] };

static void run_help(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	char text[1024];
	size_t used = 0;
	for (size_t i = 0; i < COMMAND_COUNT && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? "\n" : "", table[i].help);
	reply(commands, ticket, text);
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
	reply(commands, ticket, text);
}

void commands_run(void *data, server_ticket ticket, char *line)
{
	struct commands *commands = data;
	struct proto_words words;
	if (proto_split(line, &words) < 0) {
		reply(commands, ticket, "UNKNOWN_COMMAND");
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
