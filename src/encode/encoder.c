#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "encoder_backend.h"
#include "media/h264.h"

enum { PENDING_MAX = 32, BITRATE_MIN = 200000, BITRATE_MAX = 25000000 };
static const double bits_a_pixel = 0.127;

struct pending {
	struct frame_info frame;
	int64_t timestamp_us, sent_ns;
};

struct encoder {
	const struct encoder_backend *backend;
	void *own;
	char name[64];
	struct encoder_params params;
	struct video_format format;
	struct pending pending[PENDING_MAX]; /* oldest first */
	size_t pending_count;
	int64_t last_key_ns; /* timestamp of the last key frame that was asked for */
	bool any_key, key_due;
};

static const struct {
	const char *text;
	const struct encoder_backend *backend; /* NULL: not built in */
} kinds[] = {
#ifdef PASTCAM_WITH_V4L2
	[ENCODER_V4L2] = { "v4l2", &encoder_v4l2 },
#else
	[ENCODER_V4L2] = { "v4l2", NULL },
#endif
#ifdef PASTCAM_WITH_OPENH264
	[ENCODER_OPENH264] = { "openh264", &encoder_openh264 },
#else
	[ENCODER_OPENH264] = { "openh264", NULL },
#endif
	[ENCODER_MJPEG] = { "mjpeg", &encoder_mjpeg },
	[ENCODER_NONE] = { "none", NULL },
};

const char *encoder_kind_text(enum encoder_kind kind)
{
	return kinds[kind].text;
}

bool encoder_is_built(enum encoder_kind kind)
{
	return kinds[kind].backend;
}

enum encoder_kind encoder_next(enum encoder_kind kind)
{
	while (kind != ENCODER_NONE && !encoder_is_built(++kind)) {
	}
	return kind;
}

size_t encoder_scratch_bytes(enum encoder_kind kind, int width, int height)
{
	const struct encoder_backend *backend = kinds[kind].backend;
	return backend ? backend->scratch_bytes(width, height) : 0;
}

int encoder_usual_bitrate(int width, int height, double framerate)
{
	double usual = (double)width * height * framerate * bits_a_pixel;
	return usual < BITRATE_MIN ? BITRATE_MIN : usual > BITRATE_MAX ? BITRATE_MAX : (int)usual;
}

struct encoder *encoder_open(enum encoder_kind kind, const struct encoder_params *params, struct error *error)
{
	const struct encoder_backend *backend = kinds[kind].backend;
	if (!backend) {
		error_set(error, -ENOTSUP, "the %s encoder is not built in", kinds[kind].text);
		return NULL;
	}
	struct encoder *encoder = calloc(1, sizeof *encoder);
	if (!encoder) {
		error_set(error, -ENOMEM, "no memory for an encoder");
		return NULL;
	}
	encoder->backend = backend;
	encoder->params = *params;
	if (encoder->params.bitrate == 0)
		encoder->params.bitrate = encoder_usual_bitrate(params->width, params->height, params->framerate);
	encoder->format =
	    (struct video_format){ .codec = backend->codec, .width = params->width, .height = params->height };
	encoder->own = backend->open(&encoder->params, encoder->name, error);
	if (encoder->own)
		return encoder;
	free(encoder);
	return NULL;
}

void encoder_close(struct encoder *encoder)
{
	if (!encoder)
		return;
	encoder->backend->close(encoder->own);
	free(encoder);
}

const char *encoder_name(const struct encoder *encoder)
{
	return encoder->name;
}

size_t encoder_owed(const struct encoder *encoder)
{
	return encoder->pending_count;
}

static bool key_is_due(const struct encoder *encoder, int64_t timestamp_ns)
{
	double since_s = (double)(timestamp_ns - encoder->last_key_ns) / (double)CLOCK_NS_PER_S;
	return !encoder->any_key || encoder->key_due || since_s >= encoder->params.gop_s || since_s < 0;
}

int encoder_send(struct encoder *encoder, const struct frame *frame, const struct frame *next, bool key,
                 struct error *error)
{
	const struct frame_info *info = &frame->info;
	int64_t timestamp_us = info->timestamp_ns / CLOCK_NS_PER_US;
	key |= key_is_due(encoder, info->timestamp_ns);
	/* Hardware makes whatever comes next in there a key frame: with nothing pending, it is this one. */
	if (encoder->pending_count == PENDING_MAX || (key && encoder->pending_count > 0))
		return 1;
	int result = encoder->backend->send(encoder->own, frame, next, timestamp_us, key, error);
	if (result != 0)
		return result;
	if (key) {
		encoder->any_key = true;
		encoder->key_due = false;
		encoder->last_key_ns = info->timestamp_ns;
	}
	encoder->pending[encoder->pending_count++] = (struct pending){ *info, timestamp_us, clock_now_ns() };
	return 0;
}

/* Which frame is this? Drivers may give times back rounded; a packet of no pending frame is the encoder's mistake.
 */
static int find_owed(struct encoder *encoder, int64_t timestamp_us, struct frame_info *frame)
{
	for (size_t i = 0; i < encoder->pending_count; i++) {
		if (encoder->pending[i].timestamp_us != timestamp_us)
			continue;
		*frame = encoder->pending[i].frame;
		encoder->pending_count -= i + 1;
		memmove(encoder->pending, encoder->pending + i + 1, encoder->pending_count * sizeof encoder->pending[0]);
		return (int)i;
	}
	return -ENOENT;
}

static int check_silence(const struct encoder *encoder, struct error *error)
{
	if (encoder->pending_count == 0)
		return 0;
	double silent_s = (double)(clock_now_ns() - encoder->pending[0].sent_ns) / (double)CLOCK_NS_PER_S;
	if (silent_s < encoder->params.silence_s)
		return 0;
	return error_set(error, -ETIMEDOUT, "%s has given nothing for %.1f s", encoder->name, silent_s);
}

static int make_packet(struct encoder *encoder, const struct encoder_output *output, struct packet *packet,
                       struct error *error)
{
	ssize_t bytes = (ssize_t)output->bytes;
	*packet = (struct packet){ .data = output->data, .key = true };
	if (encoder->backend->codec == VIDEO_H264)
		bytes = h264_to_packet(output->data, output->bytes, output->room, &encoder->format, &packet->key, error);
	if (bytes < 0)
		return (int)bytes;
	packet->bytes = (size_t)bytes;
	if (bytes == 0)
		return 0; /* parameter sets alone */
	if (encoder->backend->codec == VIDEO_H264 && encoder->format.config_bytes == 0)
		return error_set(error, -EPROTO, "%s gave a picture before its parameter sets", encoder->name);
	int before = find_owed(encoder, output->timestamp_us, &packet->frame);
	if (before != 0)
		return error_set(error, -EPROTO, "%s gave a picture out of order, or one that nobody asked for", encoder->name);
	return 1;
}

int encoder_receive(struct encoder *encoder, int timeout_ms, struct packet *packet, const struct video_format **format,
                    struct error *error)
{
	struct encoder_output output;
	if (encoder->pending_count == 0)
		return 0;
	int result = encoder->backend->receive(encoder->own, timeout_ms, &output, error);
	if (result > 0)
		result = make_packet(encoder, &output, packet, error);
	*format = &encoder->format;
	return result == 0 ? check_silence(encoder, error) : result;
}
