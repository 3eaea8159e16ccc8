#include "media/luma_grid.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "area_whole.h"
#include "media/kernel.h"

enum { LANES = 2 }; /* sums of 16 bits in a word */
enum { LUMA_SCALE_MOST = 4 };

bool luma_grid_init(struct luma_grid *grid, int frame_width, int frame_height, int block)
{
	*grid = (struct luma_grid){ .width = frame_width / block, .height = frame_height / block, .block = block };
	if (grid->width < 1 || grid->height < 1)
		return false;
	grid->cells = calloc((size_t)grid->width * (size_t)grid->height, sizeof *grid->cells);
	grid->sums = calloc(frame_bytes(frame_width, 1) + LANES, sizeof *grid->sums);
	if (grid->cells && grid->sums)
		return true;
	luma_grid_finish(grid);
	return false;
}

void luma_grid_finish(struct luma_grid *grid)
{
	free(grid->cells);
	free(grid->sums);
	*grid = (struct luma_grid){ 0 };
}

/* Two bytes side by side, the first in the lower half. */
static KERNEL_PART uint16_t pair_at(const uint8_t *bytes)
{
	uint16_t pair;
	memcpy(&pair, bytes, sizeof pair);
	return le16toh(pair);
}

/* Of each pair of bytes the sum, of all rows. Pairs are added whole, and their upper bytes alone; what the lower ones
 * come to, which 16 bits hold, is the difference. So nothing is unpacked, and there are half as many sums. */
static KERNEL_PART void add_pairs(const uint8_t *restrict row, size_t stride, size_t rows, size_t count,
                                  uint16_t *restrict sums)
{
	for (size_t x = 0; x < count; x++) {
		uint16_t whole = 0, upper = 0;
		for (size_t y = 0; y < rows; y++) {
			const uint16_t pair = pair_at(row + y * stride + 2 * x);
			whole = (uint16_t)(whole + pair);
			upper = (uint16_t)(upper + (pair >> 8));
		}
		sums[x] = (uint16_t)(whole - (upper << 8) + upper);
	}
}

/* block: 2, 4 or 8, a constant where it counts. */
KERNEL static void sum_pairs(const uint8_t *row, size_t stride, int block, size_t count, uint16_t *sums)
{
	if (block == 2)
		add_pairs(row, stride, 2, count, sums);
	else if (block == 4)
		add_pairs(row, stride, 4, count, sums);
	else
		add_pairs(row, stride, 8, count, sums);
}

/* Two sums side by side. */
static KERNEL_PART uint32_t lanes_at(const uint16_t *sums)
{
	uint32_t word;
	memcpy(&word, sums, sizeof word);
	return le32toh(word);
}

/* words: of two sums, that make a cell. A lane holds at most 6 x 16 x 255, so none carries into the next. */
static KERNEL_PART void add_words(const uint16_t *sums, size_t words, int shift, size_t count, uint16_t *restrict cells)
{
	for (size_t x = 0; x < count; x++) {
		uint32_t word = 0;
		for (size_t i = 0; i < words; i++, sums += LANES)
			word += lanes_at(sums);
		cells[x] = (uint16_t)(((word & 0xffff) + (word >> 16)) >> shift);
	}
}

static KERNEL_PART void add_sums(const uint16_t *sums, size_t each, unsigned factor, size_t count,
                                 uint16_t *restrict cells)
{
	for (size_t x = 0; x < count; x++, sums += each) {
		unsigned sum = 0;
		for (size_t i = 0; i < each; i++)
			sum += sums[i];
		cells[x] = (uint16_t)(sum * factor);
	}
}

/* Of sums of bytes where a cell is one pixel, else of pairs. */
KERNEL static void cells_of(const uint16_t *sums, int block, size_t count, uint16_t *restrict cells)
{
	switch (block) {
	case 1:
		add_sums(sums, 3, 16, count, cells);
		break;
	case 2:
		add_sums(sums, 3, 4, count, cells);
		break;
	case 4:
		add_words(sums, 3, 0, count, cells);
		break;
	default:
		add_words(sums, 6, 2, count, cells);
		break;
	}
}

void luma_grid_rows(struct luma_grid *grid, const uint8_t *pixels, int frame_width, int begin, int end)
{
	const size_t stride = frame_bytes(frame_width, 1), bytes = frame_bytes(grid->width * grid->block, 1);
	for (int y = begin / grid->block; y < grid->height && (y + 1) * grid->block <= end; y++) {
		if (grid->block == 1)
			area_sum_rows(pixels, stride, 1, bytes, grid->sums);
		else
			sum_pairs(pixels, stride, grid->block, bytes / 2, grid->sums);
		cells_of(grid->sums, grid->block, (size_t)grid->width, grid->cells + (size_t)y * (size_t)grid->width);
		pixels += stride * (size_t)grid->block;
	}
}

int luma_grid_scale(const struct luma_grid *grid, const struct image *image)
{
	if (image->format != PIXEL_YUV420 && image->format != PIXEL_NV12)
		return 0;
	/* The sums have room for three bytes a pixel, block pixels a cell. */
	for (int scale = 1; scale <= LUMA_SCALE_MOST && scale <= 2 * grid->block; scale *= 2) {
		if (image->width == grid->width * scale && image->height == grid->height * scale)
			return scale;
	}
	return 0;
}

/* Black is at 16 and white at 235; what is beyond is cut off. */
KERNEL static void stretch(uint16_t *cells, size_t count)
{
	const int32_t black = 16 * LUMA_GRID_LEVEL;
	for (size_t i = 0; i < count; i++) {
		const int32_t wide = (cells[i] - black) * 255 / 219;
		cells[i] = (uint16_t)(wide < 0 ? 0 : wide > LUMA_GRID_MOST ? LUMA_GRID_MOST : wide);
	}
}

KERNEL static void luma_cells_of(const uint16_t *sums, int scale, size_t count, uint16_t *restrict cells)
{
	switch (scale) {
	case 1:
		add_sums(sums, 1, LUMA_GRID_LEVEL, count, cells);
		break;
	case 2:
		add_sums(sums, 2, LUMA_GRID_LEVEL / 4, count, cells);
		break;
	default:
		add_sums(sums, 4, LUMA_GRID_LEVEL / 16, count, cells);
		break;
	}
}

void luma_grid_fill(struct luma_grid *grid, const struct image *image)
{
	const int scale = luma_grid_scale(grid, image);
	const size_t width = (size_t)grid->width, rows = (size_t)scale;
	for (size_t y = 0; y < (size_t)grid->height; y++) {
		area_sum_rows(image->plane[0] + y * rows * image->stride[0], image->stride[0], rows, width * rows, grid->sums);
		luma_cells_of(grid->sums, scale, width, grid->cells + y * width);
	}
	if (!image->full_range)
		stretch(grid->cells, width * (size_t)grid->height);
}
