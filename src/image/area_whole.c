#include "area_whole.h"

#include "kernel.h"

KERNEL static void sum_rows(const uint8_t *row, size_t stride, size_t rows, size_t bytes, uint16_t *restrict sums)
{
	for (size_t i = 0; i < bytes; i++)
		sums[i] = row[i];
	for (size_t y = 1; y < rows; y++) {
		row += stride;
		for (size_t i = 0; i < bytes; i++)
			sums[i] = (uint16_t)(sums[i] + row[i]);
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

void area_average_folded(const struct area_samples *samples, size_t count, uint16_t *averages)
{
	const int shift = 8 - __builtin_ctzl(samples->columns * samples->rows);
	const size_t stride = samples->stride * samples->columns;
	for (size_t x = 0; x < count; x++)
		averages[x] = (uint16_t)(samples->sums[x * stride] << shift);
}

void area_average_samples(const struct area_samples *samples, size_t count, uint16_t *averages)
{
	const double scale = 256.0 / (double)(samples->columns * samples->rows);
	const uint16_t *sample = samples->sums;
	for (size_t x = 0; x < count; x++) {
		uint32_t sum = 0;
		for (size_t i = 0; i < samples->columns; i++, sample += samples->stride)
			sum += *sample;
		averages[x] = area_average_of(sum, scale);
	}
}
