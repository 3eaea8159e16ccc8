#include "place.h"

#include <string.h>

#include "media/kernel.h"

static KERNEL_PART void copy_pixel(const uint8_t *from, uint8_t *to)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
}

KERNEL static void mirror_row(const uint8_t *restrict row, size_t width, uint8_t *restrict to)
{
	for (size_t x = 0; x < width; x++)
		copy_pixel(row + FRAME_CHANNELS * (width - 1 - x), to + FRAME_CHANNELS * x);
}

/* A column of the strip becomes pixels side by side. */
static KERNEL_PART void column_to_row(const uint8_t *restrict column, size_t stride, int count, uint8_t *restrict to)
{
	for (int y = 0; y < count; y++)
		copy_pixel(column + (size_t)y * stride, to + FRAME_CHANNELS * (size_t)y);
}

static KERNEL_PART void column_to_mirrored_row(const uint8_t *restrict column, size_t stride, int count,
                                               uint8_t *restrict to)
{
	for (int y = 0; y < count; y++)
		copy_pixel(column + (size_t)(count - 1 - y) * stride, to + FRAME_CHANNELS * (size_t)y);
}

static uint8_t *pixel_of(const struct geometry *geometry, struct frame *frame, int x, int y)
{
	return frame->pixels + frame_bytes(frame->width, geometry->top + y) + frame_bytes(geometry->left + x, 1);
}

static void place_row(const struct geometry *geometry, orientation turned, const uint8_t *row, int y,
                      struct frame *frame)
{
	const bool upside_down = (turned & ORIENTATION_MIRROR_Y) != 0;
	uint8_t *to = pixel_of(geometry, frame, 0, upside_down ? geometry->scaled_height - 1 - y : y);
	if (turned & ORIENTATION_MIRROR_X)
		mirror_row(row, (size_t)geometry->scaled_width, to);
	else
		memcpy(to, row, frame_bytes(geometry->scaled_width, 1));
}

/* Turned by a quarter, rows become columns: a strip of them fills a few pixels of each row of the frame. */
KERNEL static void place_columns(const struct geometry *geometry, orientation turned, const uint8_t *rgb, int first,
                                 int count, struct frame *frame)
{
	const bool backwards = (turned & ORIENTATION_MIRROR_Y) != 0;
	const size_t stride = frame_bytes(geometry->scaled_width, 1);
	const int column = backwards ? geometry->scaled_height - first - count : first;
	for (int x = 0; x < geometry->scaled_width; x++) {
		const int row = turned & ORIENTATION_MIRROR_X ? geometry->scaled_width - 1 - x : x;
		uint8_t *to = pixel_of(geometry, frame, column, row);
		if (backwards)
			column_to_mirrored_row(rgb + frame_bytes(x, 1), stride, count, to);
		else
			column_to_row(rgb + frame_bytes(x, 1), stride, count, to);
	}
}

void place_rows(const struct geometry *geometry, orientation turned, const uint8_t *rgb, int first, int count,
                struct frame *frame)
{
	if (orientation_swaps(turned)) {
		place_columns(geometry, turned, rgb, first, count, frame);
		return;
	}
	for (int i = 0; i < count; i++)
		place_row(geometry, turned, rgb + frame_bytes(geometry->scaled_width, i), first + i, frame);
}

void place_bars(const struct geometry *geometry, orientation turned, struct frame *frame)
{
	const bool swapped = orientation_swaps(turned);
	const int width = swapped ? geometry->scaled_height : geometry->scaled_width;
	const int height = swapped ? geometry->scaled_width : geometry->scaled_height;
	const int bottom = geometry->top + height, right = geometry->left + width;
	memset(frame->pixels, 0, frame_bytes(frame->width, geometry->top));
	memset(frame->pixels + frame_bytes(frame->width, bottom), 0, frame_bytes(frame->width, frame->height - bottom));
	if (width == frame->width)
		return;
	for (int y = geometry->top; y < bottom; y++) {
		uint8_t *row = frame->pixels + frame_bytes(frame->width, y);
		memset(row, 0, frame_bytes(geometry->left, 1));
		memset(row + frame_bytes(right, 1), 0, frame_bytes(frame->width - right, 1));
	}
}
