#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "service/pins.h"

enum { WIDTH = 8, HEIGHT = 4, SLOTS = 16 };

static struct frame_ring *new_ring(void)
{
	struct error error = { 0 };
	struct frame_ring *ring = frame_ring_create(SLOTS, WIDTH, HEIGHT, &error);
	assert_non_null(ring);
	struct frame_ring_status status = { 0 };
	while (status.touched < SLOTS)
		frame_ring_status(ring, &status);
	return ring;
}

static void put(struct frame_ring *ring, uint64_t id, int64_t timestamp_ns)
{
	struct frame *frame = frame_ring_lend(ring);
	assert_non_null(frame);
	frame->info.id = id;
	frame->info.timestamp_ns = timestamp_ns;
	frame->info.exposure_end_ns = timestamp_ns + 1;
	frame_ring_commit(ring, frame);
}

static size_t frames_of(struct pins *pins)
{
	struct pin_info list[PINS_MAX];
	assert_int_equal(pins_list(pins, list), 1);
	return list[0].frames;
}

/* Pins others' frames until no more may be pinned. */
static size_t hold_all(struct frame_ring *ring, const struct frame *held[SLOTS])
{
	struct frame_ring_status status;
	frame_ring_status(ring, &status);
	size_t count = 0;
	for (int64_t at_ns = status.oldest_ns; count < SLOTS && at_ns <= status.newest_ns; at_ns += CLOCK_NS_PER_MS)
		if (frame_ring_pin_nearest(ring, at_ns, 1, &held[count]) == 1)
			count++;
	return count;
}

static void test_a_pin_goes_on_when_frames_were_held_by_others_for_a_moment(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring();
	struct requests requests = { .ring = ring, .framerate = 1000 };
	struct error error = { 0 };
	struct pins *pins = pins_create(&requests, NULL, &error);
	assert_non_null(pins);
	int64_t start_ns = clock_now_ns();
	for (int i = 0; i < SLOTS - 4; i++)
		put(ring, (uint64_t)i + 1, start_ns + (i - SLOTS) * CLOCK_NS_PER_MS);

	struct pin_info pin;
	assert_int_equal(pins_make(pins, start_ns, 0, 3600 * CLOCK_NS_PER_S, &pin, &error), 0);
	assert_int_equal(pin.frames, 0);

	const struct frame *held[SLOTS];
	size_t count = hold_all(ring, held);
	put(ring, 100, start_ns + CLOCK_NS_PER_MS);
	const struct frame *one;
	assert_true(frame_ring_pin_nearest(ring, start_ns + CLOCK_NS_PER_MS, 1, &one) < 0); /* or it proves nothing */
	assert_true(pins_tick(pins) > 0);
	assert_int_equal(frames_of(pins), 0);

	frame_ring_release(ring, held, count);
	pins_tick(pins);
	assert_int_equal(frames_of(pins), 1);
	put(ring, 101, start_ns + 2 * CLOCK_NS_PER_MS);
	pins_tick(pins);
	assert_int_equal(frames_of(pins), 2);
	pins_destroy(pins);
	frame_ring_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_pin_goes_on_when_frames_were_held_by_others_for_a_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
