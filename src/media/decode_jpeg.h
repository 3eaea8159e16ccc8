/* The JPEG half of decode.h. */
#ifndef PASTCAM_MEDIA_DECODE_JPEG_H
#define PASTCAM_MEDIA_DECODE_JPEG_H

#include "media/decode.h"

/* Sets the size and allocates rgb, or takes it from the room; -EFBIG beyond DECODE_PIXELS_MAX. */
int decode_allocate(struct decoded *decoded, uint32_t width, uint32_t height, struct error *error);

/* On failure decoded->rgb may be set; the caller frees it unless it is the room's. */
int decode_jpeg(const uint8_t *data, size_t bytes, struct decoded *decoded, struct error *error);

#endif
