#include "stack.h"

#include <assert.h>

#include "stack_block.h"

/* Sums of so many bytes fit 14 bits, and can be divided in 16; of so many they fit 16. */
enum { SHORT_COUNT_MAX = 64, BATCH_COUNT_MAX = 256 };

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

/*
 * Division by multiplication, in 16-bit lanes: factor is 2^(14 + shift) / count, rounded up, with the shift that gives
 * it 15 bits or more. A quotient, below 256, is then less than 1/128 too large: not enough to reach the next integer
 * where count is at most 64.
 */
static void mean_short(const struct stack_block *block, uint8_t *restrict out)
{
	const size_t bytes = block->bytes;
	const unsigned count = (unsigned)block->count;
	unsigned shift = 1;
	while (1U << (shift - 1) < count)
		shift++;
	const uint16_t factor = (uint16_t)(((1U << (14 + shift)) + count - 1) / count);
	uint16_t sums[STACK_BLOCK_BYTES];
	sum_block(block, (uint16_t)(count / 2), sums);
	for (size_t i = 0; i < bytes; i++) {
		const uint16_t scaled = (uint16_t)((uint32_t)(uint16_t)(sums[i] << 2) * factor >> 16);
		out[i] = (uint8_t)(scaled >> shift);
	}
}

static void mean_long(const struct stack_block *block, uint8_t *restrict out)
{
	const size_t bytes = block->bytes;
	uint32_t sums[STACK_BLOCK_BYTES] = { 0 };
	struct stack_block batch = *block;
	for (size_t done = 0; done < block->count; done += batch.count) {
		uint16_t batch_sums[STACK_BLOCK_BYTES];
		batch.sources = block->sources + done;
		batch.count = block->count - done < BATCH_COUNT_MAX ? block->count - done : BATCH_COUNT_MAX;
		sum_block(&batch, 0, batch_sums);
		for (size_t i = 0; i < bytes; i++)
			sums[i] += batch_sums[i];
	}
	/* The half that rounds, and 0.5 that lifts whole quotients above the error of the multiplication. */
	const float scale = 1 / (float)block->count, half = (float)(block->count / 2) + 0.5F;
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(int32_t)(((float)(int32_t)sums[i] + half) * scale);
}

static void mean_block(const struct stack_block *block, uint8_t *restrict out)
{
	if (block->count <= SHORT_COUNT_MAX)
		mean_short(block, out);
	else
		mean_long(block, out);
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
