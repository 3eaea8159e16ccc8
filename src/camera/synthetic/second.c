#include "second.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../second_picture.h"
#include "layout.h"

int second_open(struct second *second, const struct camera_params *params, struct camera_description *description,
                struct error *error)
{
	const int width = params->second_width, height = params->second_height;
	*second = (struct second){ .small = { .width = width, .height = height } };
	if (!second_picture_fits(params, description))
		return 0;
	second->small.pixels = malloc(frame_bytes(width, height));
	second->ingest = ingest_create(params->width, params->height, width, height);
	if (!second->small.pixels || !second->ingest)
		return error_set(error, -ENOMEM, "no memory for the synthetic camera's second picture");
	snprintf(description->second, sizeof description->second, "%dx%d YUV420", width, height);
	return 0;
}

void second_close(struct second *second)
{
	ingest_destroy(second->ingest);
	free(second->small.pixels);
	*second = (struct second){ 0 };
}

size_t second_bytes(const struct second *second)
{
	return second->ingest ? layout_bytes(layout_of(PIXEL_YUV420), second->small.width, second->small.height) : 0;
}

void second_make(struct second *second, const struct image *rgb, uint8_t *pixels, struct image *image)
{
	const struct frame *small = &second->small;
	if (!second->ingest)
		return;
	ingest(second->ingest, rgb, &second->small);
	layout_fill(layout_of(PIXEL_YUV420), small->pixels, small->width, small->height, pixels, image);
}
