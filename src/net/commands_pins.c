/* Holding a piece of the past until somebody decides. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
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
	if (proto_parse_arguments(words, PROTO_TAKEN_BY_PIN, &arguments, &error) < 0) {
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

void command_drop(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	uint64_t id;
	struct error error = { 0 };
	char text[48];
	if (proto_parse_pin(words, &id, &error) < 0 || pins_drop(commands->pins, id, &error) < 0) {
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
	int result = proto_parse_keep(words, &id, &arguments, &error);
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
