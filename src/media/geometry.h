/* Which part of an image is shown, how large, and where. Pure. */
#ifndef PASTCAM_MEDIA_GEOMETRY_H
#define PASTCAM_MEDIA_GEOMETRY_H

#include "media/ingest.h"

struct geometry {
	int x, y, width, height;         /* the part of the image; x and y are even, for the sake of shared chroma */
	int middle_width, middle_height; /* it is averaged to this size: in no direction larger than the part … */
	int scaled_width, scaled_height; /* … and then enlarged to this: in no direction smaller */
	int left, top;                   /* where the frame shows it, once it is turned */
};

struct geometry geometry_of(const struct ingest_params *params);

/* The part of the image as an image of its own. */
struct image geometry_part(const struct geometry *geometry, const struct image *image);

/* count rows of an image from row y on, which is even. */
struct image geometry_rows(const struct image *image, int y, int count);

#endif
