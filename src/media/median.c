/*
 * Two ways, both made of byte operations that a vector does sixteen or more at a time. Few sources go through a network
 * of minimum and maximum, which grows with count * log² count; of many, levels are counted (median_count.h).
 */
#include <string.h>

#include "base/number.h"
#include "four_bytes.h"
#include "media/kernel.h"
#include "median_count.h"
#include "median_network.h"
#include "stack_block.h"

#ifdef HAVE_FOUR_BYTES

static KERNEL_PART void order(uint8_t *restrict low, uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i += sizeof(uint32_t)) {
		const uint32_t a = four_bytes(low + i), b = four_bytes(high + i);
		put_four_bytes(smaller_of_four(a, b), low + i);
		put_four_bytes(larger_of_four(b, a), high + i);
	}
}

static KERNEL_PART void keep_smaller(uint8_t *restrict low, const uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i += sizeof(uint32_t))
		put_four_bytes(smaller_of_four(four_bytes(low + i), four_bytes(high + i)), low + i);
}

static KERNEL_PART void keep_larger(const uint8_t *restrict low, uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i += sizeof(uint32_t))
		put_four_bytes(larger_of_four(four_bytes(low + i), four_bytes(high + i)), high + i);
}

#else

static KERNEL_PART void order(uint8_t *restrict low, uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i++) {
		const uint8_t a = low[i], b = high[i];
		low[i] = a < b ? a : b;
		high[i] = a < b ? b : a;
	}
}

static KERNEL_PART void keep_smaller(uint8_t *restrict low, const uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i++)
		low[i] = low[i] < high[i] ? low[i] : high[i];
}

static KERNEL_PART void keep_larger(const uint8_t *restrict low, uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i++)
		high[i] = low[i] < high[i] ? high[i] : low[i];
}

#endif

KERNEL static void run_network(const struct median_network *network, uint8_t (*levels)[MEDIAN_BLOCK_BYTES])
{
	for (size_t k = 0; k < network->count; k++) {
		const struct median_step step = network->steps[k];
		if (step.keeps == MEDIAN_KEEPS_BOTH)
			order(levels[step.low], levels[step.high]);
		else if (step.keeps == MEDIAN_KEEPS_LOW)
			keep_smaller(levels[step.low], levels[step.high]);
		else
			keep_larger(levels[step.low], levels[step.high]);
	}
}

KERNEL static void average(const uint8_t *lower, const uint8_t *upper, size_t bytes, uint8_t *restrict out)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)((lower[i] + upper[i] + 1) / 2);
}

static void by_sorting(const struct median_network *network, const struct stack_block *block, uint8_t *restrict out)
{
	uint8_t levels[MEDIAN_SORT_MAX][MEDIAN_BLOCK_BYTES];
	for (size_t k = 0; k < block->count; k++) {
		const uint8_t *source = block->sources[k] + block->begin;
		stack_fetch(source + block->bytes, MEDIAN_BLOCK_BYTES);
		memcpy(levels[k], source, block->bytes);
		memset(levels[k] + block->bytes, 0, MEDIAN_BLOCK_BYTES - block->bytes);
	}
	run_network(network, levels);
	average(levels[(block->count - 1) / 2], levels[block->count / 2], block->bytes, out);
}

void median_range(const uint8_t *const sources[], size_t count, size_t begin, size_t end, uint8_t *restrict out)
{
	if (count > MEDIAN_SORT_MAX) {
		median_count_range(sources, count, begin, end, out);
		return;
	}
	struct stack_block block = { .sources = sources, .count = count, .begin = begin };
	struct median_network network;
	median_network_make(&network, count);
	for (; block.begin < end; block.begin += block.bytes) {
		block.bytes = min_size(end - block.begin, MEDIAN_BLOCK_BYTES);
		by_sorting(&network, &block, out + block.begin);
	}
}
