#include "media/stack.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/number.h"
#include "four_bytes.h"
#include "media/kernel.h"
#include "neon_choice.h"
#include "stack_block.h"

/* Sums of so many bytes, and half that count to round, fit 16 bits. */
enum { NARROW_COUNT_MAX = 256 };

static KERNEL_PART uint16_t sum_of(const struct stack_group *group, size_t count, size_t i)
{
	uint16_t sum = group->sources[0][i];
	for (size_t k = 1; k < count; k++)
		sum = (uint16_t)(sum + group->sources[k][i]);
	return sum;
}

#ifdef HAVE_FOUR_BYTES

enum { WORDS_BYTES = 16 };

/* Within four bytes sums are in another order: of the first, the third, the second, the fourth. What is left of a block
 * beyond whole fours is in order. */
static KERNEL_PART size_t place_of_sum(size_t i, size_t bytes)
{
	static const uint8_t places[] = { 0, 2, 1, 3 };
	return i < bytes / 4 * 4 ? i / 4 * 4 + places[i % 4] : i;
}

static KERNEL_PART void add_four(const struct stack_group *group, size_t count, size_t begin, uint16_t *sums)
{
	uint8_t *const at = (uint8_t *)(sums + begin);
	uint32_t one = four_bytes(at), other = four_bytes(at + sizeof one);
	for (size_t k = 0; k < count; k++) {
		const uint32_t word = four_bytes(group->sources[k] + begin);
		one = first_and_third_added(one, word);
		other = second_and_fourth_added(other, word);
	}
	put_four_bytes(one, at);
	put_four_bytes(other, at + sizeof one);
}

static KERNEL_PART void add_sources(const struct stack_group *group, size_t count, size_t begin, size_t bytes,
                                    uint16_t *sums)
{
	size_t i = begin;
	for (; i + WORDS_BYTES <= begin + bytes; i += WORDS_BYTES)
		for (size_t k = 0; k < WORDS_BYTES; k += 4)
			add_four(group, count, i + k, sums);
	for (; i + 4 <= begin + bytes; i += 4)
		add_four(group, count, i, sums);
	for (; i < begin + bytes; i++)
		sums[i] = (uint16_t)(sums[i] + sum_of(group, count, i));
}

#else

static KERNEL_PART size_t place_of_sum(size_t i, size_t bytes)
{
	(void)bytes;
	return i;
}

static KERNEL_PART void add_sources(const struct stack_group *group, size_t count, size_t begin, size_t bytes,
                                    uint16_t *restrict sums)
{
	for (size_t i = begin; i < begin + bytes; i++)
		sums[i] = (uint16_t)(sums[i] + sum_of(group, count, i));
}

#endif

static KERNEL_PART void add_group(const struct stack_block *block, size_t first, size_t count, uint16_t *restrict sums)
{
	const struct stack_group group = stack_group_of(block, first, count);
	size_t i = 0;
	for (; i + STACK_LINE_BYTES <= block->bytes; i += STACK_LINE_BYTES) {
		stack_group_fetch(&group, i);
		add_sources(&group, count, i, STACK_LINE_BYTES, sums);
	}
	add_sources(&group, count, i, block->bytes - i, sums);
}

/* Leaves begin + the sum of the sources. */
KERNEL static void sum_block(const struct stack_block *block, uint16_t begin, uint16_t *sums)
{
	for (size_t i = 0; i < block->bytes; i++)
		sums[i] = begin;
	size_t k = 0;
	for (; k + STACK_GROUP <= block->count; k += STACK_GROUP)
		add_group(block, k, STACK_GROUP, sums);
	if (block->count - k == 3)
		add_group(block, k, 3, sums);
	else if (block->count - k == 2)
		add_group(block, k, 2, sums);
	else if (block->count - k == 1)
		add_group(block, k, 1, sums);
}

/* The 0.5 lifts whole quotients above the error of the multiplication, of any count that there is. */
static KERNEL_PART uint8_t divided(uint32_t sum, float reciprocal)
{
	return (uint8_t)(int32_t)(((float)(int32_t)sum + 0.5F) * reciprocal);
}

#ifdef HAVE_FOUR_BYTES

/* 2^32 / count, rounded up, is below 1 / count too much by 2^-32: too little to lift a quotient of sums of 16 bits. */
static KERNEL_PART uint32_t pair_divided(uint32_t sums, uint32_t reciprocal)
{
	return (uint32_t)((uint64_t)(sums & 0xffff) * reciprocal >> 32) |
	       (uint32_t)((uint64_t)(sums >> 16) * reciprocal >> 32) << 16;
}

static KERNEL_PART uint32_t pair_shifted(uint32_t sums, int shift)
{
	return sums >> shift & 0x00ff00ff;
}

KERNEL static void divide_narrow(const uint16_t *restrict sums, size_t bytes, size_t count, uint8_t *restrict out)
{
	const bool whole_power = (count & (count - 1)) == 0;
	const int shift = __builtin_ctzl(count);
	const uint32_t reciprocal = (uint32_t)(UINT32_MAX / count) + 1;
	const uint8_t *at = (const uint8_t *)sums;
	size_t i = 0;
	for (; whole_power && i + 4 <= bytes; i += 4, at += 8)
		put_four_bytes(pair_shifted(four_bytes(at), shift) | pair_shifted(four_bytes(at + 4), shift) << 8, out + i);
	for (; i + 4 <= bytes; i += 4, at += 8)
		put_four_bytes(pair_divided(four_bytes(at), reciprocal) | pair_divided(four_bytes(at + 4), reciprocal) << 8,
		               out + i);
	for (; i < bytes; i++)
		out[i] = (uint8_t)(sums[i] / count);
}

#else

KERNEL static void divide_narrow(const uint16_t *restrict sums, size_t bytes, size_t count, uint8_t *restrict out)
{
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

#endif

static void mean_narrow(const struct stack_block *block, uint8_t *restrict out)
{
	uint16_t sums[STACK_BLOCK_BYTES];
	sum_block(block, (uint16_t)(block->count / 2), sums);
	divide_narrow(sums, block->bytes, block->count, out);
}

static void mean_wide(const struct stack_block *block, uint8_t *restrict out)
{
	const size_t bytes = block->bytes, count = block->count;
	uint32_t sums[STACK_BLOCK_BYTES] = { 0 };
	struct stack_block batch = *block;
	for (size_t done = 0; done < count; done += batch.count) {
		uint16_t narrow[STACK_BLOCK_BYTES];
		batch.sources = block->sources + done;
		batch.count = min_size(count - done, NARROW_COUNT_MAX);
		sum_block(&batch, 0, narrow);
		for (size_t i = 0; i < bytes; i++)
			sums[i] += narrow[place_of_sum(i, bytes)];
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

static KERNEL_PART uint8_t brighter(uint8_t a, uint8_t b)
{
	return a > b ? a : b;
}

#ifdef HAVE_FOUR_BYTES

static KERNEL_PART void raise_four_to(const struct stack_group *group, size_t begin, uint8_t *most)
{
	uint32_t word = four_bytes(most + begin);
	for (size_t k = 0; k < STACK_GROUP; k++)
		word = larger_of_four(word, four_bytes(group->sources[k] + begin));
	put_four_bytes(word, most + begin);
}

/* Returns how far it came. */
static KERNEL_PART size_t raise_words_to(const struct stack_group *group, size_t begin, size_t bytes, uint8_t *most)
{
	size_t i = begin;
	for (; i + WORDS_BYTES <= begin + bytes; i += WORDS_BYTES)
		for (size_t k = 0; k < WORDS_BYTES; k += 4)
			raise_four_to(group, i + k, most);
	return i;
}

#else

static KERNEL_PART size_t raise_words_to(const struct stack_group *group, size_t begin, size_t bytes, uint8_t *most)
{
	(void)group, (void)bytes, (void)most;
	return begin;
}

#endif

static KERNEL_PART void raise_to(const struct stack_group *group, size_t begin, size_t bytes, uint8_t *restrict most)
{
	const uint8_t *const *source = group->sources;
	for (size_t i = raise_words_to(group, begin, bytes, most); i < begin + bytes; i++)
		most[i] =
		    brighter(most[i], brighter(brighter(source[0][i], source[1][i]), brighter(source[2][i], source[3][i])));
}

KERNEL static void max_of(const struct stack_block *block, uint8_t *restrict most)
{
	memset(most, 0, block->bytes);
	for (size_t k = 0; k < block->count; k += STACK_GROUP) {
		const struct stack_group group = stack_group_of(block, k, min_size(block->count - k, STACK_GROUP));
		size_t i = 0;
		for (; i + STACK_LINE_BYTES <= block->bytes; i += STACK_LINE_BYTES) {
			stack_group_fetch(&group, i);
			raise_to(&group, i, STACK_LINE_BYTES, most);
		}
		raise_to(&group, i, block->bytes - i, most);
	}
}

void stack_range(enum stack_mode mode, const uint8_t *const sources[], size_t count, size_t begin, size_t end,
                 uint8_t *restrict out)
{
	assert(count >= 1 && count <= STACK_COUNT_MAX);
#ifdef NEON_CHOICE
	if (neon_is_here()) {
		stack_range_on_neon(mode, sources, count, begin, end, out);
		return;
	}
#endif
	if (mode == STACK_MEDIAN) {
		median_range(sources, count, begin, end, out);
		return;
	}
	struct stack_block block = { .sources = sources, .count = count };
	for (size_t at = begin; at < end; at += block.bytes) {
		block.begin = at;
		block.bytes = min_size(end - at, STACK_BLOCK_BYTES);
		if (mode == STACK_MEAN)
			mean_block(&block, out + at);
		else
			max_of(&block, out + at);
	}
}
