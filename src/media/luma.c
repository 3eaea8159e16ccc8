#include "media/luma.h"

#include <string.h>

#include "byte_sum.h"

enum { CLIPPED_LEVEL = 250, CLIPPED_STEP = 8 };

uint64_t luma_sum(const uint8_t *bytes, size_t count)
{
	const size_t lines = count / BYTE_SUM_LINE;
	uint64_t sum = byte_sum_lines(bytes, lines);
	for (size_t i = lines * BYTE_SUM_LINE; i < count; i++)
		sum += bytes[i];
	return sum;
}

uint64_t luma_copy(const uint8_t *from, size_t count, uint8_t *to)
{
	const size_t lines = count / BYTE_SUM_LINE, done = lines * BYTE_SUM_LINE;
	const uint64_t sum = byte_sum_copy_lines(from, lines, to);
	memcpy(to + done, from + done, count - done);
	return sum + luma_sum(from + done, count - done);
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
