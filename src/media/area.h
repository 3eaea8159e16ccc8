/*
 * Area average: every pixel of the smaller picture is the mean of the area of the larger one that it covers, pixels at
 * its border by the share that lies inside. YUV is averaged before it is converted, a chroma sample counting for the
 * pixels it colours: the same as averaging R,G,B, but for colours that no R,G,B can show, and half the work or less.
 * Private to src/media and its tests and benches.
 */
#ifndef PASTCAM_MEDIA_AREA_H
#define PASTCAM_MEDIA_AREA_H

#include "media/frame.h"

struct area;

/* NULL when out is larger than in in a direction, a size is not positive, or memory is out. */
struct area *area_create(int in_width, int in_height, int out_width, int out_height);
void area_destroy(struct area *area);

/* Averages the image into tight rows of R,G,B. R,G,B inputs are rounded half up, with no other error.
 * Returns the sum of all bytes written. */
uint64_t area_image(struct area *area, const struct image *image, uint8_t *rgb);

/* The same for count rows of the output, from row first on; rgb is where that goes. */
uint64_t area_rows(struct area *area, const struct image *image, int first, int count, uint8_t *rgb);

#endif
