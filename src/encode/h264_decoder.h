/* H.264 by OpenH264; private to the decoder. Without the library h264_decoder_open fails and says so. */
#ifndef PASTCAM_ENCODE_H264_DECODER_H
#define PASTCAM_ENCODE_H264_DECODER_H

#include "base/error.h"
#include "media/packet.h"

struct h264_decoder;

struct h264_decoder *h264_decoder_open(const struct video_format *format, struct error *error);
void h264_decoder_close(struct h264_decoder *decoder); /* NULL is fine */
int h264_decoder_add(struct h264_decoder *decoder, const struct packet *packet, struct error *error);
int h264_decoder_picture(struct h264_decoder *decoder, uint8_t *rgb, struct error *error);

#endif
