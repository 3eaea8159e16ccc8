#include "box_row.h"

#if defined __x86_64__ && !defined KERNEL_BASELINE

#include <string.h>

#include "base/number.h"
#include "media/luma.h"

enum { BEYOND_RGB = 3, BEYOND_THIRDS = 2, PLANES = 3, VECTOR_BYTES = 32 };

/* The end of a row, where nothing may be read or written beyond it. */
struct tail {
	uint8_t planes[PLANES][BOX_RATIO_MAX][BOX_PIXELS * BOX_RATIO_MAX * 4 + VECTOR_BYTES];
	uint8_t rgb[FRAME_CHANNELS * BOX_PIXELS + VECTOR_BYTES];
};

/* Bytes of a sample's place in a plane, 0 where there is none. */
static size_t unit_bytes(enum pixel_format format, int plane)
{
	static const uint8_t units[][PLANES] = {
		[PIXEL_RGB] = { 3 },  [PIXEL_BGR] = { 3 },     [PIXEL_RGBX] = { 4 },
		[PIXEL_BGRX] = { 4 }, [PIXEL_NV12] = { 1, 2 }, [PIXEL_YUV420] = { 1, 1, 1 },
	};
	return units[format][plane];
}

static uint64_t make(const struct box_row *row, const struct convert_matrix *matrix, size_t vectors, uint8_t *rgb)
{
	return matrix ? box_yuv_avx2(row, matrix, vectors, rgb) : box_rgb_avx2(row, vectors, rgb);
}

/* count pixels from x on, which is even; at most BOX_PIXELS. */
static uint64_t make_tail(const struct box_row *row, const struct convert_matrix *matrix, size_t x, size_t count,
                          uint8_t *rgb)
{
	struct tail tail;
	struct box_row part = *row;
	for (int plane = 0; plane < PLANES && unit_bytes(row->format, plane) > 0; plane++) {
		const size_t unit = unit_bytes(row->format, plane), shared = plane > 0 ? 2 : 1;
		const size_t rows = (row->ratio + shared - 1) / shared, samples = (row->ratio * count + shared - 1) / shared;
		const uint8_t *from = row->plane[plane] + row->ratio * x / shared * unit;
		for (size_t y = 0; y < rows; y++)
			memcpy(tail.planes[plane][y], from + y * row->stride[plane], samples * unit);
		part.plane[plane] = tail.planes[plane][0];
		part.stride[plane] = sizeof tail.planes[plane][0];
	}
	make(&part, matrix, 1, tail.rgb);
	memcpy(rgb, tail.rgb, FRAME_CHANNELS * count);
	return luma_sum(rgb, FRAME_CHANNELS * count);
}

bool box_row(const struct box_row *row, const struct convert_matrix *matrix, uint8_t *rgb, uint64_t *sum)
{
	if (!__builtin_cpu_supports("avx2"))
		return false;
	const size_t beyond = !matrix ? BEYOND_RGB : row->ratio == 3 ? BEYOND_THIRDS : 0;
	const size_t vectors = (row->count - min_size(row->count, beyond)) / BOX_PIXELS;
	*sum += make(row, matrix, vectors, rgb);
	for (size_t x = vectors * BOX_PIXELS; x < row->count; x += BOX_PIXELS)
		*sum += make_tail(row, matrix, x, min_size(row->count - x, BOX_PIXELS), rgb + FRAME_CHANNELS * x);
	return true;
}

#else

bool box_row(const struct box_row *row, const struct convert_matrix *matrix, uint8_t *rgb, uint64_t *sum)
{
	(void)row, (void)matrix, (void)rgb, (void)sum;
	return false;
}

#endif
