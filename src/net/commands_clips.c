#include "commands_clips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "capture/recorder.h"
#include "net/video_streams.h"

struct video_arguments {
	struct moment at, until;
	bool until_is_given, until_is_later; /* later: until counts from now on */
	double for_s;
};

/* Codes that clients know by a word of their own. */
static void refuse(struct commands *commands, server_ticket ticket, const struct error *error)
{
	char text[sizeof error->text + 16];
	const char *word = error->code == -EBUSY     ? "BUSY"
	                   : error->code == -ENODATA ? "NO_FRAMES:"
	                   : error->code == -ENOENT  ? "NO_CLIP"
	                                             : "NOT_SAVED";
	snprintf(text, sizeof text, "%s %s", word, error->text);
	server_reply(commands->server, ticket, text);
}

/* On the recorder's thread. */
static void answer_wait(void *data, server_ticket ticket, const struct recorder_result *result)
{
	struct commands *commands = data;
	char text[RECORDER_PARTS_TOLD * (FSIO_PATH_BYTES + 2) + 512];
	size_t used;
	if (result->error.code == 0)
		used =
		    (size_t)snprintf(text, sizeof text, "SAVED_CLIP %llu %.1f s, %zu frames: ", (unsigned long long)result->id,
		                     result->duration_s, result->frames);
	else
		used = (size_t)snprintf(text, sizeof text, "NOT_SAVED %s%s", result->error.text,
		                        result->part_count ? "; what there is of it: " : "");
	for (size_t i = 0; i < result->part_count && i < RECORDER_PARTS_TOLD && used < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", result->paths[i]);
	if (result->part_count > RECORDER_PARTS_TOLD && used < sizeof text)
		snprintf(text + used, sizeof text - used, " and %zu more", result->part_count - RECORDER_PARTS_TOLD);
	server_reply(commands->server, ticket, text);
}

static void describe(const struct recorder_reply *reply, char *text, size_t bytes)
{
	if (reply->extended)
		snprintf(text, bytes, "CLIP %llu goes on, for %.1f s from now", (unsigned long long)reply->id, reply->after_s);
	else
		snprintf(text, bytes, "CLIP %llu from %.1f s ago%s to %.1f s from now", (unsigned long long)reply->id,
		         reply->before_s, reply->all_there_is ? " (all that there is)" : "", reply->after_s);
}

static bool has_video(struct commands *commands, server_ticket ticket)
{
	if (commands->recorder)
		return true;
	server_reply(commands->server, ticket,
	             "NOT_SAVED no video: encoder.kind is none, or there was no memory for it at the start");
	return false;
}

static void stop_clip(struct commands *commands, server_ticket ticket)
{
	struct recorder_reply reply;
	struct error error = { 0 };
	char text[64];
	if (recorder_stop(commands->recorder, &reply, &error) < 0) {
		refuse(commands, ticket, &error);
		return;
	}
	snprintf(text, sizeof text, "CLIP %llu ends now", (unsigned long long)reply.id);
	server_reply(commands->server, ticket, text);
}

void command_clip(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_clip arguments;
	struct recorder_reply reply;
	struct error error = { 0 };
	char text[128];
	if (!has_video(commands, ticket))
		return;
	if (proto_parse_clip(words, &arguments, &error) < 0) {
		refuse(commands, ticket, &error);
		return;
	}
	if (arguments.stop) {
		stop_clip(commands, ticket);
		return;
	}
	const struct recorder_request request = { .before_s = arguments.before_s,
		                                      .after_s = arguments.after_s,
		                                      .label = arguments.label,
		                                      .reason = "command",
		                                      .done = arguments.wait ? answer_wait : NULL,
		                                      .data = commands,
		                                      .ticket = ticket };
	if (recorder_clip(commands->recorder, &request, &reply, &error) < 0) {
		refuse(commands, ticket, &error);
		return;
	}
	capture_stir(commands->requests->capture);
	if (arguments.wait)
		return;
	describe(&reply, text, sizeof text);
	server_reply(commands->server, ticket, text);
}

void commands_clip_on_trigger(struct commands *commands, const char *label, int64_t at_ns)
{
	const struct recorder_request request = {
		.at_ns = at_ns, .before_s = -1, .after_s = -1, .label = label, .reason = "trigger"
	};
	struct recorder_reply reply;
	struct error error = { 0 };
	if (!commands->recorder)
		log_warning("A trigger wants a clip (clip.on_trigger), but there is no video");
	else if (recorder_clip(commands->recorder, &request, &reply, &error) < 0)
		log_warning("A trigger wants a clip (clip.on_trigger): %s", error.text);
}

static void add_stream(struct commands *commands, server_ticket ticket, int64_t begin_ns, int64_t end_ns)
{
	struct error error = { 0 };
	if (video_streams_add(commands->video_streams, ticket, begin_ns, end_ns, &error) < 0)
		refuse(commands, ticket, &error);
}

void command_stream(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	if (!has_video(commands, ticket))
		return;
	if (words->count > 1) {
		struct error error = { 0 };
		error_set(&error, -EINVAL, "stream takes nothing else");
		refuse(commands, ticket, &error);
		return;
	}
	add_stream(commands, ticket, clock_now_ns(), INT64_MAX);
}

bool command_get_is_video(const struct proto_words *words)
{
	for (size_t i = 1; i < words->count; i++)
		if (strcasecmp(words->word[i], "mp4") == 0)
			return true;
	return false;
}

/* "+10" beside what at= takes. */
static int parse_until(const char *value, struct video_arguments *arguments, struct error *error)
{
	double later_s = 0;
	arguments->until_is_given = true;
	arguments->until_is_later = value[0] == '+';
	if (value[0] != '+')
		return moment_parse(value, &arguments->until, error);
	int result = proto_parse_seconds("until", value + 1, 0, PROTO_VIDEO_MOST_S, &later_s, error);
	arguments->until = (struct moment){ .ns = (int64_t)(later_s * (double)CLOCK_NS_PER_S) };
	return result;
}

static int parse_get_word(const char *word, struct video_arguments *arguments, struct error *error)
{
	const char *value;
	if (strcasecmp(word, "mp4") == 0)
		return 0;
	if ((value = proto_value_of(word, "at")))
		return moment_parse(value, &arguments->at, error);
	if ((value = proto_value_of(word, "until")))
		return parse_until(value, arguments, error);
	if ((value = proto_value_of(word, "for")))
		return proto_parse_seconds("for", value, 0.1, PROTO_VIDEO_MOST_S, &arguments->for_s, error);
	return error_set(error, -EINVAL, "get mp4 takes at=, for=SECONDS and until=, not \"%.*s\"", utf8_fit(word, 40),
	                 word);
}

/* When it begins and ends, on the clock of the frames. */
static int span_of(const struct video_arguments *arguments, int64_t *begin_ns, int64_t *end_ns, struct error *error)
{
	int64_t now_ns = clock_now_ns(), wall_ns = clock_wall_of(now_ns);
	*begin_ns = moment_monotonic_ns(&arguments->at, now_ns, wall_ns);
	*end_ns = *begin_ns + (int64_t)(arguments->for_s * (double)CLOCK_NS_PER_S);
	if (arguments->until_is_later)
		*end_ns = now_ns + arguments->until.ns;
	else if (arguments->until_is_given)
		*end_ns = moment_monotonic_ns(&arguments->until, now_ns, wall_ns);
	double seconds = (double)(*end_ns - *begin_ns) / (double)CLOCK_NS_PER_S;
	if (seconds > 0 && seconds <= PROTO_VIDEO_MOST_S)
		return 0;
	return error_set(error, -EINVAL,
	                 "that piece is %.1f s long: its end must come after its beginning, by at most %d s", seconds,
	                 PROTO_VIDEO_MOST_S);
}

void command_get_video(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct video_arguments arguments = { .at = { .ns = 10 * CLOCK_NS_PER_S }, .for_s = 10 };
	struct error error = { 0 };
	int64_t begin_ns = 0, end_ns = 0;
	if (!has_video(commands, ticket))
		return;
	int result = 0;
	for (size_t i = 1; i < words->count && result == 0; i++)
		result = parse_get_word(words->word[i], &arguments, &error);
	if (result == 0)
		result = span_of(&arguments, &begin_ns, &end_ns, &error);
	if (result < 0)
		refuse(commands, ticket, &error);
	else
		add_stream(commands, ticket, begin_ns, end_ns);
}
