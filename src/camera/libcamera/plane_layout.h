/* Where the planes of a camera's picture lie in one piece of memory. Pure. */
#ifndef PASTCAM_CAMERA_PLANE_LAYOUT_H
#define PASTCAM_CAMERA_PLANE_LAYOUT_H

#include <stddef.h>

#include "media/frame.h"

struct plane_layout {
	size_t count;
	size_t offset[3], stride[3], length[3]; /* bytes; length is all that belongs to the plane, padding too */
	size_t bytes;                           /* of the whole */
};

/* stride: of the first plane. frame_bytes: what the camera asks for in all; what goes beyond the pixels counts to the
 * last plane, since the planes must join without gaps. */
struct plane_layout plane_layout_of(enum pixel_format format, size_t stride, size_t rows, size_t frame_bytes);

#endif
