/* The one thing that a picture's EXIF data tells about its pixels: how to turn them. Pure. */
#ifndef PASTCAM_MEDIA_EXIF_ORIENTATION_H
#define PASTCAM_MEDIA_EXIF_ORIENTATION_H

#include <stddef.h>
#include <stdint.h>

#include "media/orientation.h"

/* data: a TIFF structure, as in PNG's chunk eXIf and, after "Exif" and two zeros, in JPEG's marker APP1; with or
 * without that beginning. ORIENTATION_NORMAL where it says nothing, or is broken. */
orientation exif_orientation(const uint8_t *data, size_t bytes);

#endif
