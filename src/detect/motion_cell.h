/* Arithmetic of a cell, all in 16 bits without a branch, so that compilers take eight cells or more at a time. Private
 * to src/detect. */
#ifndef PASTCAM_DETECT_MOTION_CELL_H
#define PASTCAM_DETECT_MOTION_CELL_H

#include <stdint.h>

#include "media/luma_grid.h"

static inline uint16_t cell_lesser(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

static inline uint16_t cell_greater(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

static inline uint16_t cell_apart(uint16_t a, uint16_t b)
{
	return (uint16_t)(cell_greater(a, b) - cell_lesser(a, b));
}

/* value / 2^power as the upper half of its product with this: processors have that in 16 bits, while a shift by what
 * compilers do not know becomes one of 32. power: 1 to 16. */
static inline uint16_t cell_divisor(int power)
{
	return (uint16_t)(1U << (16 - power));
}

static inline uint16_t cell_divide(uint16_t value, uint16_t divisor)
{
	return (uint16_t)((uint32_t)value * divisor >> 16);
}

/* is: 0 or 1. gcc takes the upper half of a product in 16 bits only where both factors differ from cell to cell, which
 * a value that was chosen with a mask does, but not one that ?: has chosen. */
static inline uint16_t cell_choose(uint16_t is, uint16_t yes, uint16_t no)
{
	return (uint16_t)(no ^ ((yes ^ no) & (0 - is)));
}

/* The least contrast at sensitivity 50: two levels, and a thirty-second of the brightness. What a camera's processing
 * does to a still picture (denoising, sharpening, compression) stays below it; what people see moving is above. */
enum { CELL_LEAST_LEVELS = 2, CELL_LEAST_SHARE_SHIFT = 5 };
/* From 1/1024 to the upper half of a product of 32 bits. */
enum { CELL_LEAST_SHIFT = 6 };
/* How many spreads a cell must be away. A spread is kept in sixteenths, since it moves by little. */
enum { CELL_SPREADS = 2, CELL_SPREAD_SHIFT = 4 };

/* From where on a cell counts as changed. */
static inline uint16_t cell_threshold(uint16_t background, uint16_t spread, uint16_t least, uint16_t noise)
{
	const uint16_t contrast = (uint16_t)(CELL_LEAST_LEVELS * LUMA_GRID_LEVEL + (background >> CELL_LEAST_SHARE_SHIFT));
	const uint16_t floor = (uint16_t)((uint32_t)(uint16_t)(contrast << CELL_LEAST_SHIFT) * least >> 16);
	return cell_greater(cell_greater((uint16_t)((spread >> CELL_SPREAD_SHIFT) * CELL_SPREADS), noise), floor);
}

#endif
