#include "byte_sum.h"

#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "media/kernel.h"

#if defined __SSE2__

#include <immintrin.h>

enum { VECTORS = BYTE_SUM_LINE / 16 };

static KERNEL_PART uint64_t sum_lines(const uint8_t *from, size_t lines, uint8_t *to)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i sums[2] = { zero, zero };
	for (size_t line = 0; line < lines; line++)
		for (size_t i = 0; i < VECTORS; i++) {
			const size_t at = line * BYTE_SUM_LINE + i * sizeof zero;
			const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + at));
			if (to)
				_mm_storeu_si128((__m128i *)(void *)(to + at), bytes);
			sums[i % 2] = _mm_add_epi64(sums[i % 2], _mm_sad_epu8(bytes, zero));
		}
	const __m128i both = _mm_add_epi64(sums[0], sums[1]);
	uint64_t halves[2];
	_mm_storeu_si128((__m128i *)(void *)halves, both);
	return halves[0] + halves[1];
}

#elif defined __ARM_NEON

#include <arm_neon.h>

static KERNEL_PART uint64_t sum_lines(const uint8_t *from, size_t lines, uint8_t *to)
{
	uint64x2_t sums = vdupq_n_u64(0);
	for (size_t line = 0; line < lines;) {
		/* A lane takes two bytes from each of four vectors: 32 lines cannot overflow it. */
		const size_t end = line + min_size(lines - line, 32);
		uint16x8_t few = vdupq_n_u16(0);
		for (; line < end; line++, from += BYTE_SUM_LINE) {
			const uint8x16_t a = vld1q_u8(from), b = vld1q_u8(from + 16);
			const uint8x16_t c = vld1q_u8(from + 32), d = vld1q_u8(from + 48);
			few = vpadalq_u8(vpadalq_u8(vpadalq_u8(vpadalq_u8(few, a), b), c), d);
			if (!to)
				continue;
			vst1q_u8(to, a);
			vst1q_u8(to + 16, b);
			vst1q_u8(to + 32, c);
			vst1q_u8(to + 48, d);
			to += BYTE_SUM_LINE;
		}
		sums = vpadalq_u32(sums, vpaddlq_u16(few));
	}
	return vgetq_lane_u64(sums, 0) + vgetq_lane_u64(sums, 1);
}

#elif defined __ARM_FEATURE_SIMD32

#include <arm_acle.h>

/* USADA8 adds four differences of bytes, here from zero. The sum of 2^24 bytes fits 32 bits. */
static KERNEL_PART uint64_t sum_lines(const uint8_t *from, size_t lines, uint8_t *to)
{
	enum { LINES_MAX = 1 << 18 };
	uint64_t sum = 0;
	for (size_t line = 0; line < lines;) {
		const size_t end = line + min_size(lines - line, LINES_MAX);
		uint32_t few = 0;
		for (; line < end; line++)
			for (size_t i = 0; i < BYTE_SUM_LINE; i += sizeof(uint32_t)) {
				uint32_t word;
				memcpy(&word, from + line * BYTE_SUM_LINE + i, sizeof word);
				if (to)
					memcpy(to + line * BYTE_SUM_LINE + i, &word, sizeof word);
				few = __usada8(word, 0, few);
			}
		sum += few;
	}
	return sum;
}

#else

static KERNEL_PART uint64_t sum_lines(const uint8_t *from, size_t lines, uint8_t *to)
{
	uint64_t sum = 0;
	for (size_t line = 0; line < lines; line++, from += BYTE_SUM_LINE) {
		unsigned few = 0;
		for (size_t i = 0; i < BYTE_SUM_LINE; i++)
			few += from[i];
		sum += few;
		if (to)
			memcpy(to + line * BYTE_SUM_LINE, from, BYTE_SUM_LINE);
	}
	return sum;
}

#endif

uint64_t byte_sum_lines(const uint8_t *bytes, size_t lines)
{
	return sum_lines(bytes, lines, NULL);
}

#if defined __x86_64__ && !defined KERNEL_BASELINE

__attribute__((target("avx2"))) static uint64_t copy_lines_avx2(const uint8_t *from, size_t lines, uint8_t *to)
{
	const __m256i zero = _mm256_setzero_si256();
	__m256i sums[2] = { zero, zero };
	for (size_t at = 0; at < lines * BYTE_SUM_LINE; at += BYTE_SUM_LINE)
		for (size_t i = 0; i < 2; i++) {
			const size_t place = at + i * sizeof zero;
			const __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(from + place));
			_mm256_storeu_si256((__m256i *)(void *)(to + place), bytes);
			sums[i] = _mm256_add_epi64(sums[i], _mm256_sad_epu8(bytes, zero));
		}
	uint64_t parts[4];
	_mm256_storeu_si256((__m256i *)(void *)parts, _mm256_add_epi64(sums[0], sums[1]));
	return parts[0] + parts[1] + parts[2] + parts[3];
}

uint64_t byte_sum_copy_lines(const uint8_t *from, size_t lines, uint8_t *to)
{
	return __builtin_cpu_supports("avx2") ? copy_lines_avx2(from, lines, to) : sum_lines(from, lines, to);
}

#else

uint64_t byte_sum_copy_lines(const uint8_t *from, size_t lines, uint8_t *to)
{
	return sum_lines(from, lines, to);
}

#endif
