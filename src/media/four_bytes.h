/*
 * Minimum, maximum, comparisons and sums of four bytes at a time, for ARM without vectors. What one byte exceeds
 * another by (UQSUB8), taken from the larger, leaves the smaller; added to the smaller, it makes the larger; neither
 * borrows nor carries. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_FOUR_BYTES_H
#define PASTCAM_MEDIA_FOUR_BYTES_H

#if defined __ARM_FEATURE_SIMD32 && !defined __ARM_NEON

#define HAVE_FOUR_BYTES

#include <arm_acle.h>
#include <stdint.h>
#include <string.h>

#include "media/kernel.h"

static KERNEL_PART uint32_t four_bytes(const uint8_t *from)
{
	uint32_t word;
	memcpy(&word, from, sizeof word);
	return word;
}

static KERNEL_PART void put_four_bytes(uint32_t word, uint8_t *to)
{
	memcpy(to, &word, sizeof word);
}

static KERNEL_PART uint32_t larger_of_four(uint32_t a, uint32_t b)
{
	return a + __uqsub8(b, a);
}

static KERNEL_PART uint32_t smaller_of_four(uint32_t a, uint32_t b)
{
	return a - __uqsub8(a, b);
}

/* Where a signed byte of a is below that of b, the byte of these, else 0. SSUB8 notes which are not below, SEL goes by
 * that. */
static KERNEL_PART uint32_t where_below(uint32_t a, uint32_t b, uint32_t these)
{
	(void)__ssub8((int8x4_t)a, (int8x4_t)b);
	return __sel(0, these);
}

/* Sums of two bytes of each word, the first and the third or the second and the fourth, in 16 bits each. */
static KERNEL_PART uint32_t first_and_third_added(uint32_t sums, uint32_t word)
{
	__asm__("uxtab16 %0, %1, %2" : "=r"(sums) : "r"(sums), "r"(word));
	return sums;
}

/* The instruction turns the word on its way; its intrinsic cannot say so. */
static KERNEL_PART uint32_t second_and_fourth_added(uint32_t sums, uint32_t word)
{
	__asm__("uxtab16 %0, %1, %2, ror #8" : "=r"(sums) : "r"(sums), "r"(word));
	return sums;
}

#endif

#endif
