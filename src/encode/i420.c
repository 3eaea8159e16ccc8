#include "i420.h"

#include <libyuv.h>

void i420_from_frame(const struct frame *frame, struct i420 *picture)
{
	RAWToI420(frame->pixels, frame->width * FRAME_CHANNELS, picture->y, picture->stride_y, picture->u,
	          picture->stride_uv, picture->v, picture->stride_uv, picture->width, picture->height);
}

void i420_to_rgb(const struct i420 *picture, uint8_t *rgb)
{
	I420ToRAW(picture->y, picture->stride_y, picture->u, picture->stride_uv, picture->v, picture->stride_uv, rgb,
	          picture->width * FRAME_CHANNELS, picture->width, picture->height);
}
