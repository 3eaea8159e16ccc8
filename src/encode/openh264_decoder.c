#include <errno.h>
#include <stdlib.h>

#include <wels/codec_api.h>

#include "h264_decoder.h"
#include "i420.h"
#include "media/h264.h"

enum { STREAM_EXTRA_BYTES = 1024 }; /* start codes and parameter sets, beside a packet */

struct h264_decoder {
	struct video_format format;
	ISVCDecoder *decoder;
	uint8_t *stream;
	size_t room;
	struct i420 picture; /* y is NULL: none yet */
};

struct h264_decoder *h264_decoder_open(const struct video_format *format, struct error *error)
{
	SDecodingParam params = { .eEcActiveIdc = ERROR_CON_DISABLE,
		                      .sVideoProperty = { .size = sizeof(SVideoProperty),
		                                          .eVideoBsType = VIDEO_BITSTREAM_AVC } };
	int quiet = WELS_LOG_QUIET;
	struct h264_decoder *decoder = calloc(1, sizeof *decoder);
	if (!decoder || WelsCreateDecoder(&decoder->decoder) != 0) {
		error_set(error, -ENOMEM, "no memory to decode H.264");
		free(decoder);
		return NULL;
	}
	decoder->format = *format;
	(*decoder->decoder)->SetOption(decoder->decoder, DECODER_OPTION_TRACE_LEVEL, &quiet);
	if ((*decoder->decoder)->Initialize(decoder->decoder, &params) == 0)
		return decoder;
	h264_decoder_close(decoder);
	error_set(error, -EINVAL, "OpenH264 cannot be started to decode");
	return NULL;
}

void h264_decoder_close(struct h264_decoder *decoder)
{
	if (!decoder)
		return;
	(*decoder->decoder)->Uninitialize(decoder->decoder);
	WelsDestroyDecoder(decoder->decoder);
	free(decoder->stream);
	free(decoder);
}

static bool make_room(struct h264_decoder *decoder, size_t bytes)
{
	if (bytes <= decoder->room)
		return true;
	uint8_t *grown = realloc(decoder->stream, bytes);
	if (!grown)
		return false;
	decoder->stream = grown;
	decoder->room = bytes;
	return true;
}

int h264_decoder_add(struct h264_decoder *decoder, const struct packet *packet, struct error *error)
{
	SBufferInfo info = { 0 };
	unsigned char *planes[3] = { NULL };
	if (!make_room(decoder, packet->bytes + STREAM_EXTRA_BYTES))
		return error_set(error, -ENOMEM, "no memory to decode H.264");
	ssize_t bytes = h264_to_stream(&decoder->format, packet, decoder->stream, decoder->room);
	if (bytes < 0)
		return error_set(error, (int)bytes, "a packet that is no H.264");
	decoder->picture.y = NULL;
	DECODING_STATE state =
	    (*decoder->decoder)->DecodeFrameNoDelay(decoder->decoder, decoder->stream, (int)bytes, planes, &info);
	/* Beyond the baseline profile it holds pictures back for B frames, which there are none of. */
	if (state == dsErrorFree && info.iBufferStatus != 1)
		state = (*decoder->decoder)->FlushFrame(decoder->decoder, planes, &info);
	if (state != dsErrorFree)
		return error_set(error, -EINVAL, "OpenH264 cannot decode a packet (0x%x)", (unsigned)state);
	if (info.iBufferStatus != 1)
		return 0;
	const SSysMEMBuffer *picture = &info.UsrData.sSystemBuffer;
	if (picture->iWidth != decoder->format.width || picture->iHeight != decoder->format.height)
		return error_set(error, -EINVAL, "a packet of %dx%d in a video of %dx%d", picture->iWidth, picture->iHeight,
		                 decoder->format.width, decoder->format.height);
	decoder->picture = (struct i420){ .width = picture->iWidth,
		                              .height = picture->iHeight,
		                              .y = planes[0],
		                              .u = planes[1],
		                              .v = planes[2],
		                              .stride_y = picture->iStride[0],
		                              .stride_uv = picture->iStride[1] };
	return 0;
}

int h264_decoder_picture(struct h264_decoder *decoder, uint8_t *rgb, struct error *error)
{
	if (!decoder->picture.y)
		return error_set(error, -ENODATA, "no picture yet");
	i420_to_rgb(&decoder->picture, rgb);
	return 0;
}
