/* What the synthetic camera draws into, and what outlives it while it is on lease. Only for synthetic.c. */
#ifndef PASTCAM_CAMERA_SYNTHETIC_BUFFER_H
#define PASTCAM_CAMERA_SYNTHETIC_BUFFER_H

#include <stdatomic.h>

#include "../camera_buffer.h"
#include "layout.h"
#include "scene.h"

struct synthetic_buffer {
	struct camera_buffer shared; /* first, see camera_buffer.h */
	struct scene_canvas canvas;
	uint8_t *pixels;        /* in another layout; NULL for RGB, which is the canvas itself */
	uint8_t *second_pixels; /* of the second picture; NULL without */
	size_t rgb_bytes, pixels_bytes, second_bytes;
	bool lent;
	atomic_bool ready; /* the camera may draw into it; until then it is preparation.h's */
};

/* NULL: no memory. */
struct synthetic_buffer *synthetic_buffer_create(const struct layout *layout, int width, int height,
                                                 size_t second_bytes, unsigned seed, bool still);
/* Has the kernel hand out its memory. Before anybody draws into it. */
void synthetic_buffer_touch(struct synthetic_buffer *buffer);

void synthetic_buffer_drop(struct synthetic_buffer *buffer); /* the camera's hold on it; NULL is fine */

#endif
