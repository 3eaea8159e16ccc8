/* Commands that hand out pictures: as files, or as bytes. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "commands_clips.h"
#include "commands_private.h"
#include "replies.h"

/* --- answers, on an export worker --- */

static void answer(const struct job *job, char *text)
{
	struct commands *commands = job->data;
	commands_reply(commands, job->ticket, text ? text : "NOT_SAVED no memory for the reply");
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

static void answer_bytes(void *data, const struct job *job)
{
	struct commands *commands = data;
	if (job->error.code != 0)
		commands_refuse(commands, job->ticket, "NOT_SENT", &job->error);
	else
		server_reply_chunks(commands->server, job->ticket, chunk_reference(job->bytes), NULL);
}

static void answer_meta(void *data, const struct job *job)
{
	struct commands *commands = data;
	if (job->error.code != 0) {
		commands_refuse(commands, job->ticket, "NOT_SENT", &job->error);
		return;
	}
	struct chunk *meta = reply_meta(job, commands->camera);
	if (meta)
		server_reply_chunks(commands->server, job->ticket, meta, chunk_reference(job->bytes));
	else
		commands_reply(commands, job->ticket, "NOT_SENT no memory for the reply");
}

/* --- questions --- */

static int64_t save_before_ns(const struct commands *commands)
{
	return (int64_t)(commands->save_before_s * (double)CLOCK_NS_PER_S);
}

/* A moment that is named must be there; the configured one is as far back as there is. */
static enum request_moment moment_of(const struct proto_arguments *arguments)
{
	return arguments->given & PROTO_AT ? REQUEST_AT : REQUEST_NEAREST;
}

static struct request to_files(struct commands *commands, server_ticket ticket, const struct proto_arguments *arguments)
{
	return (struct request){
		.kind = JOB_SINGLE,
		.moment = moment_of(arguments),
		.at_ns = commands_moment_ns(arguments, save_before_ns(commands)),
		.count = 1,
		.mixed = arguments->given & PROTO_MIXED,
		.stack_mode = arguments->given & PROTO_MODE ? arguments->mode : commands->stack_mode,
		.formats = arguments->formats ? arguments->formats : commands->formats,
		.data = commands,
		.ticket = ticket,
	};
}

static void submit(struct commands *commands, const struct request *request)
{
	struct error error = { 0 };
	const char *word = request->to == JOB_TO_MEMORY ? "NOT_SENT" : "NOT_SAVED";
	if (requests_submit(commands->requests, request, &error) < 0)
		commands_refuse(commands, request->ticket, word, &error);
}

static bool parse(struct commands *commands, server_ticket ticket, const struct proto_words *words, unsigned takes,
                  struct proto_arguments *arguments)
{
	struct error error = { 0 };
	if (proto_parse_arguments(words, takes, arguments, &error) == 0)
		return true;
	commands_refuse(commands, ticket, takes & PROTO_META ? "NOT_SENT" : "NOT_SAVED", &error);
	return false;
}

void command_save(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_arguments arguments;
	if (!parse(commands, ticket, words, PROTO_TAKEN_BY_SAVE, &arguments))
		return;
	struct request request = to_files(commands, ticket, &arguments);
	request.moment = REQUEST_NEXT_FRAME;
	request.done = answer_save;
	submit(commands, &request);
}

void command_past(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_arguments arguments;
	if (!parse(commands, ticket, words, PROTO_TAKEN_BY_PAST, &arguments))
		return;
	struct request request = to_files(commands, ticket, &arguments);
	request.count = arguments.given & PROTO_COUNT ? (size_t)arguments.count : 1;
	request.kind = request.count == 1 ? JOB_SINGLE : JOB_SERIES;
	request.done = answer_series;
	submit(commands, &request);
}

/* With stack_dark_frames false: each frame since save_before_s, unless a moment or a count is named. */
static void save_window(struct commands *commands, struct request *request, const struct proto_arguments *arguments)
{
	bool nearest = arguments->given & (PROTO_AT | PROTO_COUNT);
	request->kind = JOB_SERIES;
	if (!nearest) {
		request->moment = REQUEST_SINCE;
		request->count = STACK_COUNT_MAX;
	}
	request->done = answer_window;
	submit(commands, request);
}

void command_past_stack(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_arguments arguments;
	if (!parse(commands, ticket, words, PROTO_TAKEN_BY_STACK, &arguments))
		return;
	struct request request = to_files(commands, ticket, &arguments);
	request.count = (size_t)(arguments.given & PROTO_COUNT ? arguments.count : commands->stack_count);
	if (!commands->stack_dark_frames && !(arguments.given & (PROTO_MODE | PROTO_MIXED))) {
		save_window(commands, &request, &arguments);
		return;
	}
	request.kind = JOB_STACK;
	request.done = answer_stack;
	submit(commands, &request);
}

void command_get(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_arguments arguments;
	const unsigned takes = PROTO_TAKEN_BY_STACK | PROTO_WIDTH | PROTO_META;
	if (command_get_is_video(words)) {
		command_get_video(commands, ticket, words);
		return;
	}
	if (!parse(commands, ticket, words, takes, &arguments))
		return;
	bool stack = arguments.given & (PROTO_COUNT | PROTO_MODE | PROTO_MIXED), at = arguments.given & PROTO_AT;
	struct request request = to_files(commands, ticket, &arguments);
	request.to = JOB_TO_MEMORY;
	request.formats = arguments.formats ? arguments.formats : EXPORT_JPG;
	request.width = arguments.width;
	request.done = arguments.given & PROTO_META ? answer_meta : answer_bytes;
	if (stack) {
		request.kind = JOB_STACK;
		request.count = (size_t)(arguments.given & PROTO_COUNT ? arguments.count : commands->stack_count);
	} else if (!at) {
		request.moment = REQUEST_NEXT_FRAME;
	}
	if (!at)
		request.at_ns = commands_moment_ns(&arguments, 0);
	submit(commands, &request);
}
