/*
 * The past: an arena of equal slots, each holding one frame. The capture thread lends a slot, fills it and commits it;
 * whoever needs a frame pins it, and it stays where it is until it is released, while capture goes on in the other
 * slots. Frames are never copied.
 *
 * Lending takes a free slot, else the oldest frame that nobody has pinned. Pins are refused beyond a limit, so that
 * capture always has slots to go on with. Threads: frame_ring_lend, frame_ring_commit and frame_ring_cancel on the
 * capture thread only; the rest on any. The lock is held for the bookkeeping alone, never while pixels move.
 */
#ifndef PASTCAM_STORE_FRAME_RING_H
#define PASTCAM_STORE_FRAME_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "media/frame.h"

struct frame_ring;

enum { FRAME_RING_SLOTS_MIN = 4 };

/* Bytes that one slot takes in the arena: the pixels, rounded up to a cache line. */
size_t frame_ring_slot_bytes(int width, int height);

/* Maps the arena. A thread of its own touches all of it, from the first slot on, so that memory runs out soon or never,
 * and ends when it is done. slots: FRAME_RING_SLOTS_MIN and up. */
struct frame_ring *frame_ring_create(size_t slots, int width, int height, struct error *error);
void frame_ring_destroy(struct frame_ring *ring); /* nothing may be pinned or lent */

void frame_ring_frame_size(const struct frame_ring *ring, int *width, int *height); /* pixels */

/* A slot to fill; one at a time. Its pixels and size are set, its info is zero. NULL never happens while the pin limit
 * holds (see frame_ring_pin_nearest), since at least two slots are always unpinned. */
struct frame *frame_ring_lend(struct frame_ring *ring);
/* Makes the lent frame part of the past. Timestamps must rise; a frame not newer than the last is moved 1 ns after it.
 */
void frame_ring_commit(struct frame_ring *ring, struct frame *frame);
void frame_ring_cancel(struct frame_ring *ring, struct frame *frame);

/* Pins the frame whose exposure covers at_ns, else the nearest, and with it its nearest neighbours until there are
 * count; writes them oldest first into frames. Returns how many (fewer when there are fewer, or when count is over the
 * limit); -EBUSY when the pin limit would be passed (nothing is pinned then). The limit leaves a quarter of the slots,
 * at least two, to capture; runs of more than one frame leave a quarter of that, at least one and at most twelve, to
 * single frames. */
int frame_ring_pin_nearest(struct frame_ring *ring, int64_t at_ns, size_t count, const struct frame **frames);

/* The same of the frames whose exposure and gain are those of the frame nearest to at_ns (frame_exposed_alike): the
 * nearest of them among twice count frames before it and as many after it. */
int frame_ring_pin_alike(struct frame_ring *ring, int64_t at_ns, size_t count, const struct frame **frames);

/* The newest count frames, oldest first, of those that were exposed at since_ns or later and began until until_ns. */
int frame_ring_pin_between(struct frame_ring *ring, int64_t since_ns, int64_t until_ns, size_t count,
                           const struct frame **frames);

/* The same for all frames that were exposed at since_ns or later, at most count, oldest first. */
int frame_ring_pin_since(struct frame_ring *ring, int64_t since_ns, size_t count, const struct frame **frames);

/* Pins the oldest frame whose timestamp lies after after_ns: for who takes each frame in turn. 1; 0 when there is none;
 * -EBUSY as for a single frame. */
int frame_ring_pin_next(struct frame_ring *ring, int64_t after_ns, const struct frame **frame);

/* Pins one more time a frame that was just committed (capture thread, right after frame_ring_commit). -EBUSY as above.
 */
int frame_ring_pin_frame(struct frame_ring *ring, const struct frame *frame);

void frame_ring_release(struct frame_ring *ring, const struct frame *const *frames, size_t count);

struct frame_ring_status {
	size_t slots, filled, pinned; /* pinned: slots with at least one pin */
	size_t touched;               /* slots whose memory is there; all of them soon after frame_ring_create */
	size_t slot_bytes;
	int64_t oldest_ns, newest_ns; /* timestamps; 0 when empty */
	uint64_t committed;
	uint64_t skipped_pinned;     /* times a pinned frame was passed over when lending */
	int64_t newest_end_ns;       /* end of the newest frame's exposure; 0 when empty */
	size_t pin_limit, run_limit; /* of slots pinned at once: by anybody; by runs of several frames */
};
void frame_ring_status(struct frame_ring *ring, struct frame_ring_status *status);

#endif
