/* Eight pixels at a time: the first four in the lower lanes of 128 bits, the others in the upper ones. */
#ifdef __x86_64__

#include <string.h>

#include "base/number.h"
#include "box_row.h"
#include "media/kernel.h"
#include "yuv_avx2.h"

enum { PIXELS = 8, LANE = 16, NOTHING = 0x80, AHEAD_BYTES = 2048 };

/* 65536 / 9, rounded up: good for all sums of nine bytes. */
enum { NINTH = 7282 };

/* The order of a lane's bytes in which neighbours belong to the same sum: by 2, of two pixels, pairs of R, G, B,
 * nothing; else of one, R, G, B and nothing of four bytes each. */
AVX2 static __m256i order_of(enum pixel_format format, size_t unit, size_t ratio)
{
	const bool blue_first = format == PIXEL_BGR || format == PIXEL_BGRX;
	uint8_t order[LANE];
	memset(order, NOTHING, sizeof order);
	for (size_t colour = 0; colour < FRAME_CHANNELS; colour++)
		for (size_t i = 0; i < BOX_RATIO_MAX; i++) {
			const size_t place = ratio == 2 ? i / 2 * 8 + colour * 2 + i % 2 : colour * 4 + i;
			if (i < ratio || ratio == 2)
				order[place] = (uint8_t)(i * unit + (blue_first ? 2 - colour : colour));
		}
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)order));
}

struct box {
	__m256i order;
	size_t stride, step; /* step: bytes of the units that a pixel is made of */
};

/* Words: R, G, B, nothing of two pixels a lane by 2; else halves of these of one. */
AVX2 static KERNEL_PART __m256i sum_rows(const struct box *box, const uint8_t *from, size_t ratio)
{
	const __m256i ones = _mm256_set1_epi8(1);
	__m256i sums = _mm256_setzero_si256();
	for (size_t y = 0; y < ratio; y++, from += box->stride) {
		const __m256i bytes = _mm256_shuffle_epi8(load_lanes(from, from + PIXELS / 2 * box->step), box->order);
		sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(bytes, ones));
	}
	return sums;
}

/* Of two pixels a lane, rounded half up. */
AVX2 static KERNEL_PART __m256i levels_of(const struct box *box, const uint8_t *from, size_t ratio)
{
	if (ratio == 2)
		return _mm256_srli_epi16(_mm256_add_epi16(sum_rows(box, from, 2), _mm256_set1_epi16(2)), 2);
	const __m256i sums = _mm256_hadd_epi16(sum_rows(box, from, ratio), sum_rows(box, from + box->step, ratio));
	if (ratio == 4)
		return _mm256_srli_epi16(_mm256_add_epi16(sums, _mm256_set1_epi16(8)), 4);
	return _mm256_mulhi_epu16(_mm256_add_epi16(sums, _mm256_set1_epi16(4)), _mm256_set1_epi16(NINTH));
}

/* Four bytes a pixel, of which the last is nothing. */
AVX2 static KERNEL_PART void store_pixels(__m256i pixels, uint8_t *rgb)
{
	const __m256i three =
	    _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
	const __m256i together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
	const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(pixels, three), together);
	_mm256_storeu_si256((__m256i *)(void *)rgb, bytes);
}

/* Lines to come of what is read and written; after the rows come the next ones that are averaged. */
AVX2 static KERNEL_PART void fetch(const struct box *box, const uint8_t *from, size_t ratio, bool next,
                                   const uint8_t *rgb)
{
	from += AHEAD_BYTES + (next ? (ratio - 1) * box->stride : 0);
	__builtin_prefetch(rgb + AHEAD_BYTES, 1);
	for (size_t y = 0; y < ratio; y++)
		__builtin_prefetch(from + y * box->stride);
}

/* ratio: a constant. */
AVX2 static KERNEL_PART uint64_t make(const struct box_row *row, size_t ratio, size_t vectors, uint8_t *rgb)
{
	const size_t unit = row->format == PIXEL_RGB || row->format == PIXEL_BGR ? 3 : 4;
	const struct box box = { order_of(row->format, unit, ratio), row->stride[0], ratio * unit };
	const uint8_t *from = row->plane[0];
	const uint8_t *const last = from + row->count * box.step - min_size(row->count * box.step, AHEAD_BYTES);
	__m256i sums = _mm256_setzero_si256();
	for (size_t i = 0; i < vectors * BOX_PIXELS / PIXELS; i++) {
		const __m256i pixels =
		    _mm256_packus_epi16(levels_of(&box, from, ratio), levels_of(&box, from + 2 * box.step, ratio));
		fetch(&box, from, ratio, from >= last, rgb);
		store_pixels(pixels, rgb);
		sums = _mm256_add_epi64(sums, _mm256_sad_epu8(pixels, _mm256_setzero_si256()));
		from += PIXELS * box.step;
		rgb += (size_t)PIXELS * FRAME_CHANNELS;
	}
	return total_of(sums);
}

AVX2 uint64_t box_rgb_avx2(const struct box_row *row, size_t vectors, uint8_t *rgb)
{
	if (row->ratio == 2)
		return make(row, 2, vectors, rgb);
	if (row->ratio == 3)
		return make(row, 3, vectors, rgb);
	return make(row, 4, vectors, rgb);
}

#endif
