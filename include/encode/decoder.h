/*
 * One frame out of a run of packets, as R,G,B again. Packets are given in order from a key frame on; the last picture
 * that came out is what is asked for. One thread at a time per decoder.
 */
#ifndef PASTCAM_ENCODE_DECODER_H
#define PASTCAM_ENCODE_DECODER_H

#include <stdint.h>

#include "base/error.h"
#include "media/packet.h"

struct decoder;

/* NULL: the format is none that a decoder is built in for, or no memory. */
struct decoder *decoder_open(const struct video_format *format, struct error *error);
void decoder_close(struct decoder *decoder); /* NULL is fine */

/* Decodes the next packet; the first is a key frame. -EINVAL: it is damaged. */
int decoder_add(struct decoder *decoder, const struct packet *packet, struct error *error);

/* The picture of the last packet, into format.width x format.height tight rows of R,G,B. -ENODATA: there is none. */
int decoder_picture(struct decoder *decoder, uint8_t *rgb, struct error *error);

/* The most memory that an open decoder takes, bytes. */
size_t decoder_scratch_bytes(const struct video_format *format);

#endif
