/* Holding a piece of the past until somebody decides. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "commands_private.h"
#include "replies.h"

static double seconds(int64_t ns)
{
	return (double)ns / (double)CLOCK_NS_PER_S;
}

/* Frames that were still to come, and pins that expire. */
static void on_pins_timer(void *data, uint32_t events)
{
	(void)events;
	struct commands *commands = data;
	loop_set_timer(commands->pins_timer, pins_tick(commands->pins), 0);
}

int pins_timer_create(struct commands *commands, struct error *error)
{
	commands->pins_timer = loop_add_timer(commands->loop, on_pins_timer, commands);
	return commands->pins_timer ? 0 : error_set_errno(error, -errno, "cannot make the timer of pins");
}

void command_pin(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_arguments arguments;
	struct error error = { 0 };
	struct pin_info pin;
	if (proto_parse_arguments(words, PROTO_AT | PROTO_BEFORE | PROTO_AFTER, &arguments, &error) < 0) {
		commands_refuse(commands, ticket, "NOT_PINNED", &error);
		return;
	}
	int64_t at_ns = commands_moment_ns(&arguments, 0);
	if (pins_make(commands->pins, at_ns, arguments.before_ns, arguments.after_ns, &pin, &error) < 0) {
		commands_refuse(commands, ticket, "NOT_PINNED", &error);
		return;
	}
	on_pins_timer(commands, 0);
	char text[192];
	snprintf(text, sizeof text, "PINNED %" PRIu64 " frames=%zu from=%.3f to=%.3f expires_s=%.0f", pin.id, pin.frames,
	         seconds(clock_wall_of(pin.from_ns)), seconds(clock_wall_of(pin.to_ns)),
	         seconds(pin.expires_ns - clock_now_ns()));
	commands_reply(commands, ticket, text);
}

/* The ID that follows the command. */
static bool parse_id(struct commands *commands, server_ticket ticket, const struct proto_words *words, const char *word,
                     uint64_t *id)
{
	const char *given = words->count > 1 ? words->word[1] : "";
	size_t digits = strspn(given, "0123456789");
	if (digits > 0 && digits < 19 && given[digits] == '\0') {
		*id = strtoull(given, NULL, 10);
		return true;
	}
	struct error error;
	error_set(&error, -EINVAL, "\"%.*s\" is no pin: `%s ID`, with the ID that `pin` has answered", utf8_fit(given, 40),
	          given, words->word[0]);
	commands_refuse(commands, ticket, word, &error);
	return false;
}

void command_drop(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	uint64_t id;
	struct error error = { 0 };
	char text[48];
	if (!parse_id(commands, ticket, words, "NOT_DROPPED", &id))
		return;
	if (pins_drop(commands->pins, id, &error) < 0) {
		commands_refuse(commands, ticket, "NOT_DROPPED", &error);
		return;
	}
	snprintf(text, sizeof text, "DROPPED %" PRIu64, id);
	commands_reply(commands, ticket, text);
}

/* On an export worker. */
static void answer_keep(void *data, const struct job *job, uint64_t id)
{
	struct commands *commands = data;
	char *saved = reply_series(job), *text = NULL;
	if (saved && job->error.code == 0 && asprintf(&text, "KEPT %" PRIu64 " %s", id, saved) < 0)
		text = NULL;
	commands_reply(commands, job->ticket, text ? text : saved ? saved : "NOT_SAVED no memory for the reply");
	free(text);
	free(saved);
}

void command_keep(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	uint64_t id;
	struct error error = { 0 };
	struct proto_arguments arguments;
	struct proto_words rest = { .count = words->count > 1 ? words->count - 1 : 1 };
	if (!parse_id(commands, ticket, words, "NOT_SAVED", &id))
		return;
	rest.word[0] = words->word[0];
	for (size_t i = 1; i < rest.count; i++)
		rest.word[i] = words->word[i + 1];
	int result = proto_parse_arguments(&rest, PROTO_FORMATS, &arguments, &error);
	const struct pins_keep keep = {
		.formats = arguments.formats ? arguments.formats : commands->formats,
		.done = answer_keep,
		.data = commands,
		.ticket = ticket,
	};
	if (result == 0)
		result = pins_keep(commands->pins, id, &keep, &error);
	if (result < 0)
		commands_refuse(commands, ticket, "NOT_SAVED", &error);
}
