/*
 * The one pass over a camera's pixels: from whatever the camera delivers to the R,G,B frame that is kept, same size or
 * smaller, with the mean on the way. Pure: no I/O, no clock, no log; nothing is allocated in ingest().
 */
#ifndef PASTCAM_MEDIA_INGEST_H
#define PASTCAM_MEDIA_INGEST_H

#include "media/frame.h"

struct ingest;

/* Prepares for images of in_width x in_height to become frames of out_width x out_height. Out may be equal (conversion
 * alone) or smaller in both directions (area average, any ratio). NULL when out is larger in a direction, or memory is
 * out. */
struct ingest *ingest_create(int in_width, int in_height, int out_width, int out_height);
void ingest_destroy(struct ingest *ingest);

/* Fills frame->pixels and frame->info.mean (exact: sum of all bytes / number of bytes); other members stay. image has
 * the size of ingest_create, any format and stride; frame the other size. One thread at a time per struct ingest. */
void ingest(struct ingest *ingest, const struct image *image, struct frame *frame);

#endif
