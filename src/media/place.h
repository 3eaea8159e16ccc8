/* Rows of a picture into a frame, turned. Private to src/media. */
#ifndef PASTCAM_MEDIA_PLACE_H
#define PASTCAM_MEDIA_PLACE_H

#include "geometry.h"

/* rgb: count tight rows of the scaled picture, from row first on. They go where the frame shows them. */
void place_rows(const struct geometry *geometry, orientation turned, const uint8_t *rgb, int first, int count,
                struct frame *frame);

/* Blackens what no row goes to. */
void place_bars(const struct geometry *geometry, orientation turned, struct frame *frame);

#endif
