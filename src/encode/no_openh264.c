/* In place of openh264_decoder.c where OpenH264 is not there at build time. */
#include <errno.h>

#include "h264_decoder.h"

struct h264_decoder *h264_decoder_open(const struct video_format *format, struct error *error)
{
	(void)format;
	error_set(error, -ENOTSUP, "H.264 cannot be decoded: OpenH264 is not built in");
	return NULL;
}

void h264_decoder_close(struct h264_decoder *decoder)
{
	(void)decoder;
}

int h264_decoder_add(struct h264_decoder *decoder, const struct packet *packet, struct error *error)
{
	(void)decoder, (void)packet;
	return error_set(error, -ENOTSUP, "OpenH264 is not built in");
}

int h264_decoder_picture(struct h264_decoder *decoder, uint8_t *rgb, struct error *error)
{
	(void)decoder, (void)rgb;
	return error_set(error, -ENOTSUP, "OpenH264 is not built in");
}
