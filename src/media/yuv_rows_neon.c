/* 32 pixels at a time, those with even and those with odd columns apart: both take the same chroma. */
#ifdef __ARM_NEON

#include <arm_neon.h>

#include "media/kernel.h"
#include "yuv_rows.h"

enum { PIXELS = 32 };

struct tint {
	int16x8_t red[2], green[2], blue[2]; /* of 16 pairs of pixels */
};

/* A doubled product of a sample times 128 is, in its upper half, sample * factor / 256, rounded down. */
enum { SAMPLE_BITS = 7 };

static inline int16x8_t scaled(int16x8_t sample, int16_t factor)
{
	return vqdmulhq_n_s16(sample, factor);
}

static inline struct tint tint_of(const struct convert_matrix *m, uint8x16_t u, uint8x16_t v)
{
	const uint8x16_t middle = vdupq_n_u8(0x80);
	const int8x16_t blueness = vreinterpretq_s8_u8(veorq_u8(u, middle));
	const int8x16_t redness = vreinterpretq_s8_u8(veorq_u8(v, middle));
	const int16x8_t blue[2] = { vshll_n_s8(vget_low_s8(blueness), SAMPLE_BITS),
		                        vshll_n_s8(vget_high_s8(blueness), SAMPLE_BITS) };
	const int16x8_t red[2] = { vshll_n_s8(vget_low_s8(redness), SAMPLE_BITS),
		                       vshll_n_s8(vget_high_s8(redness), SAMPLE_BITS) };
	const int16x8_t offset = vdupq_n_s16(m->offset);
	struct tint tint;
	for (int i = 0; i < 2; i++) {
		tint.red[i] = vaddq_s16(scaled(red[i], m->red_v), offset);
		tint.green[i] = vaddq_s16(vaddq_s16(scaled(blue[i], m->green_u), scaled(red[i], m->green_v)), offset);
		tint.blue[i] = vaddq_s16(scaled(blue[i], m->blue_u), offset);
	}
	return tint;
}

static inline uint8x16_t levels_of(const int16x8_t light[2], const int16x8_t tint[2])
{
	return vcombine_u8(vqshrun_n_s16(vaddq_s16(light[0], tint[0]), CONVERT_FRACTION_BITS),
	                   vqshrun_n_s16(vaddq_s16(light[1], tint[1]), CONVERT_FRACTION_BITS));
}

static inline void light_of(const struct convert_matrix *m, uint8x16_t luma, int16x8_t light[2])
{
	const uint16x8_t low = vshll_n_u8(vget_low_u8(luma), SAMPLE_BITS);
	const uint16x8_t high = vshll_n_u8(vget_high_u8(luma), SAMPLE_BITS);
	light[0] = scaled(vreinterpretq_s16_u16(low), (int16_t)m->luma);
	light[1] = scaled(vreinterpretq_s16_u16(high), (int16_t)m->luma);
}

/* Adds to sums, which must have room for 6 x 510. */
static inline uint16x8_t put_row(const struct convert_matrix *m, uint8x16x2_t luma, const struct tint *tint,
                                 uint16x8_t sums, uint8_t *rgb)
{
	int16x8_t even[2], odd[2];
	light_of(m, luma.val[0], even);
	light_of(m, luma.val[1], odd);
	const uint8x16x2_t red = vzipq_u8(levels_of(even, tint->red), levels_of(odd, tint->red));
	const uint8x16x2_t green = vzipq_u8(levels_of(even, tint->green), levels_of(odd, tint->green));
	const uint8x16x2_t blue = vzipq_u8(levels_of(even, tint->blue), levels_of(odd, tint->blue));
	for (int i = 0; i < 2; i++) {
		const uint8x16x3_t pixels = { { red.val[i], green.val[i], blue.val[i] } };
		vst3q_u8(rgb + i * (PIXELS / 2) * FRAME_CHANNELS, pixels);
		sums = vpadalq_u8(vpadalq_u8(vpadalq_u8(sums, red.val[i]), green.val[i]), blue.val[i]);
	}
	return sums;
}

static inline uint64_t total_of(uint32x4_t sums)
{
	const uint64x2_t pairs = vpaddlq_u32(sums);
	return vgetq_lane_u64(pairs, 0) + vgetq_lane_u64(pairs, 1);
}

static inline size_t planar(const struct yuv_rows *rows, const struct convert_matrix *matrix, bool pairs, uint64_t *sum)
{
	const struct convert_matrix m = *matrix;
	const int second = rows->count - 1;
	uint32x4_t sums = vdupq_n_u32(0);
	size_t x = 0;
	for (; x + PIXELS <= rows->width; x += PIXELS) {
		uint8x16x2_t chroma;
		if (pairs)
			chroma = vld2q_u8(rows->chroma[0] + x);
		else
			chroma = (uint8x16x2_t){ { vld1q_u8(rows->chroma[0] + x / 2), vld1q_u8(rows->chroma[1] + x / 2) } };
		const struct tint tint = tint_of(&m, chroma.val[0], chroma.val[1]);
		uint16x8_t few = vdupq_n_u16(0);
		few = put_row(&m, vld2q_u8(rows->luma[0] + x), &tint, few, rows->rgb[0] + FRAME_CHANNELS * x);
		if (second)
			few = put_row(&m, vld2q_u8(rows->luma[1] + x), &tint, few, rows->rgb[1] + FRAME_CHANNELS * x);
		sums = vpadalq_u16(sums, few);
	}
	*sum += total_of(sums);
	return x;
}

static inline size_t packed(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum)
{
	const struct convert_matrix m = *matrix;
	uint32x4_t sums = vdupq_n_u32(0);
	size_t x = 0;
	for (; x + PIXELS <= rows->width; x += PIXELS) {
		const uint8x16x4_t units = vld4q_u8(rows->luma[0] + 2 * x);
		const struct tint tint = tint_of(&m, units.val[1], units.val[3]);
		const uint8x16x2_t luma = { { units.val[0], units.val[2] } };
		sums = vpadalq_u16(sums, put_row(&m, luma, &tint, vdupq_n_u16(0), rows->rgb[0] + FRAME_CHANNELS * x));
	}
	*sum += total_of(sums);
	return x;
}

size_t yuv_rows_neon(const struct yuv_rows *rows, const struct convert_matrix *matrix, uint64_t *sum)
{
	if (rows->format == PIXEL_YUYV)
		return packed(rows, matrix, sum);
	if (rows->format == PIXEL_NV12)
		return planar(rows, matrix, true, sum);
	return planar(rows, matrix, false, sum);
}

#endif
