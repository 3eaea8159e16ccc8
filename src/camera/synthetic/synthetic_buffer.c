#include "synthetic_buffer.h"

#include <stdlib.h>

#include "base/memory.h"

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
	buffer->rgb_bytes = frame_bytes(width, height);
	buffer->pixels_bytes = layout->format == PIXEL_RGB ? 0 : layout_bytes(layout, width, height);
	buffer->second_bytes = second_bytes;
	buffer->canvas.seed = seed;
	buffer->canvas.still = still;
	buffer->canvas.rgb = malloc(buffer->rgb_bytes);
	bool complete = buffer->canvas.rgb;
	if (complete && buffer->pixels_bytes > 0) {
		buffer->pixels = malloc(buffer->pixels_bytes);
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

static void touch(uint8_t *memory, size_t bytes)
{
	if (bytes == 0)
		return;
	memory_populate(memory, bytes);
	memory_rewrite(memory, bytes);
}

void synthetic_buffer_touch(struct synthetic_buffer *buffer)
{
	touch(buffer->canvas.rgb, buffer->rgb_bytes);
	touch(buffer->pixels, buffer->pixels_bytes);
	touch(buffer->second_pixels, buffer->second_bytes);
}

void synthetic_buffer_drop(struct synthetic_buffer *buffer)
{
	camera_buffer_drop(buffer ? &buffer->shared : NULL);
}
