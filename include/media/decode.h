/*
 * JPEG and PNG pictures into R,G,B, for the replay camera and for cameras that deliver MJPEG. Whatever shows all its
 * pixels is taken: what is odd about the file besides (an unknown marker, no end) is its own business. A picture of
 * which pixels are lost is refused. Bad input of any kind is an error, never an exit and never more memory than the
 * limit says.
 */
#ifndef PASTCAM_MEDIA_DECODE_H
#define PASTCAM_MEDIA_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "media/orientation.h"

enum { DECODE_PIXELS_MAX = 64 * 1024 * 1024 };

/* Memory for pictures one after the other: fresh pages for each cost a third of what decoding does. Starts as all
 * zeros; its owner frees rgb. */
struct decode_room {
	uint8_t *rgb;
	size_t bytes;
};

struct decoded {
	uint8_t *rgb; /* tight rows */
	int width, height;
	orientation turned; /* how EXIF wants it turned to be looked at; rgb is as it is stored */

	/* private */
	struct decode_room *room;
};

/* data: a JPEG or PNG file's bytes, told apart by their first bytes. CMYK becomes R,G,B without a colour profile; what
 * is transparent is shown as if it were not; samples of more than 8 bits are rounded. -EINVAL when it is neither or
 * broken, -EFBIG beyond DECODE_PIXELS_MAX, -ENOMEM. decoded->rgb is malloc'd, and the caller frees it. */
int decode_picture(const uint8_t *data, size_t bytes, struct decoded *decoded, struct error *error);

/* The same into room, which grows where the picture needs that; decoded->rgb is room's, until the next picture. */
int decode_picture_into(const uint8_t *data, size_t bytes, struct decode_room *room, struct decoded *decoded,
                        struct error *error);

/* JPEG of a known size into memory that the caller has (width * height * 3 bytes), never turned. -EINVAL when the
 * picture has another size. */
int decode_jpeg_into(const uint8_t *data, size_t bytes, int width, int height, uint8_t *rgb, struct error *error);

#endif
