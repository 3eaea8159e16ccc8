/* What encoders have in common, and what each brings. Private to the encoders. */
#ifndef PASTCAM_ENCODE_ENCODER_BACKEND_H
#define PASTCAM_ENCODE_ENCODER_BACKEND_H

#include "encode/encoder.h"

struct encoder_output {
	uint8_t *data; /* writable, room bytes; valid until the backend's next call */
	size_t bytes, room;
	int64_t timestamp_us; /* of the frame, as it went in */
};

struct encoder_backend {
	enum video_codec codec;
	/* The backend's own; NULL with the reason. name: what it calls itself; stays where it is until close. */
	void *(*open)(const struct encoder_params *params, char name[64], struct error *error);
	void (*close)(void *own);
	/* 0; 1: full; -errno: broken. next: see encoder_send. key: nothing is pending. */
	int (*send)(void *own, const struct frame *frame, const struct frame *next, int64_t timestamp_us, bool key,
	            struct error *error);
	/* 1: output is set; 0: nothing within timeout_ms; -errno: broken. H.264 comes as a byte stream. */
	int (*receive)(void *own, int timeout_ms, struct encoder_output *output, struct error *error);
	size_t (*scratch_bytes)(int width, int height);
};

extern const struct encoder_backend encoder_v4l2, encoder_openh264, encoder_mjpeg;

#endif
