/*
 * Two ways, both made of byte operations that a vector does sixteen or more at a time. Few sources are sorted by
 * networks of minimum and maximum, each half for itself: the middle of two sorted lists takes no more than to look at
 * each once. Of many sources, levels are counted (median_count.h).
 */
#include <string.h>

#include "base/number.h"
#include "media/kernel.h"
#include "median_count.h"
#include "median_network.h"
#include "stack_block.h"

enum { AT_ONCE = 4 };

/* One of the halves, the first of which has one more where their count is odd. */
struct half {
	const struct median_network *network;
	size_t first, count; /* of the sources */
	_Alignas(STACK_LINE_BYTES) uint8_t rows[MEDIAN_ROWS][MEDIAN_BLOCK_BYTES];
};

static KERNEL_PART void order(uint8_t *restrict low, uint8_t *restrict high)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i += sizeof(median_lane)) {
		const median_lane a = median_lane_at(low + i), b = median_lane_at(high + i);
		median_put(median_smaller(a, b), low + i);
		median_put(median_larger(a, b), high + i);
	}
}

KERNEL static void run_steps(const struct median_network *network, uint8_t *rows)
{
	const struct median_step *const end = network->steps + network->count;
	for (const struct median_step *step = network->steps; step < end; step++)
		order(rows + step->low, rows + step->high);
}

/* The source's bytes; of a last block that is not whole, a copy with zeros after them. */
static const uint8_t *whole_block(const struct stack_block *block, size_t source, uint8_t *copy)
{
	const uint8_t *bytes = block->sources[source] + block->begin;
	stack_fetch(bytes + block->bytes, MEDIAN_BLOCK_BYTES);
	if (block->bytes == MEDIAN_BLOCK_BYTES)
		return bytes;
	memcpy(copy, bytes, block->bytes);
	memset(copy + block->bytes, 0, MEDIAN_BLOCK_BYTES - block->bytes);
	return copy;
}

static void sort_group(const struct stack_block *block, struct half *half, size_t group)
{
	uint8_t copies[MEDIAN_FEW][MEDIAN_BLOCK_BYTES];
	const uint8_t *sources[MEDIAN_FEW];
	size_t count = 0;
	for (size_t i = group; i < half->count; i += half->network->groups, count++)
		sources[count] = whole_block(block, half->first + i, copies[count]);
	median_sort_few(sources, count, half->rows + group * MEDIAN_FEW);
}

static void sort_half(const struct stack_block *block, struct half *half)
{
	for (size_t group = 0; group < min_size(half->network->groups, half->count); group++)
		sort_group(block, half, group);
	run_steps(half->network, half->rows[0]);
}

/* Raises lower to the smaller, and lowers upper to the larger of each pair. pairs: a constant. */
static KERNEL_PART void narrow(uint8_t *restrict lower, uint8_t *restrict upper, const uint8_t *const a[],
                               const uint8_t *const b[], size_t pairs)
{
	for (size_t i = 0; i < MEDIAN_BLOCK_BYTES; i += sizeof(median_lane)) {
		median_lane most = median_lane_at(lower + i), least = median_lane_at(upper + i);
#pragma GCC unroll 4
		for (size_t k = 0; k < pairs; k++) {
			const median_lane one = median_lane_at(a[k] + i), other = median_lane_at(b[k] + i);
			most = median_larger(most, median_smaller(one, other));
			least = median_smaller(least, median_larger(one, other));
		}
		median_put(most, lower + i);
		median_put(least, upper + i);
	}
}

/* pairs: 1 to AT_ONCE. */
KERNEL static void narrow_by(uint8_t *restrict lower, uint8_t *restrict upper, const uint8_t *const a[],
                             const uint8_t *const b[], size_t pairs)
{
	if (pairs == 1)
		narrow(lower, upper, a, b, 1);
	else if (pairs == 2)
		narrow(lower, upper, a, b, 2);
	else if (pairs == 3)
		narrow(lower, upper, a, b, 3);
	else
		narrow(lower, upper, a, b, AT_ONCE);
}

KERNEL static void average(const uint8_t *lower, const uint8_t *upper, size_t bytes, uint8_t *restrict out)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)((lower[i] + upper[i] + 1) / 2);
}

/* Of two sorted lists, the smallest of one is paired with the largest of the other, and so on: the smaller of all pairs
 * are the lower half of both lists. Where one list is longer by one, its smallest is in the lower half, whose largest
 * is the middle. */
static void find_middle(const struct half halves[2], size_t bytes, uint8_t *restrict out)
{
	_Alignas(STACK_LINE_BYTES) uint8_t lower[MEDIAN_BLOCK_BYTES], upper[MEDIAN_BLOCK_BYTES];
	const uint8_t *a[MEDIAN_LIST_MAX], *b[MEDIAN_LIST_MAX];
	const size_t pairs = halves[1].count, alone = halves[0].count - pairs;
	for (size_t i = 0; i < pairs; i++) {
		a[i] = halves[0].rows[halves[0].network->rows[alone + i]];
		b[i] = halves[1].rows[halves[1].network->rows[pairs - 1 - i]];
	}
	if (alone)
		memcpy(lower, halves[0].rows[0], sizeof lower);
	else
		memset(lower, 0, sizeof lower);
	memset(upper, UINT8_MAX, sizeof upper);
	for (size_t i = 0; i < pairs; i += AT_ONCE)
		narrow_by(lower, upper, a + i, b + i, min_size(pairs - i, AT_ONCE));
	if (alone)
		memcpy(out, lower, bytes);
	else
		average(lower, upper, bytes, out);
}

void median_range(const uint8_t *const sources[], size_t count, size_t begin, size_t end, uint8_t *restrict out)
{
	if (count > MEDIAN_SORT_MAX) {
		median_count_range(sources, count, begin, end, out);
		return;
	}
	struct median_network networks[2];
	struct half halves[2];
	for (size_t i = 0; i < 2; i++) {
		halves[i].count = (count + 1 - i) / 2;
		halves[i].first = i * halves[0].count;
		halves[i].network = &networks[i];
		median_network_make(&networks[i], halves[i].count);
	}
	struct stack_block block = { .sources = sources, .count = count, .begin = begin };
	for (; block.begin < end; block.begin += block.bytes) {
		block.bytes = min_size(end - block.begin, MEDIAN_BLOCK_BYTES);
		sort_half(&block, &halves[0]);
		sort_half(&block, &halves[1]);
		find_middle(halves, block.bytes, out + block.begin);
	}
}
