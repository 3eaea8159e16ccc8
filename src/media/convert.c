#include "convert.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "media/kernel.h"
#include "media/luma.h"
#include "packed_rows.h"
#include "yuv_rows.h"

/* Pixels that are worked on at a time: even, and what lies between the steps stays in the first-level cache. */
enum { BLOCK = 256, CACHE_LINE_BYTES = 64 };

struct chroma {
	int16_t red[BLOCK], green[BLOCK], blue[BLOCK];
};

struct planes {
	uint8_t red[BLOCK], green[BLOCK], blue[BLOCK];
};

static int16_t fixed(double value)
{
	return (int16_t)lround(value * (1 << CONVERT_FRACTION_BITS));
}

struct convert_matrix convert_matrix_of(enum colour_matrix matrix, bool full_range)
{
	const double kr = matrix == COLOUR_BT709 ? 0.2126 : 0.299;
	const double kb = matrix == COLOUR_BT709 ? 0.0722 : 0.114;
	const double kg = 1 - kr - kb;
	const double luma = full_range ? 1 : 255.0 / 219;
	const double chroma = full_range ? 1 : 255.0 / 224;
	return (struct convert_matrix){
		.luma = (uint16_t)fixed(luma * 256),
		.red_v = fixed(2 * (1 - kr) * chroma * 256),
		.green_u = fixed(-2 * (1 - kb) * kb / kg * chroma * 256),
		.green_v = fixed(-2 * (1 - kr) * kr / kg * chroma * 256),
		.blue_u = fixed(2 * (1 - kb) * chroma * 256),
		.offset = fixed(0.5 - (full_range ? 0 : 16 * luma)),
	};
}

/* The upper half of a product is one instruction of most vectors. */
static KERNEL_PART int16_t upper_half(int16_t sample, int16_t factor)
{
	return (int16_t)(sample * factor >> 16);
}

/* sample * factor / 256, rounded down. */
static KERNEL_PART int16_t scaled(uint8_t sample, int16_t factor)
{
	return upper_half((int16_t)(sample << 8 ^ 0x8000), factor);
}

static KERNEL_PART int16_t luma_of(const struct convert_matrix *matrix, uint16_t sample)
{
	return (int16_t)((uint32_t)sample * matrix->luma >> 16);
}

static KERNEL_PART int16_t centred(uint16_t sample)
{
	return (int16_t)(sample - 0x8000);
}

static KERNEL_PART int16_t smaller(int16_t a, int16_t b)
{
	return a < b ? a : b;
}

static KERNEL_PART int16_t larger(int16_t a, int16_t b)
{
	return a > b ? a : b;
}

static KERNEL_PART uint8_t level(int16_t fine)
{
	return (uint8_t)larger(0, smaller(255, (int16_t)(fine >> CONVERT_FRACTION_BITS)));
}

/* What chroma adds to each of the two pixels that share a sample. */
static KERNEL_PART void expand_chroma(const struct convert_matrix *matrix, const uint8_t *u, const uint8_t *v,
                                      size_t step, size_t pairs, struct chroma *chroma)
{
	const struct convert_matrix m = *matrix;
	for (size_t i = 0; i < pairs; i++) {
		const uint8_t blueness = u[i * step], redness = v[i * step];
		const int16_t red = (int16_t)(scaled(redness, m.red_v) + m.offset);
		const int16_t green = (int16_t)(scaled(blueness, m.green_u) + scaled(redness, m.green_v) + m.offset);
		const int16_t blue = (int16_t)(scaled(blueness, m.blue_u) + m.offset);
		chroma->red[2 * i] = chroma->red[2 * i + 1] = red;
		chroma->green[2 * i] = chroma->green[2 * i + 1] = green;
		chroma->blue[2 * i] = chroma->blue[2 * i + 1] = blue;
	}
}

static KERNEL_PART void add_luma(const struct convert_matrix *matrix, const uint8_t *luma, size_t step,
                                 const struct chroma *chroma, size_t count, struct planes *planes)
{
	const struct convert_matrix m = *matrix;
	for (size_t i = 0; i < count; i++) {
		const int16_t light = luma_of(&m, (uint16_t)(luma[i * step] << 8));
		planes->red[i] = level((int16_t)(light + chroma->red[i]));
		planes->green[i] = level((int16_t)(light + chroma->green[i]));
		planes->blue[i] = level((int16_t)(light + chroma->blue[i]));
	}
}

static KERNEL_PART void interleave(const struct planes *planes, size_t count, uint8_t *restrict rgb)
{
	for (size_t i = 0; i < count; i++) {
		rgb[3 * i] = planes->red[i];
		rgb[3 * i + 1] = planes->green[i];
		rgb[3 * i + 2] = planes->blue[i];
	}
}

static KERNEL_PART void block_chroma(const struct image *image, const struct convert_matrix *matrix, size_t x, int y,
                                     size_t pairs, struct chroma *chroma)
{
	if (image->format == PIXEL_YUYV) {
		const uint8_t *units = image->plane[0] + (size_t)y * image->stride[0] + 2 * x;
		expand_chroma(matrix, units + 1, units + 3, 4, pairs, chroma);
		return;
	}
	const size_t row = (size_t)(y / 2);
	const uint8_t *first = image->plane[1] + row * image->stride[1];
	if (image->format == PIXEL_NV12)
		expand_chroma(matrix, first + x, first + x + 1, 2, pairs, chroma);
	else
		expand_chroma(matrix, first + x / 2, image->plane[2] + row * image->stride[2] + x / 2, 1, pairs, chroma);
}

static KERNEL_PART void block_luma(const struct image *image, const struct convert_matrix *matrix, size_t x, int y,
                                   size_t count, const struct chroma *chroma, struct planes *planes)
{
	const uint8_t *row = image->plane[0] + (size_t)y * image->stride[0];
	if (image->format == PIXEL_YUYV)
		add_luma(matrix, row + 2 * x, 2, chroma, count, planes);
	else
		add_luma(matrix, row + x, 1, chroma, count, planes);
}

/* The stores of the rows to come then find their lines in the cache, instead of queueing for memory one by one. */
static KERNEL_PART void fetch_for_writing(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i += CACHE_LINE_BYTES)
		__builtin_prefetch(bytes + i, 1);
}

/* rows: how many rows, from y on, share their chroma. begin: the first column, even. */
KERNEL static void convert_yuv_rows(const struct image *image, const struct convert_matrix *matrix, int y, int rows,
                                    size_t begin, uint8_t *rgb)
{
	const size_t width = (size_t)image->width;
	const int rows_ahead = image->height - y >= 2 * rows ? rows : 0;
	for (size_t x = begin; x < width; x += BLOCK) {
		const size_t count = min_size(width - x, BLOCK);
		struct chroma chroma;
		block_chroma(image, matrix, x, y, (count + 1) / 2, &chroma);
		for (int row = 0; row < rows; row++) {
			struct planes planes;
			block_luma(image, matrix, x, y + row, count, &chroma, &planes);
			interleave(&planes, count, rgb + FRAME_CHANNELS * ((size_t)row * width + x));
		}
		for (int row = rows; row < rows + rows_ahead; row++)
			fetch_for_writing(rgb + FRAME_CHANNELS * ((size_t)row * width + x), FRAME_CHANNELS * count);
	}
}

static struct yuv_rows rows_of(const struct image *image, int y, int count, uint8_t *rgb)
{
	const uint8_t *luma = image->plane[0] + (size_t)y * image->stride[0];
	struct yuv_rows rows = { .format = image->format,
		                     .count = count,
		                     .luma = { luma, luma + image->stride[0] },
		                     .rgb = { rgb, rgb + frame_bytes(image->width, 1) },
		                     .width = (size_t)image->width };
	for (int i = 1; i < 3 && image->plane[i]; i++)
		rows.chroma[i - 1] = image->plane[i] + (size_t)(y / 2) * image->stride[i];
	return rows;
}

static uint64_t yuv(const struct image *image, uint8_t *rgb)
{
	const struct convert_matrix matrix = convert_matrix_of(image->matrix, image->full_range);
	const int sharing = image->format == PIXEL_YUYV ? 1 : 2;
	uint64_t sum = 0;
	for (int y = 0; y < image->height; y += sharing) {
		const int count = image->height - y < sharing ? 1 : sharing;
		const struct yuv_rows rows = rows_of(image, y, count, rgb);
		const size_t done = yuv_rows(&rows, &matrix, &sum);
		if (done < rows.width)
			convert_yuv_rows(image, &matrix, y, count, done, rgb);
		for (int row = 0; row < count && done < rows.width; row++)
			sum += luma_sum(rows.rgb[row] + FRAME_CHANNELS * done, FRAME_CHANNELS * (rows.width - done));
		rgb += frame_bytes(image->width, count);
	}
	return sum;
}

static KERNEL_PART void pick_colours(const uint8_t *restrict pixels, size_t step, bool blue_first, size_t count,
                                     uint8_t *restrict rgb)
{
	for (size_t i = 0; i < count; i++) {
		rgb[3 * i] = pixels[step * i + (blue_first ? 2 : 0)];
		rgb[3 * i + 1] = pixels[step * i + 1];
		rgb[3 * i + 2] = pixels[step * i + (blue_first ? 0 : 2)];
	}
}

KERNEL static void convert_packed_row(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb)
{
	switch (format) {
	case PIXEL_BGR:
		pick_colours(row, 3, true, width, rgb);
		break;
	case PIXEL_RGBX:
		pick_colours(row, 4, false, width, rgb);
		break;
	default:
		pick_colours(row, 4, true, width, rgb);
	}
}

static uint64_t convert_rgb(const struct image *image, uint8_t *rgb)
{
	const size_t bytes = frame_bytes(image->width, 1);
	if (image->stride[0] == bytes)
		return luma_copy(image->plane[0], bytes * (size_t)image->height, rgb);
	uint64_t sum = 0;
	for (int y = 0; y < image->height; y++)
		sum += luma_copy(image->plane[0] + (size_t)y * image->stride[0], bytes, rgb + (size_t)y * bytes);
	return sum;
}

static uint64_t packed_pixels(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb)
{
	uint64_t sum = 0;
	const size_t done = packed_row(format, row, width, rgb, &sum);
	if (done == width)
		return sum;
	const size_t pixel_bytes = format == PIXEL_BGR ? 3 : 4;
	convert_packed_row(format, row + done * pixel_bytes, width - done, rgb + FRAME_CHANNELS * done);
	return sum + luma_sum(rgb + FRAME_CHANNELS * done, FRAME_CHANNELS * (width - done));
}

static uint64_t packed(const struct image *image, uint8_t *rgb)
{
	const size_t width = (size_t)image->width, height = (size_t)image->height;
	if (image->stride[0] == width * (image->format == PIXEL_BGR ? 3 : 4))
		return packed_pixels(image->format, image->plane[0], width * height, rgb);
	uint64_t sum = 0;
	for (size_t y = 0; y < height; y++, rgb += FRAME_CHANNELS * width)
		sum += packed_pixels(image->format, image->plane[0] + y * image->stride[0], width, rgb);
	return sum;
}

uint64_t convert_image(const struct image *image, uint8_t *rgb)
{
	switch (image->format) {
	case PIXEL_RGB:
		return convert_rgb(image, rgb);
	case PIXEL_BGR:
	case PIXEL_RGBX:
	case PIXEL_BGRX:
		return packed(image, rgb);
	default:
		return yuv(image, rgb);
	}
}

static KERNEL_PART void average_block_yuv(const struct convert_matrix *matrix, uint16_t *const samples[3], size_t begin,
                                          size_t count, struct planes *planes)
{
	const struct convert_matrix m = *matrix;
	const uint16_t *y = samples[0] + begin, *u = samples[1] + begin, *v = samples[2] + begin;
	for (size_t i = 0; i < count; i++) {
		const int16_t light = (int16_t)(luma_of(&m, y[i]) + m.offset);
		const int16_t blueness = centred(u[i]), redness = centred(v[i]);
		planes->red[i] = level((int16_t)(light + upper_half(redness, m.red_v)));
		planes->green[i] = level((int16_t)(light + upper_half(blueness, m.green_u) + upper_half(redness, m.green_v)));
		planes->blue[i] = level((int16_t)(light + upper_half(blueness, m.blue_u)));
	}
}

static KERNEL_PART void average_plane(const uint16_t *samples, size_t count, uint8_t *plane)
{
	for (size_t i = 0; i < count; i++)
		plane[i] = (uint8_t)((samples[i] + 128U) >> 8);
}

KERNEL static void average_row(const struct convert_matrix *matrix, uint16_t *const samples[3], size_t count,
                               uint8_t *rgb)
{
	for (size_t begin = 0; begin < count; begin += BLOCK) {
		const size_t pixels = min_size(count - begin, BLOCK);
		struct planes planes;
		if (matrix) {
			average_block_yuv(matrix, samples, begin, pixels, &planes);
		} else {
			average_plane(samples[0] + begin, pixels, planes.red);
			average_plane(samples[1] + begin, pixels, planes.green);
			average_plane(samples[2] + begin, pixels, planes.blue);
		}
		interleave(&planes, pixels, rgb + FRAME_CHANNELS * begin);
	}
}

void convert_averages(const struct convert_matrix *matrix, uint16_t *const samples[3], size_t count, uint8_t *rgb)
{
	average_row(matrix, samples, count, rgb);
}
