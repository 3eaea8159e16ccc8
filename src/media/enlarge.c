#include "enlarge.h"

#include <stdlib.h>

#include "media/frame.h"
#include "media/luma.h"

enum { FRACTION_BITS = 8, FRACTION_ONE = 1 << FRACTION_BITS };

/* Where an output pixel's centre falls between two input pixels. */
struct tap {
	size_t first, second;
	unsigned weight; /* of second, in FRACTION_ONE */
};

struct enlarge {
	int in_width, in_height, out_width, out_height;
	struct tap *columns;
	uint8_t *input;
};

static struct tap tap_at(int out, int out_size, int in_size)
{
	double at = (out + 0.5) * in_size / out_size - 0.5;

	if (at < 0)
		at = 0;
	size_t first = (size_t)at, last = (size_t)in_size - 1;
	if (first >= last)
		return (struct tap){ last, last, 0 };
	return (struct tap){ first, first + 1, (unsigned)((at - (double)first) * FRACTION_ONE) };
}

struct enlarge *enlarge_create(int in_width, int in_height, int out_width, int out_height)
{
	struct enlarge *enlarge = calloc(1, sizeof *enlarge);
	if (!enlarge)
		return NULL;
	enlarge->in_width = in_width;
	enlarge->in_height = in_height;
	enlarge->out_width = out_width;
	enlarge->out_height = out_height;
	enlarge->columns = malloc((size_t)out_width * sizeof *enlarge->columns);
	enlarge->input = malloc(frame_bytes(in_width, in_height));
	if (!enlarge->columns || !enlarge->input) {
		enlarge_destroy(enlarge);
		return NULL;
	}
	for (int x = 0; x < out_width; x++)
		enlarge->columns[x] = tap_at(x, out_width, in_width);
	return enlarge;
}

void enlarge_destroy(struct enlarge *enlarge)
{
	if (!enlarge)
		return;
	free(enlarge->columns);
	free(enlarge->input);
	free(enlarge);
}

uint8_t *enlarge_input(struct enlarge *enlarge)
{
	return enlarge->input;
}

static unsigned blend(unsigned first, unsigned second, unsigned weight)
{
	return first * (FRACTION_ONE - weight) + second * weight;
}

static void enlarge_row(const struct enlarge *enlarge, struct tap row, uint8_t *rgb)
{
	const size_t stride = frame_bytes(enlarge->in_width, 1);
	const uint8_t *above = enlarge->input + row.first * stride, *below = enlarge->input + row.second * stride;
	const unsigned half = 1u << (2 * FRACTION_BITS - 1);

	for (int x = 0; x < enlarge->out_width; x++) {
		const struct tap column = enlarge->columns[x];
		const size_t left = column.first * FRAME_CHANNELS, right = column.second * FRAME_CHANNELS;

		for (size_t channel = 0; channel < FRAME_CHANNELS; channel++) {
			unsigned upper = blend(above[left + channel], above[right + channel], column.weight);
			unsigned lower = blend(below[left + channel], below[right + channel], column.weight);
			*rgb++ = (uint8_t)((blend(upper, lower, row.weight) + half) >> (2 * FRACTION_BITS));
		}
	}
}

uint64_t enlarge_rows(const struct enlarge *enlarge, int first, int count, uint8_t *rgb)
{
	const size_t stride = frame_bytes(enlarge->out_width, 1);
	for (int i = 0; i < count; i++)
		enlarge_row(enlarge, tap_at(first + i, enlarge->out_height, enlarge->in_height), rgb + (size_t)i * stride);
	return luma_sum(rgb, (size_t)count * stride);
}
