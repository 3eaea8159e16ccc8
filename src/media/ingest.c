#include "media/ingest.h"

#include <stdlib.h>

#include "area.h"
#include "convert.h"

struct ingest {
	struct area *area; /* NULL when frames are as large as images */
};

struct ingest *ingest_create(int in_width, int in_height, int out_width, int out_height)
{
	struct ingest *ingest = calloc(1, sizeof *ingest);
	if (!ingest || (in_width == out_width && in_height == out_height))
		return ingest;
	ingest->area = area_create(in_width, in_height, out_width, out_height);
	if (!ingest->area) {
		ingest_destroy(ingest);
		return NULL;
	}
	return ingest;
}

void ingest_destroy(struct ingest *ingest)
{
	if (!ingest)
		return;
	area_destroy(ingest->area);
	free(ingest);
}

void ingest(struct ingest *ingest, const struct image *image, struct frame *frame)
{
	const uint64_t sum =
	    ingest->area ? area_image(ingest->area, image, frame->pixels) : convert_image(image, frame->pixels);
	frame->info.mean = (double)sum / (double)frame_bytes(frame->width, frame->height);
}
