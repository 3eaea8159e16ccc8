#include "area_box.h"

#include "base/number.h"
#include "media/kernel.h"

#if defined __ARM_NEON && !defined KERNEL_BASELINE

#include <arm_neon.h>

enum { TOGETHER = 8, UNITS = 16, BYTES_MAX = 4 };

/* Of each byte of a unit, the sums of neighbouring pairs of units, of all rows. */
struct pairs {
	uint16x8_t sums[BYTES_MAX];
};

struct units {
	uint8x16_t bytes[BYTES_MAX];
};

static KERNEL_PART struct units load_units(const uint8_t *from, size_t unit_bytes)
{
	if (unit_bytes == 1)
		return (struct units){ { vld1q_u8(from) } };
	if (unit_bytes == 2) {
		const uint8x16x2_t two = vld2q_u8(from);
		return (struct units){ { two.val[0], two.val[1] } };
	}
	if (unit_bytes == 3) {
		const uint8x16x3_t three = vld3q_u8(from);
		return (struct units){ { three.val[0], three.val[1], three.val[2] } };
	}
	const uint8x16x4_t four = vld4q_u8(from);
	return (struct units){ { four.val[0], four.val[1], four.val[2], four.val[3] } };
}

static KERNEL_PART struct pairs sum_pairs(const struct area_box *box, const uint8_t *from, size_t unit_bytes,
                                          size_t ratio)
{
	struct units units = load_units(from, unit_bytes);
	struct pairs pairs;
	for (size_t i = 0; i < unit_bytes; i++)
		pairs.sums[i] = vpaddlq_u8(units.bytes[i]);
	for (size_t y = 1; y < ratio; y++) {
		units = load_units(from + y * box->stride, unit_bytes);
		for (size_t i = 0; i < unit_bytes; i++)
			pairs.sums[i] = vpadalq_u8(pairs.sums[i], units.bytes[i]);
	}
	return pairs;
}

static KERNEL_PART uint16x8_t neighbours_added(uint16x8_t a, uint16x8_t b)
{
#ifdef __aarch64__
	return vpaddq_u16(a, b);
#else
	return vcombine_u16(vpadd_u16(vget_low_u16(a), vget_high_u16(a)), vpadd_u16(vget_low_u16(b), vget_high_u16(b)));
#endif
}

static KERNEL_PART struct pairs sum_units(const struct area_box *box, const uint8_t *from, size_t unit_bytes,
                                          size_t ratio)
{
	if (ratio == 1) { /* of pairs */
		const uint8x8x2_t single = vld2_u8(from);
		return (struct pairs){ { vmovl_u8(single.val[0]), vmovl_u8(single.val[1]) } };
	}
	struct pairs pairs = sum_pairs(box, from, unit_bytes, ratio);
	if (ratio == 2)
		return pairs;
	const struct pairs right = sum_pairs(box, from + UNITS * unit_bytes, unit_bytes, ratio);
	for (size_t i = 0; i < unit_bytes; i++)
		pairs.sums[i] = neighbours_added(pairs.sums[i], right.sums[i]);
	return pairs;
}

/* unit_bytes and ratio, 1, 2 or 4, are constants. The last vector of a row does some of it again. Of copies, since what
 * the vectors are stored to could be the originals, for all that a compiler knows. */
static KERNEL_PART void average(const struct area_box *original, size_t unit_bytes, size_t ratio, size_t count,
                                uint16_t *const averages[BYTES_MAX])
{
	const struct area_box copy = *original, *const box = &copy;
	uint16_t *out[BYTES_MAX];
	const int16x8_t shift = vdupq_n_s16(ratio == 1 ? 8 : ratio == 2 ? 6 : 4); /* from a sum to an average of 8.8 bits */
	const size_t bytes = unit_bytes == BYTES_MAX ? 3 : unit_bytes;
	for (size_t i = 0; i < bytes; i++)
		out[i] = averages[i];
	for (size_t begin = 0; begin < count; begin += TOGETHER) {
		const size_t x = min_size(begin, count - TOGETHER);
		const struct pairs pairs = sum_units(box, box->row + x * ratio * unit_bytes, unit_bytes, ratio);
		for (size_t i = 0; i < bytes; i++)
			vst1q_u16(out[i] + x, vshlq_u16(pairs.sums[i], shift));
	}
}

static KERNEL_PART void average_by(const struct area_box *box, size_t ratio, size_t count,
                                   uint16_t *const averages[BYTES_MAX])
{
	switch (box->unit_bytes) {
	case 1:
		average(box, 1, ratio, count, averages);
		break;
	case 2:
		average(box, 2, ratio, count, averages);
		break;
	case 3:
		average(box, 3, ratio, count, averages);
		break;
	default:
		average(box, 4, ratio, count, averages);
	}
}

bool area_box(const struct area_box *box, size_t count, uint16_t *const averages[BYTES_MAX])
{
	if (count < TOGETHER)
		return false;
	if (box->ratio == 1 && box->unit_bytes == 2)
		average(box, 2, 1, count, averages);
	else if (box->ratio == 2)
		average_by(box, 2, count, averages);
	else if (box->ratio == 4)
		average_by(box, 4, count, averages);
	else
		return false;
	return true;
}

#else

bool area_box(const struct area_box *box, size_t count, uint16_t *const averages[4])
{
	(void)box, (void)count, (void)averages;
	return false;
}

#endif
