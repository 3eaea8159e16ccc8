/* A block of a stack: small enough for its intermediate results to stay in the first-level cache. Private to src/image.
 */
#ifndef PASTCAM_MEDIA_STACK_BLOCK_H
#define PASTCAM_MEDIA_STACK_BLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { STACK_BLOCK_BYTES = 512, STACK_CACHE_LINE_BYTES = 64 };

struct stack_block {
	const uint8_t *const *sources;
	size_t count;
	size_t begin, bytes; /* within every source; at most STACK_BLOCK_BYTES */
	size_t ahead;        /* bytes of the next block, 0 in the last */
};

/* The block's bytes in source k. Fetches the next block's meanwhile: processors' own prefetching starts anew with each
 * source (a mean of 16 takes a quarter less time with this). */
static inline const uint8_t *stack_block_source(const struct stack_block *block, size_t k)
{
	const uint8_t *source = block->sources[k] + block->begin;
	for (size_t i = 0; i < block->ahead; i += STACK_CACHE_LINE_BYTES)
		__builtin_prefetch(source + block->bytes + i);
	return source;
}

/* Median of the block into out[0, bytes). */
void median_block(const struct stack_block *block, uint8_t *out);

#endif
