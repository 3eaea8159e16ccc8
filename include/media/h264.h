/*
 * As much of H.264 (ITU-T H.264, 07/2019) as containers need: finding NAL units, reading the size out of a sequence
 * parameter set, and going between the byte stream that encoders and decoders speak (Annex B) and what MP4 stores (see
 * packet.h). Pure; any bytes may come in.
 */
#ifndef PASTCAM_MEDIA_H264_H
#define PASTCAM_MEDIA_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "media/packet.h"

enum h264_nal_type { H264_SLICE = 1, H264_IDR = 5, H264_SEI = 6, H264_SPS = 7, H264_PPS = 8, H264_AUD = 9 };

struct h264_nal {
	const uint8_t *data; /* its header byte comes first */
	size_t bytes;        /* 1 and up */
};

/* The next NAL unit of a byte stream: *at moves behind it. False at the end. */
bool h264_next_nal(const uint8_t **at, const uint8_t *end, struct h264_nal *nal);

static inline int h264_nal_type(const struct h264_nal *nal)
{
	return nal->data[0] & 31;
}

struct h264_sps {
	int profile, constraints, level; /* the three bytes that avcC repeats */
	int width, height;               /* cropped */
};

/* -EINVAL when it is none, or describes pictures of no size or beyond 16384 in a direction. */
int h264_parse_sps(const struct h264_nal *nal, struct h264_sps *sps, struct error *error);

/* One access unit out of an encoder, in place: data holds a byte stream of bytes with room for room; on return it is as
 * packet.h says, *key tells whether it is an IDR picture. Parameter sets go into format (width and height too) when
 * there are any; delimiters, filler and SEI are dropped. Returns the new size, 0 when nothing but parameter sets was in
 * it; -EINVAL, or -ENOSPC when room is too small (it needs one byte more for each start code of three bytes). */
ssize_t h264_to_packet(uint8_t *data, size_t bytes, size_t room, struct video_format *format, bool *key,
                       struct error *error);

/* A packet as a byte stream for a decoder; a key frame gets the format's parameter sets before it. Returns the size;
 * -EINVAL for a packet that is not as packet.h says, -ENOSPC. */
ssize_t h264_to_stream(const struct video_format *format, const struct packet *packet, uint8_t *out, size_t room);

/* Is this a format that h264_to_stream can work with? */
bool h264_format_valid(const struct video_format *format);

#endif
