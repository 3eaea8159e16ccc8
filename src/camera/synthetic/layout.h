/* Pictures in the layouts that cameras deliver, made from R,G,B: what the synthetic camera shows when asked for another
 * format. The plain, slow counterpart of convert.h. Pure. */
#ifndef PASTCAM_CAMERA_LAYOUT_H
#define PASTCAM_CAMERA_LAYOUT_H

#include <stdbool.h>

#include "media/frame.h"

struct layout {
	const char *name; /* "NV12" … */
	enum pixel_format format;
	enum colour_matrix matrix;
	bool full_range;
};

/* NV12 is BT.709 of limited range, YUV420 BT.601 of full range, YUYV BT.601 of limited range: each YUV layout in
 * colours of its own, so that tests meet them all. */
const struct layout *layout_of(enum pixel_format format);

/* Rows are padded to 64 bytes. */
size_t layout_bytes(const struct layout *layout, int width, int height);

/* Fills pixels (layout_bytes of them) from tight R,G,B rows and makes *image a view of them. */
void layout_fill(const struct layout *layout, const uint8_t *rgb, int width, int height, uint8_t *pixels,
                 struct image *image);

#endif
