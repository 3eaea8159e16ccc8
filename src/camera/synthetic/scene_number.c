#include <math.h>
#include <stddef.h>
#include <string.h>

#include "scene_paint.h"

enum { DIGIT_WIDTH = 5, DIGIT_HEIGHT = 7, DIGIT_STEP = DIGIT_WIDTH + 1, CONTRAST_MIN = 20 };

/* Five bits a row, leftmost highest. */
static const uint8_t DIGITS[10][DIGIT_HEIGHT] = {
	{ 14, 17, 19, 21, 25, 17, 14 }, { 4, 12, 4, 4, 4, 4, 14 },  { 14, 17, 1, 2, 4, 8, 31 },
	{ 31, 2, 4, 2, 1, 17, 14 },     { 2, 6, 10, 18, 31, 2, 2 }, { 31, 16, 30, 1, 1, 17, 14 },
	{ 6, 8, 16, 30, 17, 17, 14 },   { 31, 1, 2, 4, 8, 8, 8 },   { 14, 17, 17, 14, 17, 17, 14 },
	{ 14, 17, 17, 15, 1, 2, 12 },
};

int number_block(int camera_width)
{
	return 4 * ((camera_width + 511) / 512);
}

bool number_fits(int width, int height)
{
	return width >= 144 && height >= 64;
}

static int digit_dot(int camera_width)
{
	return number_block(camera_width) * 3 / 8;
}

static void fill(uint8_t *rgb, int width, struct scene_rect rect, uint8_t value)
{
	for (int y = rect.y; y < rect.y + rect.height; y++)
		memset(rgb + ((size_t)y * (size_t)width + (size_t)rect.x) * 3, value, (size_t)rect.width * 3);
}

static void draw_digit(uint8_t *rgb, int width, int left, int top, int dot, const uint8_t *rows)
{
	fill(rgb, width, (struct scene_rect){ left, top, (DIGIT_STEP + 1) * dot, (DIGIT_HEIGHT + 2) * dot }, NUMBER_BLACK);
	for (int y = 0; y < DIGIT_HEIGHT; y++) {
		for (int x = 0; x < DIGIT_WIDTH; x++) {
			struct scene_rect at = { left + (x + 1) * dot, top + (y + 1) * dot, dot, dot };
			if (rows[y] & (1 << (DIGIT_WIDTH - 1 - x)))
				fill(rgb, width, at, NUMBER_WHITE);
		}
	}
}

void number_draw(uint8_t *rgb, int width, uint32_t number)
{
	int block = number_block(width), dot = digit_dot(width);
	for (int i = 0; i < NUMBER_BITS; i++) {
		bool one = number >> (NUMBER_BITS - 1 - i) & 1;
		struct scene_rect rect = { (2 + i) * block, 2 * block, block, block };
		fill(rgb, width, rect, one ? NUMBER_WHITE : NUMBER_BLACK);
		rect.y += block;
		fill(rgb, width, rect, one ? NUMBER_BLACK : NUMBER_WHITE);
	}
	for (int i = NUMBER_DIGITS - 1; i >= 0; i--, number /= 10)
		draw_digit(rgb, width, 2 * block + i * DIGIT_STEP * dot, 5 * block, dot, DIGITS[number % 10]);
}

/* Mean of the green samples whose centres lie in the block, after shrinking by scale. */
static double block_mean(const uint8_t *rgb, int width, int height, double block, int column, int row)
{
	int x0 = (int)ceil(column * block - 0.5), x1 = (int)ceil((column + 1) * block - 0.5);
	int y0 = (int)ceil(row * block - 0.5), y1 = (int)ceil((row + 1) * block - 0.5);
	if (x1 > width || y1 > height || x1 <= x0 || y1 <= y0)
		return -1;
	double sum = 0;
	for (int y = y0; y < y1; y++) {
		for (int x = x0; x < x1; x++)
			sum += rgb[((size_t)y * (size_t)width + (size_t)x) * 3 + 1];
	}
	return sum / ((x1 - x0) * (y1 - y0));
}

bool scene_read_number(const uint8_t *rgb, int width, int height, int camera_width, uint32_t *number)
{
	double block = (double)number_block(camera_width) * width / camera_width;
	*number = 0;
	for (int i = 0; i < NUMBER_BITS; i++) {
		double bit = block_mean(rgb, width, height, block, 2 + i, 2);
		double inverse = block_mean(rgb, width, height, block, 2 + i, 3);
		if (bit < 0 || inverse < 0 || fabs(bit - inverse) < CONTRAST_MIN)
			return false;
		*number = *number << 1 | (bit > inverse);
	}
	return true;
}
