/* Ten minutes of past, faster than they pass: through OpenH264 into a packet ring of the size that the daemon gives it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "encode/encoder.h"
#include "measure.h"
#include "set.h"
#include "store/packet_ring.h"

enum { FRAMERATE = 10, SECONDS = 600, MORE_SECONDS = 60, PAN = 3, PAN_WIDTH = 64, LIMIT_MIB = 100 };
static const double arena_share = 1.1; /* of what the bit rate makes, as in src/pastcam/daemon_video.c */

/* Noise in each frame, and all of it moves. */
static struct frame frame_of(const struct set *set, size_t turn)
{
	const int64_t timestamp_ns = (int64_t)(turn + 1) * CLOCK_NS_PER_S / FRAMERATE;
	return (struct frame){ .pixels = set_slot(set, turn % (set->slots - 1)) + turn * PAN % PAN_WIDTH * FRAME_CHANNELS,
		                   .width = set->width,
		                   .height = set->height,
		                   .info = { .id = turn + 1, .timestamp_ns = timestamp_ns } };
}

static void encode_all(const struct set *set, struct encoder *encoder, struct packet_ring *ring)
{
	for (size_t turn = 0; turn < (SECONDS + MORE_SECONDS) * FRAMERATE; turn++) {
		struct packet packet;
		const struct video_format *format;
		const struct frame frame = frame_of(set, turn);
		if (encoder_send(encoder, &frame, NULL, false, NULL) != 0 ||
		    encoder_receive(encoder, 0, &packet, &format, NULL) != 1 || packet_ring_put(ring, format, &packet) != 0)
			exit(1);
	}
}

void bench_past(const struct set *set)
{
	if (!encoder_is_built(ENCODER_OPENH264))
		return;
	const struct encoder_params params = { .width = set->width,
		                                   .height = set->height,
		                                   .framerate = FRAMERATE,
		                                   .bitrate = encoder_usual_bitrate(set->width, set->height, FRAMERATE),
		                                   .gop_s = 2,
		                                   .device = "",
		                                   .silence_s = 10 };
	const size_t packets = SECONDS * FRAMERATE * 2, arena = (size_t)(params.bitrate / 8.0 * SECONDS * arena_share);
	const double mib = (double)packet_ring_bytes(arena, packets) / (1 << 20);
	struct packet_ring *ring = packet_ring_create(arena, packets, NULL);
	struct encoder *encoder = encoder_open(ENCODER_OPENH264, &params, NULL);
	struct packet_ring_status status;
	if (!ring || !encoder)
		exit(1);
	encode_all(set, encoder, ring);
	packet_ring_status(ring, &status);
	const double span_s = (double)(status.newest_ns - status.oldest_ns) / (double)CLOCK_NS_PER_S;
	report_row("ten minutes of past, MiB", "100 MiB", set->name, (struct measured){ mib, LIMIT_MIB }, 1);
	report_row("  seconds it holds (limit / kept)", "600 s", set->name, (struct measured){ SECONDS, span_s }, 1);
	encoder_close(encoder);
	packet_ring_destroy(ring);
}
