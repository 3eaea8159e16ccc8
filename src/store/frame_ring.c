/*
 * The committed frames form a list from the oldest to the newest, by slot index. Frames mostly leave at the old end,
 * but a pinned frame is stepped over and stays, so a plain circular order would not do.
 */
#include "store/frame_ring.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "base/memory.h"
#include "frame_ring_private.h"

enum { CACHE_LINE = 64 };

size_t frame_ring_slot_bytes(int width, int height)
{
	return (frame_bytes(width, height) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static size_t pin_limit_of(size_t slots)
{
	size_t kept = slots / 4 > 2 ? slots / 4 : 2;
	return slots - kept;
}

/* Runs of frames leave some of the limit to single ones: a long series must not take `save` away. */
static size_t run_limit_of(size_t pin_limit)
{
	enum { SINGLES_MAX = 12 };
	size_t singles = pin_limit / 4 < SINGLES_MAX ? pin_limit / 4 : SINGLES_MAX;
	return pin_limit - (singles > 0 ? singles : 1);
}

/* False: the writer has it, or has had it, and is at its memory itself. */
static bool reserve_for_touching(struct frame_ring *ring, struct slot *slot)
{
	pthread_mutex_lock(&ring->lock);
	const bool free = slot->state == SLOT_FREE;
	if (free) {
		slot->state = SLOT_TOUCHED;
		ring->free_count--;
	}
	pthread_mutex_unlock(&ring->lock);
	return free;
}

static void release_touched(struct frame_ring *ring, struct slot *slot)
{
	pthread_mutex_lock(&ring->lock);
	slot->state = SLOT_FREE;
	ring->free_count++;
	pthread_mutex_unlock(&ring->lock);
}

/* The kernel takes a second or more to hand out a large arena, on a small machine, and the first write is no work for
 * capture. Neither the start nor capture waits for that: slots follow faster than frames do, and where they do not,
 * those that are there are used again. */
static void touch_arena(void *data)
{
	struct frame_ring *ring = data;
	for (size_t i = 0; i < ring->count && !atomic_load(&ring->stop_touching); i++) {
		struct slot *slot = &ring->slots[i];
		if (reserve_for_touching(ring, slot)) {
			memory_populate(slot->frame.pixels, ring->slot_bytes);
			memory_rewrite(slot->frame.pixels, ring->slot_bytes);
			release_touched(ring, slot);
		}
		atomic_store(&ring->touched, i + 1);
	}
}

static void start_touching(struct frame_ring *ring)
{
	if (thread_start(&ring->toucher, "ring", THREAD_STREAM, touch_arena, ring) < 0)
		touch_arena(ring);
}

struct frame_ring *frame_ring_create(size_t slots, int width, int height, struct error *error)
{
	assert(slots >= FRAME_RING_SLOTS_MIN && slots <= INT32_MAX);
	struct frame_ring *ring = calloc(1, sizeof *ring + slots * sizeof ring->slots[0]);
	if (!ring) {
		error_set(error, -ENOMEM, "no memory for a ring of %zu frames", slots);
		return NULL;
	}
	ring->slot_bytes = frame_ring_slot_bytes(width, height);
	ring->arena_bytes = ring->slot_bytes * slots;
	ring->arena = mmap(NULL, ring->arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ring->arena == MAP_FAILED) {
		error_set(error, -ENOMEM, "no memory for a ring of %zu frames (%zu MiB): lower ring.size or memory.max_rss_mb",
		          slots, ring->arena_bytes >> 20);
		free(ring);
		return NULL;
	}
	lock_init(&ring->lock);
	ring->count = ring->free_count = slots;
	ring->pin_limit = pin_limit_of(slots);
	ring->run_limit = run_limit_of(ring->pin_limit);
	ring->oldest = ring->newest = NONE;
	for (size_t i = 0; i < slots; i++)
		ring->slots[i].frame =
		    (struct frame){ .pixels = ring->arena + i * ring->slot_bytes, .width = width, .height = height };
	start_touching(ring);
	return ring;
}

void frame_ring_destroy(struct frame_ring *ring)
{
	if (!ring)
		return;
	assert(ring->pinned == 0);
	atomic_store(&ring->stop_touching, true);
	thread_join(&ring->toucher);
	munmap(ring->arena, ring->arena_bytes);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

void frame_ring_frame_size(const struct frame_ring *ring, int *width, int *height)
{
	*width = ring->slots[0].frame.width;
	*height = ring->slots[0].frame.height;
}

static int index_of(const struct frame_ring *ring, const struct slot *slot)
{
	return (int)(slot - ring->slots);
}

static void unlink_slot(struct frame_ring *ring, struct slot *slot)
{
	if (slot->older == NONE)
		ring->oldest = slot->newer;
	else
		ring->slots[slot->older].newer = slot->newer;
	if (slot->newer == NONE)
		ring->newest = slot->older;
	else
		ring->slots[slot->newer].older = slot->older;
}

/* A free one of the first count slots. */
static struct slot *take_free(struct frame_ring *ring, size_t count)
{
	for (size_t i = 0; ring->free_count > 0 && i < count; i++) {
		if (ring->slots[i].state == SLOT_FREE) {
			ring->free_count--;
			return &ring->slots[i];
		}
	}
	return NULL;
}

static struct slot *take_oldest(struct frame_ring *ring)
{
	for (int i = ring->oldest; i != NONE; i = ring->slots[i].newer) {
		if (ring->slots[i].pins == 0) {
			unlink_slot(ring, &ring->slots[i]);
			return &ring->slots[i];
		}
		ring->skipped_pinned++;
	}
	return NULL;
}

struct frame *frame_ring_lend(struct frame_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	struct slot *slot = take_free(ring, atomic_load(&ring->touched));
	if (!slot)
		slot = take_oldest(ring);
	if (!slot) /* all touched ones are pinned: better a slow slot than a lost frame */
		slot = take_free(ring, ring->count);
	if (slot) {
		slot->state = SLOT_LENT;
		slot->frame.info = (struct frame_info){ 0 };
	}
	pthread_mutex_unlock(&ring->lock);
	return slot ? &slot->frame : NULL;
}

void frame_ring_commit(struct frame_ring *ring, struct frame *frame)
{
	struct slot *slot = slot_of(frame);
	assert(slot->state == SLOT_LENT);
	pthread_mutex_lock(&ring->lock);
	if (ring->newest != NONE) {
		int64_t last = ring->slots[ring->newest].frame.info.timestamp_ns;
		if (frame->info.timestamp_ns <= last)
			frame->info.timestamp_ns = last + 1;
		ring->slots[ring->newest].newer = index_of(ring, slot);
	} else {
		ring->oldest = index_of(ring, slot);
	}
	if (frame->info.exposure_end_ns < frame->info.timestamp_ns)
		frame->info.exposure_end_ns = frame->info.timestamp_ns;
	slot->older = ring->newest;
	slot->newer = NONE;
	slot->state = SLOT_COMMITTED;
	ring->newest = index_of(ring, slot);
	ring->committed++;
	pthread_mutex_unlock(&ring->lock);
}

void frame_ring_cancel(struct frame_ring *ring, struct frame *frame)
{
	struct slot *slot = slot_of(frame);
	assert(slot->state == SLOT_LENT);
	pthread_mutex_lock(&ring->lock);
	slot->state = SLOT_FREE;
	ring->free_count++;
	pthread_mutex_unlock(&ring->lock);
}

void frame_ring_status(struct frame_ring *ring, struct frame_ring_status *status)
{
	pthread_mutex_lock(&ring->lock);
	size_t filled = 0;
	for (int i = ring->oldest; i != NONE; i = ring->slots[i].newer)
		filled++;
	*status = (struct frame_ring_status){
		.slots = ring->count,
		.filled = filled,
		.pinned = ring->pinned,
		.touched = atomic_load(&ring->touched),
		.slot_bytes = ring->slot_bytes,
		.oldest_ns = ring->oldest == NONE ? 0 : ring->slots[ring->oldest].frame.info.timestamp_ns,
		.newest_ns = ring->newest == NONE ? 0 : ring->slots[ring->newest].frame.info.timestamp_ns,
		.committed = ring->committed,
		.skipped_pinned = ring->skipped_pinned,
		.newest_end_ns = ring->newest == NONE ? 0 : ring->slots[ring->newest].frame.info.exposure_end_ns,
		.pin_limit = ring->pin_limit,
		.run_limit = ring->run_limit,
	};
	pthread_mutex_unlock(&ring->lock);
}
