/*
 * The one pass over a camera's pixels: from whatever the camera delivers to the R,G,B frame that is kept, of any other
 * size, turned or mirrored, with the mean on the way. Pure: no I/O, no clock, no log; nothing is allocated in ingest().
 */
#ifndef PASTCAM_MEDIA_INGEST_H
#define PASTCAM_MEDIA_INGEST_H

#include "media/frame.h"
#include "media/luma_grid.h"
#include "media/orientation.h"

/* What is done about an image whose proportions are not the frame's. */
enum fit {
	FIT_CROP,    /* its middle fills the frame */
	FIT_PAD,     /* all of it is shown, with black bars beside it or above and below */
	FIT_STRETCH, /* all of it fills the frame, distorted */
};

/* A part of an image, in shares of its width and height. All zeros is the whole. */
struct region {
	double x, y, width, height; /* 0-1; x + width and y + height are at most 1 */
};

struct ingest_params {
	int in_width, in_height;   /* of the images */
	int out_width, out_height; /* of the frames, after turning */
	enum fit fit;
	orientation turned;
	struct region region; /* of the image, before it is turned */
};

struct ingest;

/* Smaller directions are averaged by area, any ratio, larger ones interpolated. Same size, unturned, is conversion
 * alone. NULL when a size is not positive, or memory is out. */
struct ingest *ingest_create_for(const struct ingest_params *params);

/* The same with FIT_STRETCH, of the whole image, unturned. */
struct ingest *ingest_create(int in_width, int in_height, int out_width, int out_height);
void ingest_destroy(struct ingest *ingest);

/* Fills frame->pixels and frame->info.mean (exact: sum of all bytes / number of bytes, black bars included); other
 * members stay. image has the size of ingest_create, any format and stride; frame the other size. One thread at a time
 * per struct ingest. */
void ingest(struct ingest *ingest, const struct image *image, struct frame *frame);

/* The same, and fills grid from the frame's pixels while they are still in the cache. grid: of the frame's size; NULL: none. */
void ingest_with_luma(struct ingest *ingest, const struct image *image, struct frame *frame, struct luma_grid *grid);

#endif
