#include "synthetic_buffer.h"

#include <stdlib.h>

static void destroy(struct camera_buffer *shared)
{
	struct synthetic_buffer *buffer = (struct synthetic_buffer *)shared;
	free(buffer->canvas.rgb);
	free(buffer->pixels);
	free(buffer->second_pixels);
	free(buffer);
}

struct synthetic_buffer *synthetic_buffer_create(const struct layout *layout, int width, int height,
                                                 size_t second_bytes, unsigned seed, bool still)
{
	struct synthetic_buffer *buffer = calloc(1, sizeof *buffer);
	if (!buffer)
		return NULL;
	camera_buffer_init(&buffer->shared, destroy);
	buffer->canvas.seed = seed;
	buffer->canvas.still = still;
	buffer->canvas.rgb = malloc(frame_bytes(width, height));
	bool complete = buffer->canvas.rgb;
	if (complete && layout->format != PIXEL_RGB) {
		buffer->pixels = malloc(layout_bytes(layout, width, height));
		complete = buffer->pixels;
	}
	if (complete && second_bytes > 0) {
		buffer->second_pixels = malloc(second_bytes);
		complete = buffer->second_pixels;
	}
	if (!complete)
		synthetic_buffer_drop(buffer);
	return complete ? buffer : NULL;
}

void synthetic_buffer_drop(struct synthetic_buffer *buffer)
{
	camera_buffer_drop(buffer ? &buffer->shared : NULL);
}
