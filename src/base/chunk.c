#include "base/chunk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
	atomic_uint references;
	size_t room, bytes;
	uint8_t data[];
};

/* A picture's room is fresh memory each time, and touching it for the first time costs as much as copying into it: the
 * last one to be freed is kept for the next. Smaller ones are cheap; larger ones are not worth holding. */
enum { SPARE_LEAST_BYTES = 64 * 1024, SPARE_MOST_BYTES = 1024 * 1024 };

static atomic_size_t total_bytes;
static _Atomic(struct chunk *) spare;

static bool is_worth_keeping(size_t room)
{
	return room >= SPARE_LEAST_BYTES && room <= SPARE_MOST_BYTES;
}

/* Never much larger than what is asked for, since its whole room counts. */
static struct chunk *take_spare(size_t room)
{
	struct chunk *chunk = is_worth_keeping(room) ? atomic_exchange(&spare, NULL) : NULL;
	if (chunk && (chunk->room < room || chunk->room / 4 > room)) {
		free(chunk);
		chunk = NULL;
	}
	return chunk;
}

struct chunk *chunk_create(size_t room)
{
	struct chunk *chunk = take_spare(room);
	if (chunk)
		room = chunk->room;
	else
		chunk = malloc(sizeof *chunk + room);
	if (!chunk)
		return NULL;
	chunk->room = room;
	chunk->bytes = 0;
	atomic_init(&chunk->references, 1);
	atomic_fetch_add(&total_bytes, room);
	return chunk;
}

struct chunk *chunk_of(const void *bytes, size_t count)
{
	struct chunk *chunk = chunk_create(count);
	if (!chunk)
		return NULL;
	memcpy(chunk->data, bytes, count);
	chunk->bytes = count;
	return chunk;
}

struct chunk *chunk_printf(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;
	struct chunk *chunk = chunk_of(text, (size_t)length);
	free(text);
	return chunk;
}

int chunk_append(struct chunk **chunk, const void *bytes, size_t count)
{
	struct chunk *old = *chunk;
	if (count > old->room - old->bytes) {
		size_t room = old->room * 2 > old->bytes + count ? old->room * 2 : old->bytes + count;
		struct chunk *grown = realloc(old, sizeof *grown + room);
		if (!grown)
			return -ENOMEM;
		atomic_fetch_add(&total_bytes, room - grown->room);
		grown->room = room;
		*chunk = grown;
	}
	memcpy((*chunk)->data + (*chunk)->bytes, bytes, count);
	(*chunk)->bytes += count;
	return 0;
}

const uint8_t *chunk_data(const struct chunk *chunk)
{
	return chunk->data;
}

size_t chunk_bytes(const struct chunk *chunk)
{
	return chunk->bytes;
}

struct chunk *chunk_reference(struct chunk *chunk)
{
	atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
	return chunk;
}

void chunk_release(struct chunk *chunk)
{
	if (!chunk || atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel) != 1)
		return;
	atomic_fetch_sub(&total_bytes, chunk->room);
	free(is_worth_keeping(chunk->room) ? atomic_exchange(&spare, chunk) : chunk);
}

size_t chunk_total_bytes(void)
{
	return atomic_load(&total_bytes);
}
