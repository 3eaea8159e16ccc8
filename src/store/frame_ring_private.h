/* What the ring and its pins share. */
#ifndef PASTCAM_STORE_FRAME_RING_PRIVATE_H
#define PASTCAM_STORE_FRAME_RING_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "store/frame_ring.h"

enum { NONE = -1 };

enum slot_state { SLOT_FREE, SLOT_TOUCHED /* the toucher is at it */, SLOT_LENT, SLOT_COMMITTED };

struct slot {
	struct frame frame; /* first, so that a frame is its slot */
	enum slot_state state;
	unsigned pins;
	int older, newer;
};

struct frame_ring {
	pthread_mutex_t lock;
	uint8_t *arena;
	size_t arena_bytes, slot_bytes;
	size_t count, free_count /* of SLOT_FREE */, pinned, pin_limit, run_limit;
	struct thread toucher;
	atomic_bool stop_touching;
	atomic_size_t
	    touched; /* slots from the first on whose memory is there; of the rest only where it must be is one lent */
	int oldest, newest;
	uint64_t committed, skipped_pinned;
	struct slot slots[];
};

static inline struct slot *slot_of(const struct frame *frame)
{
	return (struct slot *)(uintptr_t)frame;
}

#endif
