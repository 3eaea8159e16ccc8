/* The PNG half of decode.h. */
#ifndef PASTCAM_MEDIA_DECODE_PNG_H
#define PASTCAM_MEDIA_DECODE_PNG_H

#include "media/decode.h"

/* On failure decoded->rgb may be set; the caller frees it. */
int decode_png(const uint8_t *data, size_t bytes, struct decoded *decoded, struct error *error);

#endif
