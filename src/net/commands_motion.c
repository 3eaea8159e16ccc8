/* What moves, whether anybody looks, and what other settings would have told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands_private.h"
#include "service/status_groups.h"

void command_motion_level(struct commands *commands, server_ticket ticket, const struct proto_words *words)
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
	commands_reply(commands, ticket, text);
}

static void answer_try(void *data, server_ticket ticket, const char *text)
{
	commands_reply(data, ticket, text ? text : "NOT_TRIED no memory for the reply");
}

static void switch_motion(struct commands *commands, server_ticket ticket, bool on)
{
	if (!commands->motion) {
		commands_reply(commands, ticket, "NOT_SWITCHED there is no motion detection: motion.enable is false");
		return;
	}
	motion_watch_switch(commands->motion, on);
	commands_reply(commands, ticket, on ? "MOTION ON" : "MOTION OFF");
}

static bool is_one(const struct proto_words *words, const char *word)
{
	return words->count == 2 && strcmp(words->word[1], word) == 0;
}

static void try_motion(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct error error = { 0 };
	for (size_t i = 2; i < words->count && error.code == 0; i++)
		if (!strchr(words->word[i], '='))
			error_set(&error, -EINVAL, "\"%.40s\" is not KEY=VALUE, and a value must have no spaces", words->word[i]);
	if (words->count < 3)
		error_set(&error, -EINVAL, "say what to try: motion try KEY=VALUE, as in motion try min_area=0.5");
	if (error.code == 0 && motion_try_start(commands->motion_try, words->word + 2, words->count - 2, answer_try,
	                                        commands, ticket, &error) == 0)
		return;
	char text[sizeof error.text + 16];
	snprintf(text, sizeof text, "NOT_TRIED %s", error.text);
	commands_reply(commands, ticket, text);
}

void command_motion(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	if (is_one(words, "on") || is_one(words, "off")) {
		switch_motion(commands, ticket, is_one(words, "on"));
		return;
	}
	if (words->count >= 2 && strcmp(words->word[1], "try") == 0)
		try_motion(commands, ticket, words);
	else
		commands_reply(commands, ticket, "NOT_SWITCHED say motion on, motion off, or motion try KEY=VALUE");
}
