/*
 * What the AVX2 kernels of YUV share. A vector's two lanes of 128 bits are unpacked and packed each for itself. Private
 * to src/media.
 */
#ifndef PASTCAM_MEDIA_YUV_AVX2_H
#define PASTCAM_MEDIA_YUV_AVX2_H

#include <immintrin.h>

#include "convert.h"

#define AVX2 __attribute__((target("avx2")))

struct coefficients {
	__m256i luma, red_v, green_u, green_v, blue_u, offset;
};

/* What chroma adds, for 16 samples. */
struct tint {
	__m256i red, green, blue;
};

/* Samples in the upper bytes of words: the upper half of a product is sample * factor / 256, rounded down. */
struct light {
	__m256i low, high;
};

AVX2 static inline struct coefficients coefficients_of(const struct convert_matrix *matrix)
{
	return (struct coefficients){
		.luma = _mm256_set1_epi16((int16_t)matrix->luma),
		.red_v = _mm256_set1_epi16(matrix->red_v),
		.green_u = _mm256_set1_epi16(matrix->green_u),
		.green_v = _mm256_set1_epi16(matrix->green_v),
		.blue_u = _mm256_set1_epi16(matrix->blue_u),
		.offset = _mm256_set1_epi16(matrix->offset),
	};
}

AVX2 static inline __m256i load(const uint8_t *bytes)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

AVX2 static inline __m128i load_lane(const uint8_t *bytes)
{
	return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

AVX2 static inline __m256i load_lanes(const uint8_t *low, const uint8_t *high)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(load_lane(low)), load_lane(high), 1);
}

/* Eight bytes of each. */
AVX2 static inline __m256i load_eights(const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d)
{
	const __m128i low = _mm_unpacklo_epi64(_mm_loadu_si64(a), _mm_loadu_si64(b));
	const __m128i high = _mm_unpacklo_epi64(_mm_loadu_si64(c), _mm_loadu_si64(d));
	return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* In the upper bytes of words. */
AVX2 static inline __m256i load_16(const uint8_t *bytes)
{
	return _mm256_slli_epi16(_mm256_cvtepu8_epi16(load_lane(bytes)), 8);
}

AVX2 static inline struct tint tint_of(const struct coefficients *c, __m256i u, __m256i v)
{
	const __m256i middle = _mm256_set1_epi16(INT16_MIN);
	const __m256i blueness = _mm256_xor_si256(u, middle), redness = _mm256_xor_si256(v, middle);
	const __m256i green =
	    _mm256_add_epi16(_mm256_mulhi_epi16(blueness, c->green_u), _mm256_mulhi_epi16(redness, c->green_v));
	return (struct tint){ .red = _mm256_add_epi16(_mm256_mulhi_epi16(redness, c->red_v), c->offset),
		                  .green = _mm256_add_epi16(green, c->offset),
		                  .blue = _mm256_add_epi16(_mm256_mulhi_epi16(blueness, c->blue_u), c->offset) };
}

/* Each lane of a colour is brought to an order in which its bytes are at their places in one of the three vectors that
 * they go to, and no two at the same: place 3 n + colour of 48. */
AVX2 static inline void store_rgb(__m256i red, __m256i green, __m256i blue, uint8_t *rgb)
{
	const __m256i red_order =
	    _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15, 10, 5));
	const __m256i green_order =
	    _mm256_broadcastsi128_si256(_mm_setr_epi8(5, 0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15, 10));
	const __m256i blue_order =
	    _mm256_broadcastsi128_si256(_mm_setr_epi8(10, 5, 0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15));
	const __m256i second =
	    _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0));
	const __m256i third =
	    _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0));
	const __m256i r = _mm256_shuffle_epi8(red, red_order), g = _mm256_shuffle_epi8(green, green_order);
	const __m256i b = _mm256_shuffle_epi8(blue, blue_order);
	const __m256i one = _mm256_blendv_epi8(_mm256_blendv_epi8(r, g, second), b, third);
	const __m256i two = _mm256_blendv_epi8(_mm256_blendv_epi8(g, b, second), r, third);
	const __m256i three = _mm256_blendv_epi8(_mm256_blendv_epi8(b, r, second), g, third);
	__m256i *out = (__m256i *)(void *)rgb;
	_mm256_storeu_si256(out, _mm256_permute2x128_si256(one, two, 0x20));
	_mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(three, one, 0x30));
	_mm256_storeu_si256(out + 2, _mm256_permute2x128_si256(two, three, 0x31));
}

AVX2 static inline __m256i sum_of(__m256i red, __m256i green, __m256i blue)
{
	const __m256i zero = _mm256_setzero_si256();
	return _mm256_add_epi64(_mm256_add_epi64(_mm256_sad_epu8(red, zero), _mm256_sad_epu8(green, zero)),
	                        _mm256_sad_epu8(blue, zero));
}

AVX2 static inline uint64_t total_of(__m256i sums)
{
	uint64_t parts[4];
	_mm256_storeu_si256((__m256i *)(void *)parts, sums);
	return parts[0] + parts[1] + parts[2] + parts[3];
}

#endif
