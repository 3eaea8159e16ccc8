/*
 * Video encoders: frames in, packets out. One interface over V4L2's memory-to-memory devices (the hardware of a Pi 0 to
 * 4), OpenH264 and libjpeg. Each frame that goes in comes out as one packet, in the same order; no B frames, so a
 * packet needs only what is before it. A key frame comes when asked for, when gop_s has passed since the last one, and
 * first.
 *
 * An encoder is one thread's at a time. It may allocate while it works: it is not on capture's way. It logs nothing.
 */
#ifndef PASTCAM_ENCODE_ENCODER_H
#define PASTCAM_ENCODE_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "media/frame.h"
#include "media/packet.h"

/* In the order in which they are tried. */
enum encoder_kind { ENCODER_V4L2, ENCODER_OPENH264, ENCODER_MJPEG, ENCODER_NONE };

struct encoder_params {
	int width, height;  /* of the frames; an odd last column or row is not in an H.264 video */
	double framerate;   /* expected; timestamps may do what they like */
	int bitrate;        /* H.264, bits a second; 0: encoder_usual_bitrate */
	int jpeg_quality;   /* MJPEG, 1-100 */
	double gop_s;       /* longest time from key frame to key frame */
	const char *device; /* V4L2: /dev/videoN; "": the first one that can */
	double silence_s;   /* an encoder whose packet is pending for so long is broken */
	struct pool *pool;  /* converts the next frame beside the encoding; stays the caller's; NULL: none */
};

struct encoder;

const char *encoder_kind_text(enum encoder_kind kind);
bool encoder_is_built(enum encoder_kind kind); /* its library was there at build time */

/* 0.127 bits a pixel, at least 200 kbit/s, at most 25 Mbit/s. */
int encoder_usual_bitrate(int width, int height, double framerate);

/* NULL: not built in, no device, refused by the library … with the reason. kind: not ENCODER_NONE. */
struct encoder *encoder_open(enum encoder_kind kind, const struct encoder_params *params, struct error *error);
void encoder_close(struct encoder *encoder);             /* NULL is fine */
const char *encoder_name(const struct encoder *encoder); /* "OpenH264", "bcm2835-codec (/dev/video11)" … */

/* Takes a frame, which may be gone after the call. next: the one to be sent after it, where that is there already, else
 * NULL: its colours may be converted meanwhile. It is as free to go after the call, and may be sent or not. key: make
 * frame a key frame. 0; 1: it has enough to do, receive first; -errno: it is broken and only encoder_close may follow.
 */
int encoder_send(struct encoder *encoder, const struct frame *frame, const struct frame *next, bool key,
                 struct error *error);

/* 1: *packet and *format are set, the packet's bytes until the next call for this encoder; 0: none within timeout_ms
 * (or nothing is pending); -errno: broken, -ETIMEDOUT among them. *format is the encoder's and changes only at a key
 * frame. */
int encoder_receive(struct encoder *encoder, int timeout_ms, struct packet *packet, const struct video_format **format,
                    struct error *error);

size_t encoder_owed(const struct encoder *encoder); /* frames that went in and did not come out yet */

/* The most memory that an open encoder takes, bytes. */
size_t encoder_scratch_bytes(enum encoder_kind kind, int width, int height);

/* --- choosing --- */

/* Seconds of this thread's CPU that a frame takes, over some drawn frames and for most_s at most; negative when it does
 * not work. */
double encoder_measure(enum encoder_kind kind, const struct encoder_params *params, double most_s, struct error *error);

/* What `auto` means here: hardware, else OpenH264 where it needs at most cpu_share of a core, else MJPEG. Takes up to a
 * second or two. why: a sentence for the log and `status`. */
enum encoder_kind encoder_choose(const struct encoder_params *params, double cpu_share, char *why, size_t why_bytes);

/* What to take when kind does not work: the next one that is built in, at last ENCODER_NONE. */
enum encoder_kind encoder_next(enum encoder_kind kind);

#endif
