#include "media/luma.h"

#include <string.h>

#include "kernel.h"

enum { CLIPPED_LEVEL = 250, CLIPPED_STEP = 8 };

/* A 16-bit lane takes two bytes a word: 128 words cannot overflow it. */
enum { SUM_WORDS = 128 };

static KERNEL_PART uint64_t sum_words(const uint8_t *bytes, size_t words)
{
	const uint64_t even_bytes = 0x00ff00ff00ff00ff;
	uint64_t lanes = 0;
	for (size_t i = 0; i < words; i++) {
		uint64_t word;
		memcpy(&word, bytes + i * sizeof word, sizeof word);
		lanes += (word & even_bytes) + (word >> 8 & even_bytes);
	}
	const uint64_t even_lanes = 0x0000ffff0000ffff;
	lanes = (lanes & even_lanes) + (lanes >> 16 & even_lanes);
	return (lanes & UINT32_MAX) + (lanes >> 32);
}

KERNEL static uint64_t sum_bytes(const uint8_t *bytes, size_t count)
{
	uint64_t sum = 0;
	size_t i = 0;
	for (; i + SUM_WORDS * sizeof(uint64_t) <= count; i += SUM_WORDS * sizeof(uint64_t))
		sum += sum_words(bytes + i, SUM_WORDS);
	const size_t words = (count - i) / sizeof(uint64_t);
	sum += sum_words(bytes + i, words);
	for (i += words * sizeof(uint64_t); i < count; i++)
		sum += bytes[i];
	return sum;
}

uint64_t luma_sum(const uint8_t *bytes, size_t count)
{
	return sum_bytes(bytes, count);
}

double luma_mean(const uint8_t *bytes, size_t count)
{
	return count > 0 ? (double)luma_sum(bytes, count) / (double)count : 0;
}

double luma_clipped_share(const struct frame *frame)
{
	size_t clipped = 0, judged = 0;
	for (int y = 0; y < frame->height; y += CLIPPED_STEP) {
		const uint8_t *row = frame->pixels + frame_bytes(frame->width, y);
		for (int x = 0; x < frame->width; x += CLIPPED_STEP, judged++) {
			const uint8_t *pixel = row + frame_bytes(x, 1);
			clipped += pixel[0] >= CLIPPED_LEVEL || pixel[1] >= CLIPPED_LEVEL || pixel[2] >= CLIPPED_LEVEL;
		}
	}
	return judged > 0 ? (double)clipped / (double)judged : 0;
}
