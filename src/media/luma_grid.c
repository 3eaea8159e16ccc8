#include "media/luma_grid.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "area_whole.h"
#include "kernel.h"

enum { LANES = 4 }; /* sums of 16 bits in a word */

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

/* Four sums side by side. */
static KERNEL_PART uint64_t lanes_at(const uint16_t *sums)
{
	uint64_t word;
	memcpy(&word, sums, sizeof word);
	return le64toh(word);
}

static KERNEL_PART uint32_t lanes_added(uint64_t word)
{
	const uint64_t pairs = (word & 0x0000ffff0000ffff) + (word >> 16 & 0x0000ffff0000ffff);
	return (uint32_t)(pairs + (pairs >> 32));
}

/* words: of four sums, that make a cell. A lane holds at most 6 x 8 x 255, so none carries into the next. */
static KERNEL_PART void add_words(const uint16_t *sums, size_t words, int shift, size_t count, uint16_t *restrict cells)
{
	for (size_t x = 0; x < count; x++) {
		uint64_t word = 0;
		for (size_t i = 0; i < words; i++, sums += LANES)
			word += lanes_at(sums);
		cells[x] = (uint16_t)(lanes_added(word) >> shift);
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

KERNEL static void cells_of(const uint16_t *sums, int block, size_t count, uint16_t *restrict cells)
{
	switch (block) {
	case 1:
		add_sums(sums, 3, 16, count, cells);
		break;
	case 2:
		add_sums(sums, 6, 4, count, cells);
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
		area_sum_rows(pixels, stride, (size_t)grid->block, bytes, grid->sums);
		cells_of(grid->sums, grid->block, (size_t)grid->width, grid->cells + (size_t)y * (size_t)grid->width);
		pixels += stride * (size_t)grid->block;
	}
}
