/* Which encoder `auto` means on this machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "encode/encoder.h"

enum {
	MEASURED_FRAMES = 12,
	SHIFT_PIXELS = 3, /* how far the drawn scene moves from frame to frame */
	NOISE_MASK = 7,   /* grey levels of noise, as a sensor has it by day */
	RECEIVE_TIMEOUT_MS = 100,
};
static const double measured_most_s = 1.0;

/* Something with edges, gradients, motion and noise: a still or a smooth scene would flatter the encoder. */
static void draw(struct frame *frame, int number)
{
	uint32_t noise = (uint32_t)number * 2654435761U + 1;
	uint8_t *at = frame->pixels;
	for (int y = 0; y < frame->height; y++) {
		for (int x = 0; x < frame->width; x++) {
			int moved = x + number * SHIFT_PIXELS;
			int level = ((moved ^ y) & 64 ? 60 : 140) + moved % 64;
			noise = noise * 1664525U + 1013904223U;
			for (int channel = 0; channel < FRAME_CHANNELS; channel++)
				*at++ = (uint8_t)(level + channel * 8 + (int)(noise >> (8 + 4 * channel) & NOISE_MASK));
		}
	}
}

static int encode_one(struct encoder *encoder, const struct frame *frame, struct error *error)
{
	struct packet packet;
	const struct video_format *format;
	int result = encoder_send(encoder, frame, NULL, false, error);
	while (result == 0 && encoder_owed(encoder) > 0) {
		result = encoder_receive(encoder, RECEIVE_TIMEOUT_MS, &packet, &format, error);
		if (result > 0)
			return 0;
	}
	return result < 0 ? result : error_set(error, -EPROTO, "%s takes no frame", encoder_name(encoder));
}

/* The first frame, a key frame, is not counted where there are others: it costs less than those after it. */
static double measure(struct encoder *encoder, struct frame *frame, double framerate, double most_s,
                      struct error *error)
{
	int64_t spent_ns = 0, begun_ns = clock_now_ns();
	int counted = 0;
	for (int i = 0; i < MEASURED_FRAMES; i++) {
		frame->info = (struct frame_info){ .id = (uint64_t)i + 1,
			                               .timestamp_ns = 1 + (int64_t)(i * (double)CLOCK_NS_PER_S / framerate) };
		draw(frame, i);
		int64_t before_ns = clock_cpu_ns();
		if (encode_one(encoder, frame, error) < 0)
			return -1;
		if (i == 1)
			spent_ns = 0, counted = 0;
		spent_ns += clock_cpu_ns() - before_ns;
		counted++;
		if (clock_now_ns() - begun_ns > (int64_t)(most_s * (double)CLOCK_NS_PER_S))
			break;
	}
	return (double)spent_ns / (double)CLOCK_NS_PER_S / counted;
}

double encoder_measure(enum encoder_kind kind, const struct encoder_params *params, double most_s, struct error *error)
{
	struct frame frame = { .width = params->width, .height = params->height };
	struct encoder *encoder = encoder_open(kind, params, error);
	if (!encoder)
		return -1;
	frame.pixels = malloc(frame_bytes(frame.width, frame.height));
	double seconds = -1;
	if (frame.pixels)
		seconds = measure(encoder, &frame, params->framerate, most_s, error);
	else
		error_set(error, -ENOMEM, "no memory to measure the encoder");
	free(frame.pixels);
	encoder_close(encoder);
	return seconds;
}

/* Does it keep up? Says how it went. */
static bool keeps_up(enum encoder_kind kind, const struct encoder_params *params, double cpu_share, char *text,
                     size_t bytes)
{
	struct error error = { 0 };
	double seconds = encoder_measure(kind, params, measured_most_s, &error);
	if (seconds < 0) {
		snprintf(text, bytes, "%.*s", (int)bytes - 1, error.text);
		return false;
	}
	double share = seconds * params->framerate;
	snprintf(text, bytes,
	         "%s takes %.1f ms a frame, %.0f %% of a core at %g frames/s (encoder.cpu_share allows %.0f %%)",
	         encoder_kind_text(kind), seconds * 1000, share * 100, params->framerate, cpu_share * 100);
	return share <= cpu_share;
}

enum encoder_kind encoder_choose(const struct encoder_params *params, double cpu_share, char *why, size_t why_bytes)
{
	char hardware[160] = "", software[160] = "";
	if (encoder_is_built(ENCODER_V4L2) && keeps_up(ENCODER_V4L2, params, cpu_share, hardware, sizeof hardware)) {
		snprintf(why, why_bytes, "hardware: %s", hardware);
		return ENCODER_V4L2;
	}
	if (!encoder_is_built(ENCODER_OPENH264)) {
		snprintf(why, why_bytes, "%s%sOpenH264 is not built in", hardware, hardware[0] ? "; " : "");
		return ENCODER_MJPEG;
	}
	bool fits = keeps_up(ENCODER_OPENH264, params, cpu_share, software, sizeof software);
	snprintf(why, why_bytes, "%s%s%s", hardware, hardware[0] ? "; " : "", software);
	return fits ? ENCODER_OPENH264 : ENCODER_MJPEG;
}
