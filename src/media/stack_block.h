/* A block of a stack: small enough for its intermediate results to stay in the first-level cache. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_STACK_BLOCK_H
#define PASTCAM_MEDIA_STACK_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "media/kernel.h"

enum { STACK_BLOCK_BYTES = 4096, MEDIAN_BLOCK_BYTES = 256, STACK_GROUP = 4, STACK_LINE_BYTES = 64 };

struct stack_block {
	const uint8_t *const *sources;
	size_t count;
	size_t begin, bytes; /* within every source; at most STACK_BLOCK_BYTES */
};

/* The block's bytes in a few of the sources, the last repeated where there are fewer, and those to be read after them.
 */
struct stack_group {
	const uint8_t *sources[STACK_GROUP], *next[STACK_GROUP];
};

static KERNEL_PART struct stack_group stack_group_of(const struct stack_block *block, size_t first, size_t count)
{
	struct stack_group group;
	for (size_t k = 0; k < STACK_GROUP; k++) {
		const size_t next = first + STACK_GROUP + k;
		group.sources[k] = block->sources[first + (k < count ? k : count - 1)] + block->begin;
		group.next[k] = next < block->count ? block->sources[next] + block->begin
		                                    : block->sources[k < block->count ? k : 0] + block->begin + block->bytes;
	}
	return group;
}

static KERNEL_PART void stack_group_fetch(const struct stack_group *group, size_t at)
{
	for (size_t k = 0; k < STACK_GROUP; k++)
		__builtin_prefetch(group->next[k] + at, 0);
}

static KERNEL_PART void stack_fetch(const uint8_t *source, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += STACK_LINE_BYTES)
		__builtin_prefetch(source + i);
}

/* Medians of bytes [begin, end) of count sources into out[begin, end). */
void median_range(const uint8_t *const sources[], size_t count, size_t begin, size_t end, uint8_t *out);

#endif
