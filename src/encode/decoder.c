#include "encode/decoder.h"

#include <errno.h>
#include <stdlib.h>

#include "h264_decoder.h"
#include "media/decode.h"

struct decoder {
	struct video_format format;
	struct h264_decoder *h264; /* NULL: MJPEG */
	uint8_t *jpeg;             /* a copy of the last packet, or NULL */
	size_t jpeg_bytes;
};

struct decoder *decoder_open(const struct video_format *format, struct error *error)
{
	struct decoder *decoder = calloc(1, sizeof *decoder);
	if (!decoder) {
		error_set(error, -ENOMEM, "no memory to decode video");
		return NULL;
	}
	decoder->format = *format;
	if (format->codec == VIDEO_H264)
		decoder->h264 = h264_decoder_open(format, error);
	if (format->codec == VIDEO_H264 && !decoder->h264) {
		free(decoder);
		return NULL;
	}
	return decoder;
}

void decoder_close(struct decoder *decoder)
{
	if (!decoder)
		return;
	h264_decoder_close(decoder->h264);
	free(decoder->jpeg);
	free(decoder);
}

/* A JPEG picture is decoded only when it is asked for. */
static int keep_jpeg(struct decoder *decoder, const struct packet *packet, struct error *error)
{
	uint8_t *grown = realloc(decoder->jpeg, packet->bytes);
	if (!grown)
		return error_set(error, -ENOMEM, "no memory to decode video");
	memcpy(grown, packet->data, packet->bytes);
	decoder->jpeg = grown;
	decoder->jpeg_bytes = packet->bytes;
	return 0;
}

int decoder_add(struct decoder *decoder, const struct packet *packet, struct error *error)
{
	if (packet->bytes == 0)
		return error_set(error, -EINVAL, "an empty packet");
	return decoder->h264 ? h264_decoder_add(decoder->h264, packet, error) : keep_jpeg(decoder, packet, error);
}

int decoder_picture(struct decoder *decoder, uint8_t *rgb, struct error *error)
{
	const struct video_format *format = &decoder->format;
	if (decoder->h264)
		return h264_decoder_picture(decoder->h264, rgb, error);
	if (!decoder->jpeg)
		return error_set(error, -ENODATA, "no picture yet");
	return decode_jpeg_into(decoder->jpeg, decoder->jpeg_bytes, format->width, format->height, rgb, error);
}

size_t decoder_scratch_bytes(const struct video_format *format)
{
	enum { BYTES_A_PIXEL = 14, BYTES = 4 << 20 }; /* 12.9 MiB of OpenH264 at 1024x768 were measured */
	size_t pixels = (size_t)format->width * (size_t)format->height;
	return format->codec == VIDEO_H264 ? pixels * BYTES_A_PIXEL + BYTES : pixels + BYTES;
}
