/* Memory that a camera writes and that others may still hold when the camera has gone. Backends embed it as the first
 * member of their buffers. */
#ifndef PASTCAM_CAMERA_CAMERA_BUFFER_H
#define PASTCAM_CAMERA_CAMERA_BUFFER_H

#include <stdbool.h>

#include "camera/lease.h"

struct camera_buffer {
	int holders;                                   /* atomic; the backend is one */
	void (*destroy)(struct camera_buffer *buffer); /* called by the last, on its thread; frees the buffer too */
	struct camera_plane plane[CAMERA_PLANES], second_plane[CAMERA_PLANES];
};

/* Held by the caller alone, without descriptors. */
void camera_buffer_init(struct camera_buffer *buffer, void (*destroy)(struct camera_buffer *buffer));

/* Any thread; NULL is fine for drop. */
void camera_buffer_hold(struct camera_buffer *buffer);
void camera_buffer_drop(struct camera_buffer *buffer);

/* True when nobody but the backend holds it, so that the camera may write to it. What holders read happened before. */
bool camera_buffer_is_free(const struct camera_buffer *buffer);

#endif
