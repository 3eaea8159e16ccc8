/* The pictures that encoders take, from R,G,B: BT.601's matrix, 16-235, chroma at half size. Private to the encoders.
 */
#ifndef PASTCAM_ENCODE_I420_H
#define PASTCAM_ENCODE_I420_H

#include "media/frame.h"

struct i420 {
	int width, height; /* even */
	uint8_t *y, *u, *v;
	int stride_y, stride_uv; /* bytes */
};

/* frame has the picture's size, or one column or row more, which is left out. */
void i420_from_frame(const struct frame *frame, struct i420 *picture);

/* Into tight rows of R,G,B, of the picture's size. */
void i420_to_rgb(const struct i420 *picture, uint8_t *rgb);

#endif
