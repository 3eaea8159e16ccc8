#include "media/stack.h"

#include <assert.h>

#include "stack_block.h"

/* Sums of so many bytes, and half that count to round, fit 16 bits. */
enum { NARROW_COUNT_MAX = 256 };

/* Leaves begin + the sum of the sources. */
static void sum_block(const struct stack_block *block, uint16_t begin, uint16_t *sums)
{
	const size_t bytes = block->bytes;
	for (size_t i = 0; i < bytes; i++)
		sums[i] = begin;
	for (size_t k = 0; k < block->count; k++) {
		const uint8_t *source = stack_block_source(block, k);
		for (size_t i = 0; i < bytes; i++)
			sums[i] = (uint16_t)(sums[i] + source[i]);
	}
}

/* The 0.5 lifts whole quotients above the error of the multiplication, of any count that there is. */
static inline uint8_t divided(uint32_t sum, float reciprocal)
{
	return (uint8_t)(int32_t)(((float)(int32_t)sum + 0.5F) * reciprocal);
}

static void mean_narrow(const struct stack_block *block, uint8_t *restrict out)
{
	const size_t bytes = block->bytes, count = block->count;
	uint16_t sums[STACK_BLOCK_BYTES];
	sum_block(block, (uint16_t)(count / 2), sums);
	if ((count & (count - 1)) == 0) {
		const int shift = __builtin_ctzl(count);
		for (size_t i = 0; i < bytes; i++)
			out[i] = (uint8_t)(sums[i] >> shift);
	} else {
		const float reciprocal = 1 / (float)count;
		for (size_t i = 0; i < bytes; i++)
			out[i] = divided(sums[i], reciprocal);
	}
}

static void mean_wide(const struct stack_block *block, uint8_t *restrict out)
{
	const size_t bytes = block->bytes, count = block->count;
	uint32_t sums[STACK_BLOCK_BYTES] = { 0 };
	struct stack_block batch = *block;
	for (size_t done = 0; done < count; done += batch.count) {
		uint16_t narrow[STACK_BLOCK_BYTES];
		batch.sources = block->sources + done;
		batch.count = count - done < NARROW_COUNT_MAX ? count - done : NARROW_COUNT_MAX;
		sum_block(&batch, 0, narrow);
		for (size_t i = 0; i < bytes; i++)
			sums[i] += narrow[i];
	}
	const float reciprocal = 1 / (float)count;
	for (size_t i = 0; i < bytes; i++)
		out[i] = divided(sums[i] + (uint32_t)(count / 2), reciprocal);
}

static void mean_block(const struct stack_block *block, uint8_t *restrict out)
{
	if (block->count <= NARROW_COUNT_MAX)
		mean_narrow(block, out);
	else
		mean_wide(block, out);
}

static void max_block(const struct stack_block *block, uint8_t *restrict out)
{
	const size_t bytes = block->bytes;
	uint8_t most[STACK_BLOCK_BYTES] = { 0 };
	for (size_t k = 0; k < block->count; k++) {
		const uint8_t *source = stack_block_source(block, k);
		for (size_t i = 0; i < bytes; i++)
			most[i] = most[i] > source[i] ? most[i] : source[i];
	}
	for (size_t i = 0; i < bytes; i++)
		out[i] = most[i];
}

static size_t block_bytes(size_t at, size_t end)
{
	return end - at < STACK_BLOCK_BYTES ? end - at : STACK_BLOCK_BYTES;
}

void stack_range(enum stack_mode mode, const uint8_t *const sources[], size_t count, size_t begin, size_t end,
                 uint8_t *restrict out)
{
	static void (*const stack_block[])(const struct stack_block *block, uint8_t *restrict out) = {
		[STACK_MEAN] = mean_block,
		[STACK_MEDIAN] = median_block,
		[STACK_MAX] = max_block,
	};
	assert(count >= 1 && count <= STACK_COUNT_MAX);
	struct stack_block block = { .sources = sources, .count = count };
	for (size_t at = begin; at < end; at += block.bytes) {
		block.begin = at;
		block.bytes = block_bytes(at, end);
		block.ahead = block_bytes(at + block.bytes, end);
		stack_block[mode](&block, out + at);
	}
}
