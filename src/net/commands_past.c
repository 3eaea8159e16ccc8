/* What of the past there is, and marks on it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "commands_clips.h"
#include "commands_private.h"
#include "store/packet_ring.h"

enum { KEYS_MAX = 64 }; /* the newest key frames */

static double wall_s(int64_t monotonic_ns)
{
	return (double)clock_wall_of(monotonic_ns) / (double)CLOCK_NS_PER_S;
}

static void print_tier(FILE *out, const struct commands *commands)
{
	struct frame_ring *ring = commands->requests->ring;
	struct frame_ring_status status;
	int width, height;
	frame_ring_status(ring, &status);
	frame_ring_frame_size(ring, &width, &height);
	fprintf(out, "{\"tier\":\"%s\",\"frames\":%zu,", event_tier_text(EVENT_TIER_FRAMES), status.filled);
	if (status.filled > 0)
		fprintf(out, "\"from\":%.3f,\"to\":%.3f,", wall_s(status.oldest_ns), wall_s(status.newest_end_ns));
	else
		fputs("\"from\":null,\"to\":null,", out);
	fprintf(out, "\"interval_s\":%.4f,\"width\":%d,\"height\":%d}",
	        (double)requests_frame_interval_ns(commands->requests, &status) / (double)CLOCK_NS_PER_S, width, height);
}

/* The same moments as video, and older ones: where at= finds them. */
static void print_video(FILE *out, const struct commands *commands)
{
	struct packet_ring_status status;
	struct packet_ring *packets = commands->requests->packets;
	if (!packets)
		return;
	packet_ring_status(packets, &status);
	if (status.packets == 0)
		return;
	fprintf(out, ",{\"tier\":\"%s\",\"frames\":%zu,\"from\":%.3f,\"to\":%.3f,\"width\":%d,\"height\":%d,\"keys\":[",
	        event_tier_text(EVENT_TIER_VIDEO), status.packets, wall_s(status.oldest_ns), wall_s(status.newest_ns),
	        status.format.width, status.format.height);
	int64_t keys_ns[KEYS_MAX];
	size_t count = packet_ring_keys(packets, keys_ns, KEYS_MAX);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%.3f", i ? "," : "", wall_s(keys_ns[i]));
	fputs("]}", out);
}

static void print_pins(FILE *out, const struct commands *commands)
{
	struct pin_info pins[PINS_MAX];
	size_t count = pins_list(commands->pins, pins);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s{\"id\":\"%" PRIu64 "\",\"from\":%.3f,\"to\":%.3f,\"frames\":%zu,\"expires\":%.3f}",
		        i ? "," : "", pins[i].id, wall_s(pins[i].from_ns), wall_s(pins[i].to_ns), pins[i].frames,
		        wall_s(pins[i].expires_ns));
}

void command_timeline(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	(void)words;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	if (!out) {
		commands_reply(commands, ticket, "BUSY no memory for the timeline");
		return;
	}
	fprintf(out, "{\"camera\":\"%s\",\"now\":%.3f,\"tiers\":[", commands->camera, wall_s(clock_now_ns()));
	print_tier(out, commands);
	print_video(out, commands);
	fputs("],\"pins\":[", out);
	print_pins(out, commands);
	fputs("]}", out);
	bool whole = fclose(out) == 0;
	commands_reply(commands, ticket, whole ? text : "BUSY no memory for the timeline");
	free(text);
}

/* The words of the line, as one text. */
static void join(const struct proto_words *words, char *text, size_t bytes)
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 1; i < words->count && used < bytes; i++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", i > 1 ? " " : "", words->word[i]);
}

void command_trigger(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	char label[PROTO_LINE_BYTES + 1], id[EVENT_ID_BYTES], text[EVENT_ID_BYTES + 16];
	struct capture_status capture;
	struct event event = { .type = EVENT_TRIGGER, .monotonic_ns = clock_now_ns() };
	join(words, label, sizeof label);
	event_set_text(event.label, sizeof event.label, label);
	capture_status(commands->requests->capture, &capture);
	event.frame_id = capture.newest.id;
	event_log_id(commands->events, event_log_publish(commands->events, &event), id);
	capture_stir(commands->requests->capture);
	if (commands->clip_on_trigger)
		commands_clip_on_trigger(commands, event.label, event.monotonic_ns);
	snprintf(text, sizeof text, "TRIGGERED %s", id);
	commands_reply(commands, ticket, text);
}
