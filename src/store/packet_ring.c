#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "packet_ring_private.h"

static size_t blocks_for(size_t bytes)
{
	return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
}

size_t packet_ring_bytes(size_t bytes, size_t packets)
{
	size_t blocks = blocks_for(bytes);
	return sizeof(struct packet_ring) + blocks * (BLOCK_BYTES + sizeof(int)) +
	       packets * (sizeof(struct packet_entry) + sizeof(struct gop));
}

static bool allocate(struct packet_ring *ring, size_t packets)
{
	ring->blocks = malloc(ring->block_count * sizeof ring->blocks[0]);
	ring->entries = malloc(packets * sizeof ring->entries[0]);
	ring->gops = malloc(packets * sizeof ring->gops[0]);
	void *arena =
	    mmap(NULL, ring->block_count * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ring->arena = arena == MAP_FAILED ? NULL : arena;
	return ring->blocks && ring->entries && ring->gops && ring->arena;
}

/* Each list of free ones holds all. */
static void link_free(struct packet_ring *ring, size_t packets)
{
	for (size_t i = 0; i < ring->block_count; i++)
		ring->blocks[i] = i + 1 < ring->block_count ? (int)i + 1 : NONE;
	for (size_t i = 0; i < packets; i++) {
		ring->entries[i].next = i + 1 < packets ? (int)i + 1 : NONE;
		ring->gops[i].newer = ring->entries[i].next;
	}
	ring->free_blocks = ring->block_count;
}

struct packet_ring *packet_ring_create(size_t bytes, size_t packets, struct error *error)
{
	assert(bytes > 0 && packets > 0 && packets <= INT32_MAX && blocks_for(bytes) <= INT32_MAX);
	struct packet_ring *ring = calloc(1, sizeof *ring);
	pthread_condattr_t monotonic;
	if (ring) {
		ring->block_count = blocks_for(bytes);
		ring->entry_count = packets;
		ring->oldest = ring->newest = ring->told_fd = NONE;
		lock_init(&ring->lock);
		pthread_condattr_init(&monotonic);
		pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
		pthread_cond_init(&ring->changed, &monotonic);
		pthread_condattr_destroy(&monotonic);
	}
	if (ring && allocate(ring, packets)) {
		link_free(ring, packets);
		return ring;
	}
	packet_ring_destroy(ring);
	error_set(error, -ENOMEM, "no memory for a past of %zu MiB of video: lower clip.past_mb or clip.past_s",
	          bytes >> 20);
	return NULL;
}

void packet_ring_destroy(struct packet_ring *ring)
{
	if (!ring)
		return;
	assert(!ring->cursors);
	if (ring->arena)
		munmap(ring->arena, ring->block_count * BLOCK_BYTES);
	free(ring->blocks);
	free(ring->entries);
	free(ring->gops);
	pthread_cond_destroy(&ring->changed);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

/* Written to, and not only populated: the host of a virtual machine may give a page no sooner, which took 10 us a page
 * out of the encoding of the first minute. */
void packet_ring_touch(struct packet_ring *ring)
{
	for (size_t i = 0; i < ring->block_count * BLOCK_BYTES; i += BLOCK_BYTES)
		((volatile uint8_t *)ring->arena)[i] = 0;
}

/* --- making room --- */

static bool is_held(const struct packet_ring *ring, const struct gop *gop)
{
	for (const struct packet_cursor *cursor = ring->cursors; cursor; cursor = cursor->next)
		if (cursor->hold && gop->number >= cursor->wanted)
			return true;
	return false;
}

static void remove_gop(struct packet_ring *ring, int index)
{
	struct gop *gop = &ring->gops[index];
	if (gop->older == NONE)
		ring->oldest = gop->newer;
	else
		ring->gops[gop->older].newer = gop->newer;
	if (gop->newer == NONE)
		ring->newest = gop->older;
	else
		ring->gops[gop->newer].older = gop->older;
	if (gop->first != NONE) {
		ring->entries[gop->last].next = ring->free_entry;
		ring->free_entry = gop->first;
	}
	if (gop->first_block != NONE) {
		ring->blocks[gop->last_block] = ring->free_block;
		ring->free_block = gop->first_block;
		ring->free_blocks += blocks_for(gop->bytes);
	}
	ring->formats[gop->format].users--;
	ring->packets -= gop->count;
	ring->used_bytes -= gop->bytes;
	ring->gop_total--;
	gop->newer = ring->free_gop;
	ring->free_gop = index;
}

/* Lets the oldest go that nobody stands on: one that is not held, else one that is. Never the one being filled. */
static bool evict(struct packet_ring *ring)
{
	for (int held = 0; held < 2; held++) {
		for (int i = ring->oldest; i != NONE; i = ring->gops[i].newer) {
			const struct gop *gop = &ring->gops[i];
			if (gop->pins > 0 || (i == ring->newest && ring->open) || (!held && is_held(ring, gop)))
				continue;
			remove_gop(ring, i);
			return true;
		}
	}
	return false;
}

/* The format's place, made when it is new; NONE: all are in use. */
static int find_format(struct packet_ring *ring, const struct video_format *format)
{
	int unused = NONE;
	for (int i = 0; i < FORMATS; i++) {
		if (ring->formats[i].users == 0)
			unused = i;
		else if (video_format_equal(&ring->formats[i].format, format))
			return i;
	}
	if (unused != NONE)
		ring->formats[unused].format = *format;
	return unused;
}

static bool begin_gop(struct packet_ring *ring, const struct video_format *format)
{
	int place;
	ring->open = false;
	while ((place = find_format(ring, format)) == NONE || ring->free_gop == NONE)
		if (!evict(ring))
			return false;
	int index = ring->free_gop;
	struct gop *gop = &ring->gops[index];
	ring->free_gop = gop->newer;
	*gop = (struct gop){ .number = ++ring->last_number,
		                 .first = NONE,
		                 .last = NONE,
		                 .first_block = NONE,
		                 .last_block = NONE,
		                 .format = place,
		                 .older = ring->newest,
		                 .newer = NONE };
	ring->formats[place].users++;
	if (ring->newest == NONE)
		ring->oldest = index;
	else
		ring->gops[ring->newest].newer = index;
	ring->newest = index;
	ring->gop_total++;
	ring->open = true;
	return true;
}

/* Puts the blocks for so many bytes more at the end of the newest GOP's chain. */
static bool add_blocks(struct packet_ring *ring, size_t bytes)
{
	size_t needed = blocks_for(ring->gops[ring->newest].bytes + bytes) - blocks_for(ring->gops[ring->newest].bytes);
	while (ring->free_blocks < needed || ring->free_entry == NONE)
		if (!evict(ring))
			return false;
	struct gop *gop = &ring->gops[ring->newest];
	for (size_t i = 0; i < needed; i++) {
		int block = ring->free_block;
		ring->free_block = ring->blocks[block];
		ring->blocks[block] = NONE;
		if (gop->last_block == NONE)
			gop->first_block = block;
		else
			ring->blocks[gop->last_block] = block;
		gop->last_block = block;
	}
	ring->free_blocks -= needed;
	return true;
}

/* Room at the end of the newest GOP; its bytes count from now on. NONE: no room, else the block where they begin. */
static int reserve(struct packet_ring *ring, const struct video_format *format, const struct packet *packet)
{
	if (packet->bytes == 0 || packet->bytes > ring->block_count * BLOCK_BYTES / 2)
		return -ENOSPC;
	if (!packet->key && !ring->open)
		return -EAGAIN;
	if (packet->key && !begin_gop(ring, format))
		return -ENOSPC;
	if (add_blocks(ring, packet->bytes))
		return 0;
	if (ring->gops[ring->newest].count == 0)
		remove_gop(ring, ring->newest);
	return -ENOSPC;
}

static void copy_in(struct packet_ring *ring, int block, size_t offset, const uint8_t *data, size_t bytes)
{
	for (size_t skip = offset / BLOCK_BYTES; skip > 0; skip--)
		block = ring->blocks[block];
	for (offset %= BLOCK_BYTES; bytes > 0; offset = 0, block = ring->blocks[block]) {
		size_t part = BLOCK_BYTES - offset < bytes ? BLOCK_BYTES - offset : bytes;
		memcpy(ring->arena + (size_t)block * BLOCK_BYTES + offset, data, part);
		data += part;
		bytes -= part;
	}
}

/* Makes the packet one that readers see. */
static void commit(struct packet_ring *ring, const struct packet *packet)
{
	struct gop *gop = &ring->gops[ring->newest];
	int index = ring->free_entry;
	struct packet_entry *entry = &ring->entries[index];
	ring->free_entry = entry->next;
	*entry = (struct packet_entry){ .frame = packet->frame,
		                            .offset = gop->bytes,
		                            .bytes = packet->bytes,
		                            .key = packet->key,
		                            .after_rest = packet->after_rest,
		                            .next = NONE };
	if (gop->last == NONE)
		gop->first = index;
	else
		ring->entries[gop->last].next = index;
	gop->last = index;
	gop->count++;
	gop->bytes += packet->bytes;
	ring->packets++;
	ring->put++;
	ring->put_bytes += packet->bytes;
	ring->used_bytes += packet->bytes;
	if (ring->used_bytes > ring->peak_bytes)
		ring->peak_bytes = ring->used_bytes;
	ring->changes++;
	pthread_cond_broadcast(&ring->changed);
	if (ring->told_fd >= 0)
		eventfd_write(ring->told_fd, 1);
}

/* The newest GOP is open while it is filled and so stays where it is; nobody reads beyond what is committed. */
int packet_ring_put(struct packet_ring *ring, const struct video_format *format, const struct packet *packet)
{
	pthread_mutex_lock(&ring->lock);
	int result = reserve(ring, format, packet);
	if (result < 0) {
		ring->open = false;
		ring->dropped++;
		pthread_mutex_unlock(&ring->lock);
		return result;
	}
	int block = ring->gops[ring->newest].first_block;
	size_t offset = ring->gops[ring->newest].bytes;
	pthread_mutex_unlock(&ring->lock);
	copy_in(ring, block, offset, packet->data, packet->bytes);
	pthread_mutex_lock(&ring->lock);
	commit(ring, packet);
	pthread_mutex_unlock(&ring->lock);
	return 0;
}

static size_t pinned_gops(const struct packet_ring *ring)
{
	size_t count = 0;
	for (int i = ring->oldest; i != NONE; i = ring->gops[i].newer)
		count += ring->gops[i].pins > 0;
	return count;
}

void packet_ring_status(struct packet_ring *ring, struct packet_ring_status *status)
{
	pthread_mutex_lock(&ring->lock);
	*status = (struct packet_ring_status){ .packets = ring->packets,
		                                   .gops = ring->gop_total,
		                                   .pinned_gops = pinned_gops(ring),
		                                   .bytes = ring->block_count * BLOCK_BYTES,
		                                   .used_bytes = ring->used_bytes,
		                                   .peak_bytes = ring->peak_bytes,
		                                   .put = ring->put,
		                                   .put_bytes = ring->put_bytes,
		                                   .dropped = ring->dropped };
	if (ring->packets > 0) {
		const struct gop *newest = &ring->gops[ring->newest];
		if (newest->last == NONE)
			newest = &ring->gops[newest->older];
		status->oldest_ns = ring->entries[ring->gops[ring->oldest].first].frame.timestamp_ns;
		status->newest_ns = ring->entries[newest->last].frame.timestamp_ns;
		status->format = ring->formats[newest->format].format;
		status->has_format = true;
	}
	for (const struct packet_cursor *cursor = ring->cursors; cursor; cursor = cursor->next)
		status->cursors++;
	pthread_mutex_unlock(&ring->lock);
}

size_t packet_ring_keys(struct packet_ring *ring, int64_t *keys_ns, size_t count)
{
	size_t done = 0;
	pthread_mutex_lock(&ring->lock);
	int first = ring->newest;
	if (first != NONE)
		for (size_t i = 1; i < count && ring->gops[first].older != NONE; i++)
			first = ring->gops[first].older;
	for (int i = first; i != NONE && done < count; i = ring->gops[i].newer)
		if (ring->gops[i].first != NONE)
			keys_ns[done++] = ring->entries[ring->gops[i].first].frame.timestamp_ns;
	pthread_mutex_unlock(&ring->lock);
	return done;
}
