#include "stack.h"

#include <assert.h>

#include "median.h"

/* Bytes that are worked on at a time, so that the sums stay in the first-level cache. */
enum { BLOCK = 1024 };

/* Sums of so many bytes fit 16 bits. */
enum { NARROW_COUNT_MAX = 257 };

static void add_narrow(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, uint16_t *sums)
{
	for (size_t i = 0; i < bytes; i++)
		sums[i] = sources[0][begin + i];
	for (size_t k = 1; k < count; k++) {
		const uint8_t *source = sources[k] + begin;
		for (size_t i = 0; i < bytes; i++)
			sums[i] = (uint16_t)(sums[i] + source[i]);
	}
}

static void mean_block(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, uint8_t *out)
{
	uint32_t sums[BLOCK] = { 0 };
	for (size_t k = 0; k < count; k += NARROW_COUNT_MAX) {
		uint16_t narrow[BLOCK];
		const size_t some = count - k < NARROW_COUNT_MAX ? count - k : NARROW_COUNT_MAX;
		add_narrow(sources + k, some, begin, bytes, narrow);
		for (size_t i = 0; i < bytes; i++)
			sums[i] += narrow[i];
	}
	/* The half that rounds, and 0.5 to lift whole quotients above the error of the multiplication. */
	const float scale = 1 / (float)count, half = (float)(count / 2) + 0.5F;
	for (size_t i = 0; i < bytes; i++)
		out[begin + i] = (uint8_t)(int32_t)(((float)(int32_t)sums[i] + half) * scale);
}

static void max_block(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, uint8_t *restrict out)
{
	uint8_t most[BLOCK];
	for (size_t i = 0; i < bytes; i++)
		most[i] = sources[0][begin + i];
	for (size_t k = 1; k < count; k++) {
		const uint8_t *source = sources[k] + begin;
		for (size_t i = 0; i < bytes; i++)
			most[i] = most[i] > source[i] ? most[i] : source[i];
	}
	for (size_t i = 0; i < bytes; i++)
		out[begin + i] = most[i];
}

void stack_range(enum stack_mode mode, const uint8_t *const sources[], size_t count, size_t begin, size_t end,
                 uint8_t *out)
{
	assert(count >= 1 && count <= STACK_COUNT_MAX);
	const size_t step = mode == STACK_MEDIAN ? MEDIAN_BLOCK : BLOCK;
	for (size_t at = begin; at < end; at += step) {
		const size_t bytes = end - at < step ? end - at : step;
		switch (mode) {
		case STACK_MEAN:
			mean_block(sources, count, at, bytes, out);
			break;
		case STACK_MEDIAN:
			median_block(sources, count, at, bytes, out);
			break;
		case STACK_MAX:
			max_block(sources, count, at, bytes, out);
			break;
		}
	}
}
