/*
 * Compressed frames. H.264 is kept the way MP4 stores it: each NAL unit behind its length (four bytes, big-endian), the
 * parameter sets apart in the format. Pure.
 */
#ifndef PASTCAM_MEDIA_PACKET_H
#define PASTCAM_MEDIA_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "media/frame.h"

enum video_codec { VIDEO_H264, VIDEO_MJPEG };

/* What must be known to decode a run of packets. */
enum { VIDEO_CONFIG_BYTES = 256 };
struct video_format {
	enum video_codec codec;
	int width, height;   /* pixels, of the pictures that come out */
	size_t config_bytes; /* H.264: an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1); MJPEG: none */
	uint8_t config[VIDEO_CONFIG_BYTES];
};

/* One frame; a view that owns nothing. frame.id and frame.timestamp_ns are those of the frame that went in. */
struct packet {
	const uint8_t *data;
	size_t bytes;
	bool key;        /* can be decoded by itself, and nothing after it needs what is before it */
	bool after_rest; /* the frames between the packet before and this one were left out on purpose */
	struct frame_info frame;
};

static inline bool video_format_equal(const struct video_format *one, const struct video_format *other)
{
	return one->codec == other->codec && one->width == other->width && one->height == other->height &&
	       one->config_bytes == other->config_bytes && memcmp(one->config, other->config, one->config_bytes) == 0;
}

/* "H.264", "MJPEG". */
static inline const char *video_codec_text(enum video_codec codec)
{
	return codec == VIDEO_H264 ? "H.264" : "MJPEG";
}

#endif
