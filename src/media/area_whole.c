#include "area_whole.h"

#include <endian.h>
#include <string.h>

#include "media/kernel.h"

/* Two rows at a time, which halves the traffic of the sums. */
KERNEL static void sum_rows(const uint8_t *row, size_t stride, size_t rows, size_t bytes, uint16_t *restrict sums)
{
	if (rows % 2)
		for (size_t i = 0; i < bytes; i++)
			sums[i] = row[i];
	else
		for (size_t i = 0; i < bytes; i++)
			sums[i] = (uint16_t)(row[i] + row[stride + i]);
	for (size_t y = 2 - rows % 2; y < rows; y += 2) {
		const uint8_t *upper = row + y * stride, *lower = upper + stride;
		for (size_t i = 0; i < bytes; i++)
			sums[i] = (uint16_t)(sums[i] + upper[i] + lower[i]);
	}
}

void area_sum_rows(const uint8_t *row, size_t stride, size_t rows, size_t bytes, uint16_t *sums)
{
	sum_rows(row, stride, rows, bytes, sums);
}

bool area_folds(size_t ratio)
{
	return (ratio & (ratio - 1)) == 0;
}

KERNEL static void add_distant(uint16_t *sums, size_t count, size_t distance)
{
	for (size_t i = 0; i + distance < count; i++)
		sums[i] = (uint16_t)(sums[i] + sums[i + distance]);
}

void area_fold(uint16_t *sums, size_t count, size_t unit_bytes, size_t columns)
{
	for (size_t folded = 1; folded < columns; folded *= 2)
		add_distant(sums, count, folded * unit_bytes);
}

/* From a sum of a power of two, up to 256, to its average of 8.8 bits. */
static KERNEL_PART int shift_of(const struct area_samples *samples)
{
	return 8 - __builtin_ctzl(samples->columns * samples->rows);
}

void area_average_folded(const struct area_samples *samples, size_t count, uint16_t *averages)
{
	const int shift = shift_of(samples);
	const size_t stride = samples->stride * samples->columns;
	for (size_t x = 0; x < count; x++)
		averages[x] = (uint16_t)(samples->sums[x * stride] << shift);
}

/* Four bytes side by side, the first in the lowest bits. */
static KERNEL_PART uint32_t bytes_of(const uint8_t *bytes)
{
	uint32_t word;
	memcpy(&word, bytes, sizeof word);
	return le32toh(word);
}

/* Two bytes of a word, each with room for 257 of its like. */
static KERNEL_PART uint32_t even_of(uint32_t word)
{
	return word & 0x00ff00ff;
}

static KERNEL_PART uint32_t odd_of(uint32_t word)
{
	return even_of(word >> 8);
}

static KERNEL_PART uint32_t pairs_of(const uint8_t *bytes)
{
	const uint32_t word = bytes_of(bytes);
	return even_of(word) + odd_of(word);
}

static KERNEL_PART uint16_t halves_added(uint32_t word)
{
	return (uint16_t)(word + (word >> 16));
}

KERNEL static void average_4x4(const uint8_t *restrict row, size_t stride, size_t count, uint16_t *restrict averages)
{
	for (size_t x = 0; x < count; x++) {
		const uint8_t *block = row + 4 * x;
		const uint32_t sums =
		    pairs_of(block) + pairs_of(block + stride) + pairs_of(block + 2 * stride) + pairs_of(block + 3 * stride);
		averages[x] = (uint16_t)(halves_added(sums) << 4);
	}
}

void area_average_4x4(const uint8_t *row, size_t stride, size_t count, uint16_t *averages)
{
	average_4x4(row, stride, count, averages);
}

KERNEL static void average_2x2_pairs(const uint8_t *restrict row, size_t stride, size_t count, uint16_t *restrict first,
                                     uint16_t *restrict second)
{
	for (size_t x = 0; x < count; x++) {
		const uint32_t upper = bytes_of(row + 4 * x), lower = bytes_of(row + stride + 4 * x);
		first[x] = (uint16_t)(halves_added(even_of(upper) + even_of(lower)) << 6);
		second[x] = (uint16_t)(halves_added(odd_of(upper) + odd_of(lower)) << 6);
	}
}

void area_average_2x2_pairs(const uint8_t *row, size_t stride, size_t count, uint16_t *const averages[2])
{
	average_2x2_pairs(row, stride, count, averages[0], averages[1]);
}

static KERNEL_PART uint16_t pair_of(const uint8_t *bytes)
{
	uint16_t pair;
	memcpy(&pair, bytes, sizeof pair);
	return le16toh(pair);
}

KERNEL static void average_2x2(const uint8_t *restrict row, size_t stride, size_t count, uint16_t *restrict averages)
{
	for (size_t x = 0; x < count; x++) {
		const uint16_t upper = pair_of(row + 2 * x), lower = pair_of(row + stride + 2 * x);
		averages[x] = (uint16_t)(((upper & 0xff) + (upper >> 8) + (lower & 0xff) + (lower >> 8)) << 6);
	}
}

void area_average_2x2(const uint8_t *row, size_t stride, size_t count, uint16_t *averages)
{
	average_2x2(row, stride, count, averages);
}

KERNEL static void split_pairs(const uint8_t *restrict row, size_t count, uint16_t *restrict first,
                               uint16_t *restrict second)
{
	for (size_t x = 0; x < count; x++) {
		const uint16_t pair = pair_of(row + 2 * x);
		first[x] = (uint16_t)(pair << 8);
		second[x] = (uint16_t)(pair & 0xff00);
	}
}

void area_split_pairs(const uint8_t *row, size_t count, uint16_t *const averages[2])
{
	split_pairs(row, count, averages[0], averages[1]);
}

/* Four sums side by side. None can carry into the next, so that they are added, and shifted, at once. */
static KERNEL_PART uint64_t word_of(const uint16_t *sums)
{
	uint64_t word;
	memcpy(&word, sums, sizeof word);
	return le64toh(word);
}

static KERNEL_PART void add_pixels(const struct area_samples *samples, size_t columns, size_t count,
                                   uint16_t *const averages[3])
{
	const int shift = shift_of(samples);
	const uint16_t *pixel = samples->sums;
	uint16_t *restrict first = averages[0], *restrict second = averages[1], *restrict third = averages[2];
	for (size_t x = 0; x < count; x++) {
		uint64_t word = 0;
		for (size_t i = 0; i < columns; i++, pixel += samples->stride)
			word += word_of(pixel);
		word <<= shift;
		first[x] = (uint16_t)word;
		second[x] = (uint16_t)(word >> 16);
		third[x] = (uint16_t)(word >> 32);
	}
}

void area_average_pixels(const struct area_samples *samples, size_t count, uint16_t *const averages[3])
{
	if (samples->columns == 4)
		add_pixels(samples, 4, count, averages);
	else
		add_pixels(samples, samples->columns, count, averages);
}
