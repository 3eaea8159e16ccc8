/* Searching walks from the newest: questions are about the last seconds. */
#include <assert.h>
#include <errno.h>

#include "frame_ring_private.h"
#include "media/frame_run.h"

/* Frames looked at on either side for one that is wanted, where only those exposed alike count. */
enum { ALIKE_REACH = 2 };

static bool can_pin(const struct frame_ring *ring, const struct slot *slot, size_t limit)
{
	return slot->pins > 0 || ring->pinned < limit;
}

static void pin(struct frame_ring *ring, struct slot *slot)
{
	if (slot->pins++ == 0)
		ring->pinned++;
}

static void unpin(struct frame_ring *ring, struct slot *slot)
{
	assert(slot->pins > 0);
	if (--slot->pins == 0)
		ring->pinned--;
}

/* Pins count frames from first on, towards the newer ones, of those exposed like `like` (NULL: any); all or none. */
static int pin_run(struct frame_ring *ring, int first, size_t count, const struct frame *like,
                   const struct frame **frames)
{
	size_t done = 0;
	size_t limit = count > 1 ? ring->run_limit : ring->pin_limit;
	for (int i = first; done < count && i != NONE; i = ring->slots[i].newer) {
		struct slot *slot = &ring->slots[i];
		if (like && !frame_exposed_alike(&slot->frame, like))
			continue;
		if (!can_pin(ring, slot, limit)) {
			while (done > 0)
				unpin(ring, slot_of(frames[--done]));
			return -EBUSY;
		}
		pin(ring, slot);
		frames[done++] = &slot->frame;
	}
	return (int)done;
}

static int64_t distance(const struct frame_ring *ring, int index, int64_t at_ns)
{
	return frame_distance_ns(&ring->slots[index].frame.info, at_ns);
}

static int nearest_to(const struct frame_ring *ring, int64_t at_ns)
{
	int nearest = ring->newest;
	while (ring->slots[nearest].older != NONE &&
	       distance(ring, ring->slots[nearest].older, at_ns) <= distance(ring, nearest, at_ns))
		nearest = ring->slots[nearest].older;
	return nearest;
}

/* Starts with the frame nearest to at_ns and widens towards the nearer side until there are *count, of those exposed
 * like `like` (NULL: any), or reach frames have been looked at on either side. Returns the oldest, and how many in
 * *count. */
static int first_of_nearest(const struct frame_ring *ring, int64_t at_ns, const struct frame *like, size_t reach,
                            size_t *count)
{
	int first = nearest_to(ring, at_ns), last = first;
	size_t have = 1;
	for (size_t before = 0, after = 0; have < *count;) {
		int older = before < reach ? ring->slots[first].older : NONE, next;
		int newer = after < reach ? ring->slots[last].newer : NONE;
		if (older == NONE && newer == NONE)
			break;
		if (newer == NONE || (older != NONE && distance(ring, older, at_ns) <= distance(ring, newer, at_ns))) {
			next = first = older;
			before++;
		} else {
			next = last = newer;
			after++;
		}
		have += !like || frame_exposed_alike(&ring->slots[next].frame, like);
	}
	*count = have;
	return first;
}

static int pin_nearest(struct frame_ring *ring, int64_t at_ns, size_t count, bool alike, const struct frame **frames)
{
	int pinned = 0;
	pthread_mutex_lock(&ring->lock);
	if (count > ring->run_limit)
		count = ring->run_limit;
	if (ring->newest != NONE && count > 0) {
		const struct frame *like = alike ? &ring->slots[nearest_to(ring, at_ns)].frame : NULL;
		int first = first_of_nearest(ring, at_ns, like, alike ? ALIKE_REACH * count : count, &count);
		pinned = pin_run(ring, first, count, like, frames);
	}
	pthread_mutex_unlock(&ring->lock);
	return pinned;
}

int frame_ring_pin_nearest(struct frame_ring *ring, int64_t at_ns, size_t count, const struct frame **frames)
{
	return pin_nearest(ring, at_ns, count, false, frames);
}

int frame_ring_pin_alike(struct frame_ring *ring, int64_t at_ns, size_t count, const struct frame **frames)
{
	return pin_nearest(ring, at_ns, count, true, frames);
}

/* Has the frame seen anything from since_ns on? */
static bool reaches(const struct frame_info *info, int64_t since_ns)
{
	return info->timestamp_ns >= since_ns || info->exposure_end_ns > since_ns;
}

int frame_ring_pin_since(struct frame_ring *ring, int64_t since_ns, size_t count, const struct frame **frames)
{
	int pinned = 0;
	pthread_mutex_lock(&ring->lock);
	if (count > ring->run_limit)
		count = ring->run_limit;
	int first = NONE;
	for (int i = ring->newest; i != NONE && reaches(&ring->slots[i].frame.info, since_ns); i = ring->slots[i].older)
		first = i;
	if (first != NONE && count > 0)
		pinned = pin_run(ring, first, count, NULL, frames);
	pthread_mutex_unlock(&ring->lock);
	return pinned;
}

int frame_ring_pin_between(struct frame_ring *ring, int64_t since_ns, int64_t until_ns, size_t count,
                           const struct frame **frames)
{
	int pinned = 0, first = NONE;
	size_t have = 0;
	pthread_mutex_lock(&ring->lock);
	if (count > ring->run_limit)
		count = ring->run_limit;
	for (int i = ring->newest; i != NONE && have < count && reaches(&ring->slots[i].frame.info, since_ns);
	     i = ring->slots[i].older)
		if (ring->slots[i].frame.info.timestamp_ns <= until_ns) {
			first = i;
			have++;
		}
	if (first != NONE)
		pinned = pin_run(ring, first, have, NULL, frames);
	pthread_mutex_unlock(&ring->lock);
	return pinned;
}

int frame_ring_pin_next(struct frame_ring *ring, int64_t after_ns, const struct frame **frame)
{
	int next = NONE, result = 0;
	pthread_mutex_lock(&ring->lock);
	for (int i = ring->newest; i != NONE && ring->slots[i].frame.info.timestamp_ns > after_ns; i = ring->slots[i].older)
		next = i;
	if (next != NONE)
		result = can_pin(ring, &ring->slots[next], ring->pin_limit) ? 1 : -EBUSY;
	if (result > 0) {
		pin(ring, &ring->slots[next]);
		*frame = &ring->slots[next].frame;
	}
	pthread_mutex_unlock(&ring->lock);
	return result;
}

int frame_ring_pin_frame(struct frame_ring *ring, const struct frame *frame)
{
	struct slot *slot = slot_of(frame);
	assert(slot->state == SLOT_COMMITTED);
	pthread_mutex_lock(&ring->lock);
	int result = can_pin(ring, slot, ring->pin_limit) ? 0 : -EBUSY;
	if (result == 0)
		pin(ring, slot);
	pthread_mutex_unlock(&ring->lock);
	return result;
}

void frame_ring_release(struct frame_ring *ring, const struct frame *const *frames, size_t count)
{
	pthread_mutex_lock(&ring->lock);
	for (size_t i = 0; i < count; i++)
		unpin(ring, slot_of(frames[i]));
	pthread_mutex_unlock(&ring->lock);
}
