/* 32 pixels at a time, in two halves of 16 words. By 2 the words are in the order of the pixels; by 3 and 4, fours of
 * pixels are in the order 0 2 1 3. */
#ifdef __x86_64__

#include "base/number.h"
#include "box_row.h"
#include "media/kernel.h"
#include "yuv_avx2.h"

enum { HALF = 16, FOUR = 4, AHEAD_BYTES = 2048 };

/* 65536 / 9, rounded up: good for four times a sum of nine bytes. */
enum { NINTH = 7282 };

/* Averages of 16 pixels, 8.8 bits. */
struct averages {
	__m256i y, u, v;
};

/* The plane's place in the row from pixel x on. */
AVX2 static KERNEL_PART const uint8_t *samples_at(const struct box_row *row, int plane, size_t ratio, size_t x)
{
	const size_t bytes = plane > 0 && row->format == PIXEL_YUV420 ? ratio * x / 2 : ratio * x;
	return row->plane[plane] + bytes;
}

/* 256 / 9 of sums, rounded down: 28 and four ninths. */
AVX2 static KERNEL_PART __m256i ninths_of(__m256i sums)
{
	return _mm256_add_epi16(_mm256_mullo_epi16(sums, _mm256_set1_epi16(28)),
	                        _mm256_mulhi_epu16(_mm256_slli_epi16(sums, 2), _mm256_set1_epi16(NINTH)));
}

/* Of eight pixels, four a lane: halves of sums. */
AVX2 static KERNEL_PART __m256i luma_halves(const struct box_row *row, size_t ratio, size_t x)
{
	const __m256i threes =
	    _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1));
	const uint8_t *from = samples_at(row, 0, ratio, x);
	__m256i sums = _mm256_setzero_si256();
	for (size_t i = 0; i < ratio; i++, from += row->stride[0]) {
		const __m256i bytes = load_lanes(from, from + FOUR * ratio);
		const __m256i fours = ratio == 3 ? _mm256_shuffle_epi8(bytes, threes) : bytes;
		sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(fours, _mm256_set1_epi8(1)));
	}
	return sums;
}

AVX2 static KERNEL_PART __m256i luma_by_2(const struct box_row *row, size_t x)
{
	const uint8_t *from = samples_at(row, 0, 2, x);
	const __m256i ones = _mm256_set1_epi8(1);
	const __m256i upper = _mm256_maddubs_epi16(load(from), ones);
	return _mm256_add_epi16(upper, _mm256_maddubs_epi16(load(from + row->stride[0]), ones));
}

AVX2 static KERNEL_PART struct averages averages_by_2(const struct box_row *row, bool pairs, size_t x)
{
	const uint8_t *u = samples_at(row, 1, 2, x);
	const __m256i y = _mm256_slli_epi16(luma_by_2(row, x), 6);
	if (!pairs)
		return (struct averages){ y, load_16(u), load_16(samples_at(row, 2, 2, x)) };
	const __m256i both = load(u);
	return (struct averages){ y, _mm256_slli_epi16(both, 8),
		                      _mm256_and_si256(both, _mm256_set1_epi16((int16_t)0xff00)) };
}

/* A lane's samples of U and V for four pixels, neighbours that belong to a sum side by side: U first. */
AVX2 static KERNEL_PART __m256i chroma_lanes(const uint8_t *u, const uint8_t *v, bool pairs, size_t ratio)
{
	const __m128i pairs_by_4 = _mm_setr_epi8(0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
	const __m128i pairs_by_3 = _mm_setr_epi8(0, 2, 2, 4, 6, 8, 8, 10, 1, 3, 3, 5, 7, 9, 9, 11);
	const __m128i apart_by_3 = _mm_setr_epi8(0, 1, 1, 2, 3, 4, 4, 5, 8, 9, 9, 10, 11, 12, 12, 13);
	const size_t distance = FOUR * ratio;
	if (pairs) {
		const __m256i order = _mm256_broadcastsi128_si256(ratio == 4 ? pairs_by_4 : pairs_by_3);
		return _mm256_shuffle_epi8(load_lanes(u, u + distance), order);
	}
	const __m256i both = load_eights(u, v, u + distance / 2, v + distance / 2);
	return ratio == 4 ? both : _mm256_shuffle_epi8(both, _mm256_broadcastsi128_si256(apart_by_3));
}

/* Of eight pixels: four sums of U a lane, and four of V. */
AVX2 static KERNEL_PART __m256i chroma_sums(const struct box_row *row, bool pairs, size_t ratio, size_t x)
{
	const uint8_t *u = samples_at(row, 1, ratio, x), *v = pairs ? u : samples_at(row, 2, ratio, x);
	const __m256i weights = _mm256_set1_epi32(ratio == 4 ? 0x01010101 : 0x02010102);
	const __m256i upper = _mm256_maddubs_epi16(chroma_lanes(u, v, pairs, ratio), weights);
	u += row->stride[1];
	v += row->stride[pairs ? 1 : 2];
	const __m256i lower = _mm256_maddubs_epi16(chroma_lanes(u, v, pairs, ratio), weights);
	const __m256i sums = _mm256_add_epi16(upper, lower);
	return ratio == 4 ? sums : _mm256_add_epi16(sums, row->odd ? lower : upper);
}

AVX2 static KERNEL_PART struct averages averages_of(const struct box_row *row, bool pairs, size_t ratio, size_t x)
{
	if (ratio == 2)
		return averages_by_2(row, pairs, x);
	const __m256i y = _mm256_hadd_epi16(luma_halves(row, ratio, x), luma_halves(row, ratio, x + HALF / 2));
	const __m256i left = chroma_sums(row, pairs, ratio, x), right = chroma_sums(row, pairs, ratio, x + HALF / 2);
	const __m256i u = _mm256_unpacklo_epi64(left, right), v = _mm256_unpackhi_epi64(left, right);
	if (ratio == 3)
		return (struct averages){ ninths_of(y), ninths_of(u), ninths_of(v) };
	return (struct averages){ _mm256_slli_epi16(y, 4), _mm256_slli_epi16(u, 6), _mm256_slli_epi16(v, 6) };
}

AVX2 static KERNEL_PART __m256i level_of(__m256i light, __m256i tint)
{
	return _mm256_srai_epi16(_mm256_add_epi16(light, tint), CONVERT_FRACTION_BITS);
}

/* Of two halves, in the order of the pixels. */
AVX2 static KERNEL_PART __m256i together(__m256i first, __m256i second, size_t ratio)
{
	const __m256i order =
	    ratio == 2 ? _mm256_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7) : _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(first, second), order);
}

/* Of a plane: a line of each row of it, or after the rows of the next ones that are averaged. */
AVX2 static KERNEL_PART void fetch(const struct box_row *row, int plane, const uint8_t *from, size_t rows, bool next)
{
	from += AHEAD_BYTES + (next ? (rows - 1) * row->stride[plane] : 0);
	for (size_t y = 0; y < rows; y++)
		__builtin_prefetch(from + y * row->stride[plane]);
}

AVX2 static KERNEL_PART void fetch_all(const struct box_row *row, size_t ratio, size_t x, bool next, const uint8_t *rgb)
{
	fetch(row, 0, samples_at(row, 0, ratio, x), ratio, next);
	fetch(row, 1, samples_at(row, 1, ratio, x), (ratio + 1) / 2, next);
	__builtin_prefetch(rgb + AHEAD_BYTES, 1);
	__builtin_prefetch(rgb + AHEAD_BYTES + 64, 1);
}

/* pairs and ratio: constants. */
AVX2 static KERNEL_PART uint64_t make(const struct box_row *row, const struct convert_matrix *matrix, bool pairs,
                                      size_t ratio, size_t vectors, uint8_t *rgb)
{
	const struct coefficients c = coefficients_of(matrix);
	__m256i sums = _mm256_setzero_si256();
	const size_t last = row->count - min_size(row->count, AHEAD_BYTES / ratio);
	for (size_t x = 0; x < vectors * BOX_PIXELS; x += BOX_PIXELS) {
		if (ratio < BOX_RATIO_MAX) /* by 4 it takes as long without */
			fetch_all(row, ratio, x, x >= last, rgb + FRAME_CHANNELS * x);
		struct tint tints[2];
		__m256i light[2];
		for (size_t i = 0; i < 2; i++) {
			const struct averages averages = averages_of(row, pairs, ratio, x + i * HALF);
			tints[i] = tint_of(&c, averages.u, averages.v);
			light[i] = _mm256_mulhi_epu16(averages.y, c.luma);
		}
		const __m256i red = together(level_of(light[0], tints[0].red), level_of(light[1], tints[1].red), ratio);
		const __m256i green = together(level_of(light[0], tints[0].green), level_of(light[1], tints[1].green), ratio);
		const __m256i blue = together(level_of(light[0], tints[0].blue), level_of(light[1], tints[1].blue), ratio);
		store_rgb(red, green, blue, rgb + FRAME_CHANNELS * x);
		sums = _mm256_add_epi64(sums, sum_of(red, green, blue));
	}
	return total_of(sums);
}

AVX2 static KERNEL_PART uint64_t make_by(const struct box_row *row, const struct convert_matrix *matrix, bool pairs,
                                         size_t vectors, uint8_t *rgb)
{
	if (row->ratio == 2)
		return make(row, matrix, pairs, 2, vectors, rgb);
	if (row->ratio == 3)
		return make(row, matrix, pairs, 3, vectors, rgb);
	return make(row, matrix, pairs, 4, vectors, rgb);
}

AVX2 uint64_t box_yuv_avx2(const struct box_row *row, const struct convert_matrix *matrix, size_t vectors, uint8_t *rgb)
{
	if (row->format == PIXEL_NV12)
		return make_by(row, matrix, true, vectors, rgb);
	return make_by(row, matrix, false, vectors, rgb);
}

#endif
