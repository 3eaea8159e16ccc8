#include "packed_rows.h"

#include "base/number.h"
#include "media/kernel.h"

#if defined __ARM_NEON && !defined KERNEL_BASELINE

#include <arm_neon.h>

/* Sums of 16 bits have room for BATCH vectors of three colours, two bytes of each to a sum. */
enum { PIXELS = 16, BATCH = 40 };

static KERNEL_PART uint8x16x3_t load_pixels(enum pixel_format format, const uint8_t *from)
{
	if (format == PIXEL_BGR) {
		const uint8x16x3_t bgr = vld3q_u8(from);
		return (uint8x16x3_t){ { bgr.val[2], bgr.val[1], bgr.val[0] } };
	}
	const uint8x16x4_t four = vld4q_u8(from);
	if (format == PIXEL_RGBX)
		return (uint8x16x3_t){ { four.val[0], four.val[1], four.val[2] } };
	return (uint8x16x3_t){ { four.val[2], four.val[1], four.val[0] } };
}

/* format: a constant. */
static KERNEL_PART size_t convert(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb,
                                  uint64_t *sum)
{
	const size_t bytes = format == PIXEL_BGR ? 3 : 4, vectors = width / PIXELS;
	uint32x4_t sums = vdupq_n_u32(0);
	for (size_t begin = 0; begin < vectors; begin += BATCH) {
		uint16x8_t few = vdupq_n_u16(0);
		for (size_t i = min_size(vectors - begin, BATCH); i > 0; i--) {
			const uint8x16x3_t pixels = load_pixels(format, row);
			vst3q_u8(rgb, pixels);
			few = vpadalq_u8(vpadalq_u8(vpadalq_u8(few, pixels.val[0]), pixels.val[1]), pixels.val[2]);
			row += PIXELS * bytes;
			rgb += (size_t)PIXELS * FRAME_CHANNELS;
		}
		sums = vpadalq_u16(sums, few);
	}
	const uint64x2_t halves = vpaddlq_u32(sums);
	*sum += vgetq_lane_u64(halves, 0) + vgetq_lane_u64(halves, 1);
	return vectors * PIXELS;
}

size_t packed_row(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum)
{
	switch (format) {
	case PIXEL_BGR:
		return convert(PIXEL_BGR, row, width, rgb, sum);
	case PIXEL_RGBX:
		return convert(PIXEL_RGBX, row, width, rgb, sum);
	default:
		return convert(PIXEL_BGRX, row, width, rgb, sum);
	}
}

#elif defined __x86_64__ && !defined KERNEL_BASELINE

size_t packed_row(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum)
{
	return __builtin_cpu_supports("avx2") ? packed_row_avx2(format, row, width, rgb, sum) : 0;
}

#else

size_t packed_row(enum pixel_format format, const uint8_t *row, size_t width, uint8_t *rgb, uint64_t *sum)
{
	(void)format, (void)row, (void)width, (void)rgb, (void)sum;
	return 0;
}

#endif
