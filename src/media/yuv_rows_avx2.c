/*
 * 32 pixels at a time. A vector's two lanes of 128 bits are unpacked and packed each for itself, which cancels out:
 * pixels 0-7 and 16-23 are in "low", 8-15 and 24-31 in "high".
 */
#ifdef __x86_64__

#include <immintrin.h>

#include "media/kernel.h"
#include "yuv_rows.h"

#define AVX2 __attribute__((target("avx2")))

enum { PIXELS = 32, AHEAD_BYTES = 2048 };

struct coefficients {
	__m256i luma, red_v, green_u, green_v, blue_u, offset;
};

/* What chroma adds, for 16 pairs of pixels. */
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

/* In the upper bytes of words. */
AVX2 static inline __m256i load_16(const uint8_t *bytes)
{
	return _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)bytes)), 8);
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

/* Of 32 pixels, in their order. */
AVX2 static inline __m256i levels_of(struct light light, __m256i tint)
{
	const __m256i low = _mm256_add_epi16(light.low, _mm256_unpacklo_epi16(tint, tint));
	const __m256i high = _mm256_add_epi16(light.high, _mm256_unpackhi_epi16(tint, tint));
	return _mm256_packus_epi16(_mm256_srai_epi16(low, CONVERT_FRACTION_BITS),
	                           _mm256_srai_epi16(high, CONVERT_FRACTION_BITS));
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

/* Returns the sum. */
AVX2 static inline __m256i put_row(struct light light, const struct tint *tint, uint8_t *rgb)
{
	const __m256i red = levels_of(light, tint->red), green = levels_of(light, tint->green);
	const __m256i blue = levels_of(light, tint->blue);
	store_rgb(red, green, blue, rgb);
	return sum_of(red, green, blue);
}

AVX2 static inline struct light light_of(const struct coefficients *c, const uint8_t *luma)
{
	const __m256i bytes = load(luma), zero = _mm256_setzero_si256();
	return (struct light){ .low = _mm256_mulhi_epu16(_mm256_unpacklo_epi8(zero, bytes), c->luma),
		                   .high = _mm256_mulhi_epu16(_mm256_unpackhi_epi8(zero, bytes), c->luma) };
}

AVX2 static inline uint64_t total_of(__m256i sums)
{
	uint64_t parts[4];
	_mm256_storeu_si256((__m256i *)(void *)parts, sums);
	return parts[0] + parts[1] + parts[2] + parts[3];
}

/* Lines that are written to are fetched ahead, as in convert.c. */
AVX2 static inline void fetch(const uint8_t *rgb)
{
	__builtin_prefetch(rgb + AHEAD_BYTES, 1);
	__builtin_prefetch(rgb + AHEAD_BYTES + 64, 1);
}

AVX2 static inline size_t planar(const struct yuv_rows *rows, const struct convert_matrix *matrix, bool pairs,
                                 uint64_t *sum)
{
	const struct coefficients c = coefficients_of(matrix);
	__m256i sums = _mm256_setzero_si256();
	size_t x = 0;
	for (; x + PIXELS <= rows->width; x += PIXELS) {
		const __m256i both = pairs ? load(rows->chroma[0] + x) : sums;
		const __m256i u = pairs ? _mm256_slli_epi16(both, 8) : load_16(rows->chroma[0] + x / 2);
		const __m256i v =
		    pairs ? _mm256_and_si256(both, _mm256_set1_epi16((int16_t)0xff00)) : load_16(rows->chroma[1] + x / 2);
		const struct tint tint = tint_of(&c, u, v);
		for (int i = 0; i < rows->count; i++) {
			fetch(rows->rgb[i] + FRAME_CHANNELS * x);
			sums = _mm256_add_epi64(sums,
			                        put_row(light_of(&c, rows->luma[i] + x), &tint, rows->rgb[i] + FRAME_CHANNELS * x));
		}
	}
	*sum += total_of(sums);
	return x;
}

/* Words of 16 pixels, in the order of unpacked lanes; chroma alone of every second word. */
AVX2 static inline size_t packed(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum)
{
	const struct coefficients c = coefficients_of(matrix);
	const __m256i upper = _mm256_set1_epi16((int16_t)0xff00), first = _mm256_set1_epi32(0xffff);
	__m256i sums = _mm256_setzero_si256();
	size_t x = 0;
	for (; x + PIXELS <= rows->width; x += PIXELS) {
		const __m256i a = load(rows->luma[0] + 2 * x), b = load(rows->luma[0] + 2 * x + PIXELS);
		const __m256i low = _mm256_permute2x128_si256(a, b, 0x20), high = _mm256_permute2x128_si256(a, b, 0x31);
		const struct light light = { .low = _mm256_mulhi_epu16(_mm256_slli_epi16(low, 8), c.luma),
			                         .high = _mm256_mulhi_epu16(_mm256_slli_epi16(high, 8), c.luma) };
		const __m256i chroma_low = _mm256_and_si256(low, upper), chroma_high = _mm256_and_si256(high, upper);
		const __m256i u =
		    _mm256_packus_epi32(_mm256_and_si256(chroma_low, first), _mm256_and_si256(chroma_high, first));
		const __m256i v = _mm256_packus_epi32(_mm256_srli_epi32(chroma_low, 16), _mm256_srli_epi32(chroma_high, 16));
		const struct tint tint = tint_of(&c, u, v);
		fetch(rows->rgb[0] + FRAME_CHANNELS * x);
		sums = _mm256_add_epi64(sums, put_row(light, &tint, rows->rgb[0] + FRAME_CHANNELS * x));
	}
	*sum += total_of(sums);
	return x;
}

AVX2 size_t yuv_rows_avx2(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum)
{
	if (rows->format == PIXEL_YUYV)
		return packed(rows, matrix, sum);
	if (rows->format == PIXEL_NV12)
		return planar(rows, matrix, true, sum);
	return planar(rows, matrix, false, sum);
}

#endif
