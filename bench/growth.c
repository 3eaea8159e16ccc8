/* How time grows with size: each row is a size beside the one before it, whose time counts as often as the size is
 * larger. So 1 is linear; what is above is only noise up to GROWTH_MOST. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "media/ingest.h"
#include "media/stack.h"
#include "scene.h"
#include "set.h"
#include "store/frame_ring.h"

enum { ROUNDS = 20, ARENA_BYTES = 320 * 1024 * 1024, STACKED_BYTES = 256 * 256 * 3, STACK_MOST = 1000, LOOKUPS = 64 };
static const double GROWTH_MOST = 1.25;

struct growth {
	uint8_t *arena; /* larger than the caches, so that small sizes come from memory too */
	size_t size[2]; /* of the larger, of the smaller */
	const int (*picture[2])[2];
	struct ingest *ingest[2];
	enum pixel_format format;
	enum stack_mode mode;
	uint8_t *out;
	struct frame_ring *ring[2];
};

/* The place of a turn's data in the arena. */
static uint8_t *at(const struct growth *growth, size_t bytes, size_t turn)
{
	return growth->arena + turn % (ARENA_BYTES / bytes) * bytes;
}

static void report(const struct growth *growth, const char *what, const char *unit, measure_turn *larger,
                   measure_turn *smaller)
{
	char work[48], limit[48];
	const double ratio = (double)growth->size[0] / (double)growth->size[1];
	struct measured measured = measure_thread(larger, smaller, (void *)(uintptr_t)growth, ROUNDS);
	measured.limit_ms *= ratio;
	snprintf(work, sizeof work, "%s, %zu %s", what, growth->size[0], unit);
	snprintf(limit, sizeof limit, "of %zu, %.3g times", growth->size[1], ratio);
	report_row(work, limit, "", measured, GROWTH_MOST);
}

static void take_in(const struct growth *growth, size_t which, size_t turn)
{
	const int width = (*growth->picture[which])[0], height = (*growth->picture[which])[1];
	const size_t bytes = frame_bytes(width, height), pixels = bytes / 3;
	const uint8_t *from = at(growth, bytes, 2 * turn);
	const bool rgb = growth->format == PIXEL_RGB;
	const struct image image = { .format = growth->format,
		                         .width = width,
		                         .height = height,
		                         .plane = { from, rgb ? NULL : from + pixels },
		                         .stride = { (size_t)width * (rgb ? 3 : 1), (size_t)width } };
	struct frame frame = { .pixels = at(growth, bytes, 2 * turn + 1), .width = width, .height = height };
	ingest(growth->ingest[which], &image, &frame);
}

static void take_in_larger(void *data, size_t turn)
{
	take_in(data, 0, turn);
}

static void take_in_smaller(void *data, size_t turn)
{
	take_in(data, 1, turn);
}

static void grow_pictures(struct growth *growth)
{
	static const int sizes[][2] = { { 640, 480 }, { 1280, 960 }, { 2048, 1536 }, { 2592, 1944 }, { 4000, 3000 } };
	for (int format = 0; format < 2; format++)
		for (size_t i = 1; i < sizeof sizes / sizeof *sizes; i++) {
			growth->format = format ? PIXEL_NV12 : PIXEL_RGB;
			for (size_t which = 0; which < 2; which++) {
				const int(*picture)[2] = &sizes[i - which];
				growth->picture[which] = picture;
				growth->size[which] = (size_t)(*picture)[0] * (size_t)(*picture)[1] / 1000;
				growth->ingest[which] = ingest_create((*picture)[0], (*picture)[1], (*picture)[0], (*picture)[1]);
			}
			report(growth, format ? "ingest NV12" : "ingest RGB", "kpixels", take_in_larger, take_in_smaller);
			ingest_destroy(growth->ingest[0]);
			ingest_destroy(growth->ingest[1]);
		}
}

static void stack(const struct growth *growth, size_t which, size_t turn)
{
	const uint8_t *sources[STACK_MOST];
	for (size_t i = 0; i < growth->size[which]; i++)
		sources[i] = at(growth, STACKED_BYTES, turn * growth->size[which] + i);
	stack_range(growth->mode, sources, growth->size[which], 0, STACKED_BYTES, growth->out);
}

static void stack_larger(void *data, size_t turn)
{
	stack(data, 0, turn);
}

static void stack_smaller(void *data, size_t turn)
{
	stack(data, 1, turn);
}

static void grow_stacks(struct growth *growth)
{
	static const size_t counts[] = { 1, 4, 16, 64, 250, STACK_MOST };
	for (growth->mode = STACK_MEAN; growth->mode <= STACK_MAX; growth->mode++)
		for (size_t i = 1; i < sizeof counts / sizeof *counts; i++) {
			char what[32];
			growth->size[0] = counts[i], growth->size[1] = counts[i - 1];
			snprintf(what, sizeof what, "stack %s", stack_mode_name(growth->mode));
			report(growth, what, "frames", stack_larger, stack_smaller);
		}
}

/* A frame comes, and moments all over the past are looked up. */
static void use_ring(struct frame_ring *ring, size_t slots)
{
	struct frame_ring_status status;
	struct frame *frame = frame_ring_lend(ring);
	frame_ring_status(ring, &status);
	frame->info.timestamp_ns = status.newest_ns + 1000;
	frame_ring_commit(ring, frame);
	for (size_t i = 0; i < LOOKUPS; i++) {
		const struct frame *found;
		const int64_t back = (int64_t)(slots * i / LOOKUPS) * 1000;
		if (frame_ring_pin_nearest(ring, status.newest_ns - back, 1, &found) == 1)
			frame_ring_release(ring, &found, 1);
	}
}

static void use_larger(void *data, size_t turn)
{
	const struct growth *growth = data;
	(void)turn;
	use_ring(growth->ring[0], growth->size[0]);
}

static void use_smaller(void *data, size_t turn)
{
	const struct growth *growth = data;
	(void)turn;
	use_ring(growth->ring[1], growth->size[1]);
}

static struct frame_ring *full_ring(size_t slots)
{
	struct error error = { 0 };
	struct frame_ring *ring = frame_ring_create(slots, 16, 16, &error);
	struct frame_ring_status status = { 0 };
	while (ring && status.filled < slots) {
		struct frame *frame = frame_ring_lend(ring);
		frame->info.timestamp_ns = status.newest_ns + 1000;
		frame_ring_commit(ring, frame);
		frame_ring_status(ring, &status);
	}
	return ring;
}

static void grow_rings(struct growth *growth)
{
	static const size_t slots[] = { 100, 1000, 5000, 20000 };
	for (size_t i = 1; i < sizeof slots / sizeof *slots; i++) {
		for (size_t which = 0; which < 2; which++) {
			growth->size[which] = slots[i - which];
			growth->ring[which] = full_ring(slots[i - which]);
		}
		if (growth->ring[0] && growth->ring[1])
			report(growth, "ring, 64 lookups", "slots", use_larger, use_smaller);
		frame_ring_destroy(growth->ring[0]);
		frame_ring_destroy(growth->ring[1]);
	}
}

void bench_growth(void)
{
	struct growth growth = { .arena = scene_allocate(ARENA_BYTES), .out = scene_allocate(STACKED_BYTES) };
	for (size_t i = 0; i < ARENA_BYTES; i++)
		growth.arena[i] = (uint8_t)(i * i >> 9);
	report_header();
	grow_pictures(&growth);
	grow_stacks(&growth);
	grow_rings(&growth);
	free(growth.arena);
	free(growth.out);
}
