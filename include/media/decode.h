/*
 * JPEG and PNG pictures into R,G,B, for the replay camera and for cameras that deliver MJPEG. Bad input of any kind is
 * an error, never an exit and never more memory than the limit says.
 */
#ifndef PASTCAM_MEDIA_DECODE_H
#define PASTCAM_MEDIA_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { DECODE_PIXELS_MAX = 64 * 1024 * 1024 };

struct decoded {
	uint8_t *rgb; /* malloc'd, tight rows; the caller frees */
	int width, height;
};

/* data: a JPEG or PNG file's bytes, told apart by their first bytes. -EINVAL when it is neither or broken, -EFBIG
 * beyond DECODE_PIXELS_MAX, -ENOMEM. */
int decode_picture(const uint8_t *data, size_t bytes, struct decoded *decoded, struct error *error);

/* JPEG of a known size into memory that the caller has (width * height * 3 bytes). -EINVAL when the picture has another
 * size. */
int decode_jpeg_into(const uint8_t *data, size_t bytes, int width, int height, uint8_t *rgb, struct error *error);

#endif
