#include "event_ring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct event_text *text_at(const struct event_ring *ring, uint64_t number)
{
	return (struct event_text *)&ring->texts[number % EVENT_RING_ENTRIES];
}

static void drop_oldest(struct event_ring *ring)
{
	struct event_text *oldest = text_at(ring, ring->begin++);
	ring->bytes -= oldest->bytes;
	free(oldest->name);
	*oldest = (struct event_text){ 0 };
}

void event_ring_clear(struct event_ring *ring)
{
	while (ring->begin < ring->end)
		drop_oldest(ring);
}

void event_ring_add(struct event_ring *ring, const char *name, const char *id, const char *data)
{
	const size_t names = strlen(name) + 1, ids = strlen(id) + 1, bytes = names + ids + strlen(data) + 1;
	while (ring->begin < ring->end &&
	       (ring->end - ring->begin == EVENT_RING_ENTRIES || ring->bytes + bytes > EVENT_RING_BYTES))
		drop_oldest(ring);
	char *words = bytes <= EVENT_RING_BYTES ? malloc(bytes) : NULL;
	if (!words) { /* a number that nobody can read any more */
		event_ring_clear(ring);
		ring->begin = ++ring->end;
		return;
	}
	*text_at(ring, ring->end++) = (struct event_text){
		.name = memcpy(words, name, names),
		.id = memcpy(words + names, id, ids),
		.data = memcpy(words + names + ids, data, bytes - names - ids),
		.bytes = bytes,
	};
	ring->bytes += bytes;
}

/* "BOOT-12": how long BOOT is, and 12. */
static size_t boot_of(const char *id, uint64_t *number)
{
	const char *dash = strrchr(id, '-');
	*number = dash ? strtoull(dash + 1, NULL, 10) : 0;
	return dash ? (size_t)(dash - id) : 0;
}

uint64_t event_ring_seek(const struct event_ring *ring, uint64_t *cursor, const char *id)
{
	uint64_t wanted = 0, number;
	const size_t length = id ? boot_of(id, &wanted) : 0;
	bool is_known = false;
	*cursor = ring->begin;
	for (uint64_t i = ring->begin; length > 0 && i < ring->end; i++) {
		const char *other = text_at(ring, i)->id;
		if (boot_of(other, &number) != length || strncmp(other, id, length) != 0)
			continue;
		*cursor = i;
		if (number > wanted)
			return is_known ? 0 : number - wanted - 1;
		++*cursor;
		is_known = true;
	}
	return is_known || !id ? 0 : EVENT_RING_LOST_UNKNOWN;
}

const struct event_text *event_ring_next(const struct event_ring *ring, uint64_t *cursor, uint64_t *lost)
{
	*lost = *cursor < ring->begin ? ring->begin - *cursor : 0;
	if (*lost > 0) {
		*cursor = ring->begin;
		return NULL;
	}
	return *cursor < ring->end ? text_at(ring, (*cursor)++) : NULL;
}
