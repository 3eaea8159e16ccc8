/* Video: what it claims of the memory, and its parts. */
#include "base/log.h"
#include "compose.h"
#include "daemon_parts.h"
#include "encode/decoder.h"
#include "media/mp4.h"
#include "net/video_streams.h"

#define CLAIM_ENCODER "video encoder"
#define CLAIM_PAST "video past"
#define CLAIM_DECODER "video decoder"

enum {
	PAST_UNIT_BYTES = 256 * 1024,
	PAST_LEAST_BYTES = 2 << 20, /* a few seconds: what the encoder gives while the disk is slow */
	CLIPS_AT_ONCE = 2,          /* being written */
};

static bool is_wanted(const struct config *config)
{
	return config->encoder.kind == 0 || config->encoder.kind - 1 != ENCODER_NONE;
}

/* Bytes of video that clip.past_s takes, a tenth more for what a second varies. */
static size_t past_bytes(const struct config *config)
{
	int width, height;
	if (config->clip.past_mb > 0)
		return (size_t)config->clip.past_mb << 20;
	compose_ring_size(config, &width, &height);
	const struct encoder_params params = compose_encoder(config);
	double bytes = params.bitrate / 8.0 * config->clip.past_s * 1.1;
	return bytes < PAST_LEAST_BYTES ? PAST_LEAST_BYTES : (size_t)bytes;
}

static size_t past_units(size_t bytes)
{
	return (bytes + PAST_UNIT_BYTES - 1) / PAST_UNIT_BYTES;
}

/* The dearest encoder that may be chosen, and the clips being written. */
static size_t encoder_bytes(const struct config *config)
{
	int width, height;
	size_t most = 0;
	compose_ring_size(config, &width, &height);
	for (enum encoder_kind kind = ENCODER_V4L2; kind < ENCODER_NONE; kind++) {
		size_t bytes = encoder_scratch_bytes(kind, width, height);
		if (bytes > most)
			most = bytes;
	}
	return most + CLIPS_AT_ONCE * mp4_scratch_bytes((size_t)(config->clip.max_s * config->camera.framerate));
}

/* Pictures out of video: only where there is video of what has left the frame ring. */
static bool is_decoded(const struct config *config)
{
	return config->encoder.when == VIDEO_ALWAYS;
}

/* One at a time, of the dearest kind. */
static size_t decoder_bytes(const struct config *config)
{
	struct video_format format = { .codec = VIDEO_H264 };
	compose_ring_size(config, &format.width, &format.height);
	return decoder_scratch_bytes(&format);
}

/* None of it is a must: on a machine too small for it there is no video, and all else works. */
void daemon_claim_video(const struct config *config, struct budget *budget)
{
	size_t wanted = is_wanted(config), decoders = wanted && is_decoded(config);
	budget_add(budget,
	           (struct budget_claim){ .name = CLAIM_ENCODER, .unit_bytes = encoder_bytes(config), .wanted = wanted });
	budget_add(budget, (struct budget_claim){ .name = CLAIM_PAST,
	                                          .unit_bytes = PAST_UNIT_BYTES,
	                                          .wanted = wanted * past_units(past_bytes(config)),
	                                          .is_mapped = true });
	budget_add(budget,
	           (struct budget_claim){ .name = CLAIM_DECODER, .unit_bytes = decoder_bytes(config), .wanted = decoders });
}

static bool has_memory(const struct daemon *daemon, size_t *bytes)
{
	*bytes = budget_claim_of(&daemon->budget, CLAIM_PAST)->granted * PAST_UNIT_BYTES;
	return budget_claim_of(&daemon->budget, CLAIM_ENCODER)->granted > 0 && *bytes >= PAST_LEAST_BYTES;
}

/* Twice the frames that clip.past_s has, since their sizes vary. */
static size_t packet_count(const struct config *config)
{
	double frames = config->clip.past_s * config->camera.framerate * 2;
	return frames < 256 ? 256 : (size_t)frames;
}

static int make_parts(struct daemon *daemon, size_t bytes, struct error *error)
{
	const struct config *config = daemon->config;
	daemon->packets = packet_ring_create(bytes, packet_count(config), error);
	if (!daemon->packets)
		return error->code;
	struct video_params video = compose_video(config);
	video.frames = daemon->ring;
	video.packets = daemon->packets;
	video.encoder.pool = daemon->pool;
	daemon->video = video_create(&video, error);
	if (!daemon->video)
		return error->code;
	struct recorder_params recorder = compose_recorder(config, daemon->base_dir);
	recorder.seal = &daemon->recipients;
	recorder.manifest = daemon->manifest;
	recorder.video = daemon->video;
	recorder.packets = daemon->packets;
	recorder.frames = daemon->ring;
	recorder.events = daemon->events;
	recorder.jobs = daemon->jobs;
	recorder.gate = retention_gate;
	recorder.gate_data = daemon->retention;
	daemon->recorder = recorder_create(&recorder, error);
	if (!daemon->recorder)
		return error->code;
	daemon->commands.recorder = daemon->recorder;
	daemon->commands.packets = daemon->packets;
	daemon->commands.video_streams =
	    video_streams_create(daemon->control, daemon->server, daemon->video, daemon->packets, error);
	return daemon->commands.video_streams ? 0 : error->code;
}

struct packet_ring *daemon_decoded_packets(const struct daemon *daemon)
{
	return budget_claim_of(&daemon->budget, CLAIM_DECODER)->granted > 0 ? daemon->packets : NULL;
}

int daemon_make_video(struct daemon *daemon, struct error *error)
{
	size_t bytes;
	if (!is_wanted(daemon->config))
		return 0;
	if (!has_memory(daemon, &bytes)) {
		log_warning("There is no memory for video, so there will be no clips: make the pictures smaller, raise "
		            "memory.max_rss_mb, or set encoder.kind to none");
		return 0;
	}
	return make_parts(daemon, bytes, error);
}

void daemon_unmake_video(struct daemon *daemon)
{
	video_streams_destroy(daemon->commands.video_streams);
	video_destroy(daemon->video);
	packet_ring_destroy(daemon->packets);
}
