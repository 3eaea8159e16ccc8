/*
 * 32 pixels at a time. A vector's two lanes of 128 bits are unpacked and packed each for itself, which cancels out:
 * pixels 0-7 and 16-23 are in "low", 8-15 and 24-31 in "high".
 */
#ifdef __x86_64__

#include "base/number.h"
#include "yuv_avx2.h"
#include "yuv_rows.h"

enum { PIXELS = 32, AHEAD_BYTES = 2048 };

/* Of 32 pixels, in their order. */
AVX2 static inline __m256i levels_of(struct light light, __m256i tint)
{
	const __m256i low = _mm256_add_epi16(light.low, _mm256_unpacklo_epi16(tint, tint));
	const __m256i high = _mm256_add_epi16(light.high, _mm256_unpackhi_epi16(tint, tint));
	return _mm256_packus_epi16(_mm256_srai_epi16(low, CONVERT_FRACTION_BITS),
	                           _mm256_srai_epi16(high, CONVERT_FRACTION_BITS));
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

/* Lines that are written to are fetched ahead; after the rows come the next ones that are made. */
AVX2 static inline void fetch(const uint8_t *rgb)
{
	__builtin_prefetch(rgb + AHEAD_BYTES, 1);
	__builtin_prefetch(rgb + AHEAD_BYTES + 64, 1);
}

AVX2 static inline size_t planar(const struct yuv_rows *rows, const struct convert_matrix *matrix, bool pairs,
                                 uint64_t *sum)
{
	const struct coefficients c = coefficients_of(matrix);
	const size_t bytes = FRAME_CHANNELS * rows->width, beyond = (size_t)(rows->count - 1) * bytes;
	const size_t last = bytes - min_size(bytes, AHEAD_BYTES);
	__m256i sums = _mm256_setzero_si256();
	size_t x = 0;
	for (; x + PIXELS <= rows->width; x += PIXELS) {
		const __m256i both = pairs ? load(rows->chroma[0] + x) : sums;
		const __m256i u = pairs ? _mm256_slli_epi16(both, 8) : load_16(rows->chroma[0] + x / 2);
		const __m256i v =
		    pairs ? _mm256_and_si256(both, _mm256_set1_epi16((int16_t)0xff00)) : load_16(rows->chroma[1] + x / 2);
		const struct tint tint = tint_of(&c, u, v);
		for (int i = 0; i < rows->count; i++) {
			fetch(rows->rgb[i] + FRAME_CHANNELS * x + (FRAME_CHANNELS * x >= last ? beyond : 0));
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
