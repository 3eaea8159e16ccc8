/* A ring of small frames whose pixels tell which frame they are. */
#ifndef PASTCAM_TEST_RING_RIG_H
#define PASTCAM_TEST_RING_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/frame_ring.h"

enum { WIDTH = 8, HEIGHT = 4, SLOTS = 8 };

static inline struct frame_ring *new_ring(size_t slots)
{
	struct error error = { 0 };
	struct frame_ring *ring = frame_ring_create(slots, WIDTH, HEIGHT, &error);
	assert_non_null(ring);
	struct frame_ring_status status = { 0 };
	while (status.touched < slots)
		frame_ring_status(ring, &status);
	return ring;
}

/* Commits a frame of that time, whose pixels all are its id's low byte. */
static inline const struct frame *put(struct frame_ring *ring, uint64_t id, int64_t timestamp_ns)
{
	struct frame *frame = frame_ring_lend(ring);
	assert_non_null(frame);
	memset(frame->pixels, (int)(id & 255), frame_bytes(WIDTH, HEIGHT));
	frame->info.id = id;
	frame->info.timestamp_ns = timestamp_ns;
	frame_ring_commit(ring, frame);
	return frame;
}

/* Frames 1 to count, at 100, 200 … */
static inline void put_row(struct frame_ring *ring, uint64_t count)
{
	for (uint64_t id = 1; id <= count; id++)
		put(ring, id, (int64_t)id * 100);
}

/* Looks up, expects these ids, releases. */
static inline void expect_nearest(struct frame_ring *ring, int64_t at_ns, size_t count, const uint64_t *ids)
{
	const struct frame *frames[SLOTS];
	assert_int_equal(frame_ring_pin_nearest(ring, at_ns, count, frames), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(frames[i]->info.id, ids[i]);
	frame_ring_release(ring, frames, count);
}
#define EXPECT_NEAREST(ring, at_ns, ...)                                                                               \
	expect_nearest(ring, at_ns, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), (uint64_t[]){ __VA_ARGS__ })

#endif
