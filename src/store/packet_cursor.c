/*
 * A cursor stands on a packet (entry) of a GOP that it pins, or before the first packet of it (entry NONE). Where there
 * is no such GOP yet it stands nowhere (gop NONE) and waits for one whose number is `wanted` or above.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "media/frame_run.h"
#include "packet_ring_private.h"

static void attach(struct packet_ring *ring, struct packet_cursor *cursor, bool hold)
{
	*cursor = (struct packet_cursor){ .ring = ring, .next = ring->cursors, .hold = hold, .gop = NONE, .entry = NONE };
	ring->cursors = cursor;
}

/* Pins the GOP instead of the one before. */
static void stand_before(struct packet_cursor *cursor, int gop)
{
	struct packet_ring *ring = cursor->ring;
	if (cursor->gop != NONE)
		ring->gops[cursor->gop].pins--;
	ring->gops[gop].pins++;
	cursor->gop = gop;
	cursor->entry = NONE;
	cursor->wanted = ring->gops[gop].number;
}

/* The oldest GOP whose last packet is of at_ns or later, else the newest; NONE: the ring is empty. */
static int find_gop(const struct packet_ring *ring, int64_t at_ns)
{
	int best = ring->newest;
	while (best != NONE && ring->gops[best].older != NONE &&
	       ring->entries[ring->gops[ring->gops[best].older].last].frame.timestamp_ns >= at_ns)
		best = ring->gops[best].older;
	return best;
}

/* The GOP of the packet nearest to at_ns, and its frame. A frame lasts until its exposure ends, so it may be the last
 * one of the GOP before. */
static int find_nearest(const struct packet_ring *ring, int64_t at_ns, struct frame_info *nearest)
{
	int found = NONE, gop = find_gop(ring, at_ns);
	if (gop != NONE && ring->gops[gop].older != NONE)
		gop = ring->gops[gop].older;
	for (int gops = 0; gops < 2 && gop != NONE; gops++, gop = ring->gops[gop].newer) {
		for (int i = ring->gops[gop].first; i != NONE; i = ring->entries[i].next) {
			const struct frame_info *frame = &ring->entries[i].frame;
			if (found != NONE && frame_distance_ns(frame, at_ns) >= frame_distance_ns(nearest, at_ns))
				continue;
			*nearest = *frame;
			found = gop;
		}
	}
	return found;
}

bool packet_ring_open_nearest(struct packet_ring *ring, struct packet_cursor *cursor, int64_t at_ns,
                              struct frame_info *nearest)
{
	*cursor = (struct packet_cursor){ 0 };
	pthread_mutex_lock(&ring->lock);
	int gop = find_nearest(ring, at_ns, nearest);
	if (gop != NONE) {
		attach(ring, cursor, false);
		stand_before(cursor, gop);
	}
	pthread_mutex_unlock(&ring->lock);
	return gop != NONE;
}

bool packet_ring_nearest(struct packet_ring *ring, int64_t at_ns, struct frame_info *nearest)
{
	pthread_mutex_lock(&ring->lock);
	bool found = find_nearest(ring, at_ns, nearest) != NONE;
	pthread_mutex_unlock(&ring->lock);
	return found;
}

void packet_ring_open(struct packet_ring *ring, struct packet_cursor *cursor, int64_t at_ns, bool hold)
{
	pthread_mutex_lock(&ring->lock);
	attach(ring, cursor, hold);
	int best = find_gop(ring, at_ns);
	if (best != NONE)
		stand_before(cursor, best);
	pthread_mutex_unlock(&ring->lock);
}

void packet_ring_open_next(struct packet_ring *ring, struct packet_cursor *cursor, bool hold)
{
	pthread_mutex_lock(&ring->lock);
	attach(ring, cursor, hold);
	cursor->wanted = ring->last_number + 1;
	pthread_mutex_unlock(&ring->lock);
}

void packet_ring_close(struct packet_cursor *cursor)
{
	struct packet_ring *ring = cursor->ring;
	if (!ring)
		return;
	pthread_mutex_lock(&ring->lock);
	if (cursor->gop != NONE)
		ring->gops[cursor->gop].pins--;
	struct packet_cursor **link = &ring->cursors;
	while (*link != cursor)
		link = &(*link)->next;
	*link = cursor->next;
	pthread_mutex_unlock(&ring->lock);
	cursor->ring = NULL;
}

/* The oldest GOP that will do for a cursor that stands nowhere; NONE: not yet there. */
static int find_wanted(const struct packet_ring *ring, const struct packet_cursor *cursor)
{
	int found = NONE;
	for (int i = ring->newest; i != NONE && ring->gops[i].number >= cursor->wanted; i = ring->gops[i].older)
		found = i;
	return found;
}

/* The packet after the one that the cursor stands on, within its GOP. */
static int next_entry(const struct packet_ring *ring, const struct packet_cursor *cursor)
{
	return cursor->entry == NONE ? ring->gops[cursor->gop].first : ring->entries[cursor->entry].next;
}

/* The GOP to go on with when the one that the cursor stands on has no more; NONE: there is none. */
static int next_gop(const struct packet_ring *ring, const struct packet_cursor *cursor)
{
	int next = cursor->gop == NONE ? find_wanted(ring, cursor) : ring->gops[cursor->gop].newer;
	return next != NONE && ring->gops[next].first != NONE ? next : NONE;
}

int packet_ring_next(struct packet_cursor *cursor, struct packet *packet, const struct video_format **format)
{
	struct packet_ring *ring = cursor->ring;
	int result = 0;
	pthread_mutex_lock(&ring->lock);
	int entry = cursor->gop == NONE ? NONE : next_entry(ring, cursor);
	if (entry == NONE) {
		int gop = next_gop(ring, cursor);
		uint64_t expected = cursor->gop == NONE ? cursor->wanted : ring->gops[cursor->gop].number + 1;
		if (gop != NONE) {
			if (expected > 0 && ring->gops[gop].number != expected)
				result = -EOVERFLOW;
			stand_before(cursor, gop);
			entry = ring->gops[gop].first;
		}
	}
	if (result == 0 && entry != NONE) {
		const struct packet_entry *found = &ring->entries[entry];
		cursor->entry = entry;
		*packet = (struct packet){
			.bytes = found->bytes, .key = found->key, .after_rest = found->after_rest, .frame = found->frame
		};
		*format = &ring->formats[ring->gops[cursor->gop].format].format;
		result = 1;
	}
	pthread_mutex_unlock(&ring->lock);
	return result;
}

/* Nothing of a GOP that is pinned moves, and its chain up to a committed packet is complete. */
void packet_ring_copy(const struct packet_cursor *cursor, uint8_t *to)
{
	const struct packet_ring *ring = cursor->ring;
	const struct packet_entry *entry = &ring->entries[cursor->entry];
	int block = ring->gops[cursor->gop].first_block;
	for (size_t skip = entry->offset / BLOCK_BYTES; skip > 0; skip--)
		block = ring->blocks[block];
	size_t offset = entry->offset % BLOCK_BYTES, left = entry->bytes;
	while (left > 0) {
		size_t part = BLOCK_BYTES - offset < left ? BLOCK_BYTES - offset : left;
		memcpy(to, ring->arena + (size_t)block * BLOCK_BYTES + offset, part);
		to += part;
		left -= part;
		offset = 0;
		if (left > 0)
			block = ring->blocks[block];
	}
}

void packet_ring_skip(struct packet_cursor *cursor)
{
	struct packet_ring *ring = cursor->ring;
	pthread_mutex_lock(&ring->lock);
	if (cursor->gop != NONE)
		ring->gops[cursor->gop].pins--;
	cursor->gop = cursor->entry = NONE;
	cursor->wanted = ring->last_number + 1;
	pthread_mutex_unlock(&ring->lock);
}

void packet_ring_tell(struct packet_ring *ring, int eventfd)
{
	pthread_mutex_lock(&ring->lock);
	ring->told_fd = eventfd;
	pthread_mutex_unlock(&ring->lock);
}

uint64_t packet_ring_changes(struct packet_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	uint64_t changes = ring->changes;
	pthread_mutex_unlock(&ring->lock);
	return changes;
}

void packet_ring_wake(struct packet_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->changes++;
	pthread_cond_broadcast(&ring->changed);
	pthread_mutex_unlock(&ring->lock);
}

void packet_ring_wait(struct packet_ring *ring, uint64_t seen, int64_t until_ns)
{
	const struct timespec until = { .tv_sec = (time_t)(until_ns / 1000000000),
		                            .tv_nsec = (long)(until_ns % 1000000000) };
	int result = 0;
	pthread_mutex_lock(&ring->lock);
	while (result == 0 && ring->changes == seen)
		result = pthread_cond_timedwait(&ring->changed, &ring->lock, &until);
	pthread_mutex_unlock(&ring->lock);
}
