/*
 * The plain definitions that the kernels are held to, slow and obvious, and pictures to try them on. Buffers are as
 * large as their contents, so that the address sanitizer sees a kernel read or write too far.
 */
#ifndef PASTCAM_REFERENCE_H
#define PASTCAM_REFERENCE_H

#include <stdlib.h>
#include <string.h>

#include "media/frame.h"

#define COUNT_OF(array) (sizeof array / sizeof *(array))

static const enum pixel_format reference_formats[] = {
	PIXEL_RGB, PIXEL_BGR, PIXEL_RGBX, PIXEL_BGRX, PIXEL_NV12, PIXEL_YUV420, PIXEL_YUYV,
};

/* xorshift32 */
static inline uint32_t reference_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

enum fill { FILL_RANDOM, FILL_LEAST, FILL_MOST, FILL_CHECKS, FILL_KINDS };

static inline void reference_fill(uint8_t *bytes, size_t count, enum fill fill, uint32_t seed)
{
	uint32_t state = seed + 1;
	for (size_t i = 0; i < count; i++) {
		const uint8_t choices[FILL_KINDS] = { (uint8_t)(reference_random(&state) >> 11), 0, 255,
			                                  state >> 9 & 1 ? 255 : 0 };
		bytes[i] = choices[fill];
	}
}

static inline bool reference_is_rgb(enum pixel_format format)
{
	return format == PIXEL_RGB || format == PIXEL_BGR || format == PIXEL_RGBX || format == PIXEL_BGRX;
}

/* Bytes of one row and number of rows of a plane; no rows where the format has no such plane. */
static inline size_t reference_plane(enum pixel_format format, int width, int height, int plane, size_t *rows)
{
	const size_t columns = (size_t)width, pairs = (columns + 1) / 2;
	const bool sub = format == PIXEL_NV12 || format == PIXEL_YUV420;
	const size_t first[] = { 3 * columns, 3 * columns, 4 * columns, 4 * columns, columns, columns, 4 * pairs };
	const int planes = format == PIXEL_NV12 ? 2 : format == PIXEL_YUV420 ? 3 : 1;
	*rows = plane >= planes ? 0 : plane > 0 && sub ? ((size_t)height + 1) / 2 : (size_t)height;
	return plane == 0 ? first[format] : format == PIXEL_NV12 ? 2 * pairs : pairs;
}

/* An image with `padding` bytes between rows. Release with reference_free. */
static inline struct image reference_image(enum pixel_format format, int width, int height, size_t padding,
                                           enum fill fill)
{
	struct image image = { .format = format, .width = width, .height = height };
	for (int plane = 0; plane < 3; plane++) {
		size_t rows;
		const size_t row_bytes = reference_plane(format, width, height, plane, &rows);
		if (rows == 0)
			continue;
		const size_t bytes = (row_bytes + padding) * (rows - 1) + row_bytes;
		uint8_t *memory = malloc(bytes);
		if (!memory)
			abort();
		reference_fill(memory, bytes, fill, (uint32_t)(width * 7919 + height * 31 + plane));
		image.plane[plane] = memory;
		image.stride[plane] = row_bytes + padding;
	}
	return image;
}

static inline void reference_free(const struct image *image)
{
	for (int plane = 0; plane < 3; plane++)
		free((void *)(uintptr_t)image->plane[plane]);
}

/* The bytes of one pixel as they are: R, G, B or Y, U, V. */
static inline void reference_samples(const struct image *image, int x, int y, double samples[3])
{
	const size_t column = (size_t)x, pair = column / 2;
	const uint8_t *row = image->plane[0] + (size_t)y * image->stride[0];
	const uint8_t *half[3] = { 0 };
	for (int plane = 1; plane < 3 && image->plane[plane]; plane++)
		half[plane] = image->plane[plane] + (size_t)(y / 2) * image->stride[plane];
	const uint8_t *s[3] = { 0 };
	switch (image->format) {
	case PIXEL_RGB:
		s[0] = row + 3 * column, s[1] = s[0] + 1, s[2] = s[0] + 2;
		break;
	case PIXEL_BGR:
		s[2] = row + 3 * column, s[1] = s[2] + 1, s[0] = s[2] + 2;
		break;
	case PIXEL_RGBX:
		s[0] = row + 4 * column, s[1] = s[0] + 1, s[2] = s[0] + 2;
		break;
	case PIXEL_BGRX:
		s[2] = row + 4 * column, s[1] = s[2] + 1, s[0] = s[2] + 2;
		break;
	case PIXEL_NV12:
		s[0] = row + column, s[1] = half[1] + 2 * pair, s[2] = s[1] + 1;
		break;
	case PIXEL_YUV420:
		s[0] = row + column, s[1] = half[1] + pair, s[2] = half[2] + pair;
		break;
	case PIXEL_YUYV:
		s[0] = row + 2 * column, s[1] = row + 4 * pair + 1, s[2] = row + 4 * pair + 3;
		break;
	}
	for (int i = 0; i < 3; i++)
		samples[i] = *s[i];
}

static inline double reference_clamp(double level)
{
	return level < 0 ? 0 : level > 255 ? 255 : level;
}

/* ITU-R BT.601 and BT.709; YUV in, R, G, B out, in place. Nothing to do where the samples are R, G, B. */
static inline void reference_to_rgb(const struct image *image, double samples[3])
{
	if (reference_is_rgb(image->format))
		return;
	const double kr = image->matrix == COLOUR_BT709 ? 0.2126 : 0.299;
	const double kb = image->matrix == COLOUR_BT709 ? 0.0722 : 0.114;
	const double y = image->full_range ? samples[0] : (samples[0] - 16) * 255 / 219;
	const double pb = (samples[1] - 128) / (image->full_range ? 255.0 : 224.0);
	const double pr = (samples[2] - 128) / (image->full_range ? 255.0 : 224.0);
	const double red = y + 255 * 2 * (1 - kr) * pr;
	const double blue = y + 255 * 2 * (1 - kb) * pb;
	samples[0] = reference_clamp(red);
	samples[1] = reference_clamp((y - kr * red - kb * blue) / (1 - kr - kb));
	samples[2] = reference_clamp(blue);
}

static inline double reference_overlap(int index, double begin, double end)
{
	const double from = index > begin ? index : begin, to = index + 1 < end ? index + 1 : end;
	return to > from ? to - from : 0;
}

/* What the pixel (x, y) of the image averaged down to out_width x out_height should be. */
static inline void reference_area(const struct image *image, int out_width, int out_height, int x, int y,
                                  double average[3])
{
	const double across = (double)image->width / out_width, down = (double)image->height / out_height;
	double sums[3] = { 0 };
	for (int row = (int)(y * down); row < image->height && row < (y + 1) * down; row++)
		for (int column = (int)(x * across); column < image->width && column < (x + 1) * across; column++) {
			const double weight = reference_overlap(row, y * down, (y + 1) * down) *
			                      reference_overlap(column, x * across, (x + 1) * across);
			double samples[3];
			reference_samples(image, column, row, samples);
			for (int i = 0; i < 3; i++)
				sums[i] += weight * samples[i];
		}
	for (int i = 0; i < 3; i++)
		average[i] = sums[i] / (across * down);
	reference_to_rgb(image, average);
}

static inline uint64_t reference_sum(const uint8_t *bytes, size_t count)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += bytes[i];
	return sum;
}

/* FNV-1a: pins a result to the bit, so that every compiler and processor must agree on it. */
static inline uint32_t reference_hash(const uint8_t *bytes, size_t count, uint32_t hash)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}

#endif
