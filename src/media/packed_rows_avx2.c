/* 32 pixels at a time, in three vectors. */
#ifdef __x86_64__

#include <string.h>

#include "media/kernel.h"
#include "packed_rows.h"
#include "yuv_avx2.h"

enum { PIXELS = 32, OUT_BYTES = FRAME_CHANNELS * PIXELS, VECTOR = 32 };

/* Where a vector takes its bytes from: two further on, or two before, and else from the same place. */
struct places {
	__m256i after, before;
};

/* phase: the colour of the vector's first byte. */
AVX2 static KERNEL_PART struct places places_of(size_t phase)
{
	uint8_t after[VECTOR], before[VECTOR];
	for (size_t i = 0; i < VECTOR; i++) {
		after[i] = (phase + i) % 3 == 0 ? 0xff : 0;
		before[i] = (phase + i) % 3 == 2 ? 0xff : 0;
	}
	return (struct places){ load(after), load(before) };
}

AVX2 static KERNEL_PART __m256i swapped(const uint8_t *from, const struct places *places)
{
	const __m256i two = _mm256_blendv_epi8(load(from), load(from + 2), places->after);
	return _mm256_blendv_epi8(two, load(from - 2), places->before);
}

/* Stores three vectors, and adds their bytes to the sums. */
AVX2 static KERNEL_PART __m256i put(__m256i a, __m256i b, __m256i c, __m256i sums, uint8_t *rgb)
{
	__m256i *out = (__m256i *)(void *)rgb;
	_mm256_storeu_si256(out, a);
	_mm256_storeu_si256(out + 1, b);
	_mm256_storeu_si256(out + 2, c);
	return _mm256_add_epi64(sums, sum_of(a, b, c));
}

/* What is read, but not used, of the two bytes before the row is read from a copy of its first pixels. */
AVX2 static size_t from_bgr(const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum)
{
	const struct places first = places_of(0), second = places_of(VECTOR % 3), third = places_of(2 * VECTOR % 3);
	uint8_t begin[2 + OUT_BYTES + 2] = { 0 };
	__m256i sums = _mm256_setzero_si256();
	size_t x = 0;
	if (width > PIXELS)
		memcpy(begin + 2, row, OUT_BYTES + 2);
	for (; x + PIXELS < width; x += PIXELS, rgb += OUT_BYTES) {
		const uint8_t *from = x == 0 ? begin + 2 : row + FRAME_CHANNELS * x;

		sums =
		    put(swapped(from, &first), swapped(from + VECTOR, &second), swapped(from + 2 * VECTOR, &third), sums, rgb);
	}
	*sum += total_of(sums);
	return x;
}

AVX2 static size_t from_fours(__m128i lane_order, const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum)
{
	const __m256i order = _mm256_broadcastsi128_si256(lane_order);
	__m256i sums = _mm256_setzero_si256();
	size_t x = 0;
	for (; x + PIXELS <= width; x += PIXELS, row += 4 * (size_t)VECTOR, rgb += OUT_BYTES) {

		const __m256i a = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(load(row), order),
		                                              _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
		const __m256i b = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(load(row + VECTOR), order),
		                                              _mm256_setr_epi32(2, 4, 5, 6, 3, 7, 0, 1));
		const __m256i c = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(load(row + 2 * VECTOR), order),
		                                              _mm256_setr_epi32(5, 6, 3, 7, 0, 1, 2, 4));
		const __m256i d = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(load(row + 3 * VECTOR), order),
		                                              _mm256_setr_epi32(3, 7, 0, 1, 2, 4, 5, 6));
		sums = put(_mm256_blend_epi32(a, b, 0xc0), _mm256_blend_epi32(b, c, 0xf0), _mm256_blend_epi32(c, d, 0xfc), sums,
		           rgb);
	}
	*sum += total_of(sums);
	return x;
}

AVX2 size_t packed_row_avx2(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum)
{
	if (format == PIXEL_BGR)
		return from_bgr(row, width, rgb, sum);
	const __m128i red_first = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
	const __m128i blue_first = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
	return from_fours(format == PIXEL_RGBX ? red_first : blue_first, row, width, rgb, sum);
}

#endif
