#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/frame_ring.h"

enum { WIDTH = 8, HEIGHT = 4, SLOTS = 8 };

static struct frame_ring *new_ring(size_t slots)
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
static const struct frame *put(struct frame_ring *ring, uint64_t id, int64_t timestamp_ns)
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
static void put_row(struct frame_ring *ring, uint64_t count)
{
	for (uint64_t id = 1; id <= count; id++)
		put(ring, id, (int64_t)id * 100);
}

/* Looks up, expects these ids, releases. */
static void expect_nearest(struct frame_ring *ring, int64_t at_ns, size_t count, const uint64_t *ids)
{
	const struct frame *frames[SLOTS];
	assert_int_equal(frame_ring_pin_nearest(ring, at_ns, count, frames), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(frames[i]->info.id, ids[i]);
	frame_ring_release(ring, frames, count);
}
#define EXPECT_NEAREST(ring, at_ns, ...)                                                                               \
	expect_nearest(ring, at_ns, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), (uint64_t[]){ __VA_ARGS__ })

static void test_an_empty_ring_has_nothing(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	const struct frame *frames[SLOTS];
	struct frame_ring_status status;
	assert_int_equal(frame_ring_pin_nearest(ring, 0, 3, frames), 0);
	assert_int_equal(frame_ring_pin_since(ring, 0, 3, frames), 0);
	frame_ring_status(ring, &status);
	assert_int_equal(status.filled, 0);
	assert_int_equal(status.oldest_ns, 0);
	assert_int_equal(status.newest_ns, 0);
	frame_ring_destroy(ring);
	frame_ring_destroy(NULL);
}

static void test_slots_are_apart_and_of_the_right_size(void **state)
{
	(void)state;
	int width, height;
	struct frame_ring *ring = new_ring(SLOTS);
	frame_ring_frame_size(ring, &width, &height);
	assert_int_equal(width, WIDTH);
	assert_int_equal(height, HEIGHT);
	assert_true(frame_ring_slot_bytes(WIDTH, HEIGHT) >= frame_bytes(WIDTH, HEIGHT));
	assert_int_equal(frame_ring_slot_bytes(1, 1), 64);
	put_row(ring, SLOTS);
	const struct frame *frames[SLOTS];
	int pinned = frame_ring_pin_nearest(ring, 0, SLOTS, frames);
	assert_true(pinned > 0);
	for (int i = 0; i < pinned; i++)
		for (size_t byte = 0; byte < frame_bytes(WIDTH, HEIGHT); byte++)
			assert_int_equal(frames[i]->pixels[byte], frames[i]->info.id & 255);
	frame_ring_release(ring, frames, (size_t)pinned);
	frame_ring_destroy(ring);
}

static void test_the_oldest_makes_room(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	struct frame_ring_status status;
	put_row(ring, SLOTS + 3);
	frame_ring_status(ring, &status);
	assert_int_equal(status.filled, SLOTS);
	assert_int_equal(status.committed, SLOTS + 3);
	assert_int_equal(status.oldest_ns, 400);
	assert_int_equal(status.newest_ns, 100 * (SLOTS + 3));
	frame_ring_destroy(ring);
}

static void test_a_cancelled_frame_was_never_there(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	put_row(ring, 2);
	struct frame *frame = frame_ring_lend(ring);
	frame->info = (struct frame_info){ .id = 99, .timestamp_ns = 300 };
	frame_ring_cancel(ring, frame);
	EXPECT_NEAREST(ring, 300, 2);
	frame = frame_ring_lend(ring);
	assert_int_equal(frame->info.id, 0); /* comes blank */
	frame_ring_cancel(ring, frame);
	frame_ring_destroy(ring);
}

static void test_an_exposure_never_ends_before_it_begins(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	const int64_t begins_ns[] = { 100, 200, 200 }, ends_ns[] = { 150, 0, 200 };
	for (int i = 0; i < 3; i++) {
		struct frame *frame = frame_ring_lend(ring);
		frame->info = (struct frame_info){ .timestamp_ns = begins_ns[i], .exposure_end_ns = ends_ns[i] };
		frame_ring_commit(ring, frame);
		assert_true(frame->info.exposure_end_ns >= frame->info.timestamp_ns);
		assert_true(i > 0 || frame->info.exposure_end_ns == 150);
	}
	frame_ring_destroy(ring);
}

static void test_lookup_by_time(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	put_row(ring, 5);
	EXPECT_NEAREST(ring, 300, 3);
	EXPECT_NEAREST(ring, 340, 3);
	EXPECT_NEAREST(ring, 360, 4);
	EXPECT_NEAREST(ring, -1000000, 1);
	EXPECT_NEAREST(ring, 1000000, 5);
	EXPECT_NEAREST(ring, 310, 2, 3, 4);
	EXPECT_NEAREST(ring, 0, 1, 2, 3);
	EXPECT_NEAREST(ring, 1000000, 3, 4, 5);
	EXPECT_NEAREST(ring, 390, 3, 4); /* the nearer neighbour of frame 4 */
	EXPECT_NEAREST(ring, 410, 4, 5);
	frame_ring_destroy(ring);
}

static void test_lookup_over_gaps(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	put(ring, 1, 100);
	put(ring, 2, 200);
	put(ring, 3, 10000); /* after a night frame, or a camera that was away */
	put(ring, 4, 10100);
	EXPECT_NEAREST(ring, 5000, 2);
	EXPECT_NEAREST(ring, 5200, 3);
	EXPECT_NEAREST(ring, 5000, 1, 2);
	EXPECT_NEAREST(ring, 5200, 3, 4);
	EXPECT_NEAREST(ring, 1200, 1, 2, 3);
	frame_ring_destroy(ring);
}

static void test_since(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	const struct frame *frames[SLOTS];
	put_row(ring, 5);
	assert_int_equal(frame_ring_pin_since(ring, 300, SLOTS, frames), 3);
	assert_int_equal(frames[0]->info.id, 3);
	assert_int_equal(frames[2]->info.id, 5);
	frame_ring_release(ring, frames, 3);
	assert_int_equal(frame_ring_pin_since(ring, 0, 2, frames), 2);
	assert_int_equal(frames[1]->info.id, 2);
	frame_ring_release(ring, frames, 2);
	assert_int_equal(frame_ring_pin_since(ring, 501, SLOTS, frames), 0);
	frame_ring_destroy(ring);
}

static void test_between_takes_the_newest_of_the_interval(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	const struct frame *frames[SLOTS];
	put_row(ring, 6);
	assert_int_equal(frame_ring_pin_between(ring, 200, 500, 2, frames), 2);
	assert_int_equal(frames[0]->info.id, 4);
	assert_int_equal(frames[1]->info.id, 5);
	frame_ring_release(ring, frames, 2);
	assert_int_equal(frame_ring_pin_between(ring, 450, 1000, 4, frames), 2);
	assert_int_equal(frames[0]->info.id, 5);
	frame_ring_release(ring, frames, 2);
	assert_int_equal(frame_ring_pin_between(ring, 601, 1000, 4, frames), 0);
	assert_int_equal(frame_ring_pin_between(ring, 0, 99, 4, frames), 0);
	frame_ring_destroy(ring);
}

/* Sets what has been committed already: nobody else looks. */
static void expose(const struct frame *frame, double exposure_us)
{
	((struct frame *)(uintptr_t)frame)->info.exposure_us = exposure_us;
}

static void expect_alike(struct frame_ring *ring, int64_t at_ns, size_t asked, size_t count, const uint64_t *ids)
{
	const struct frame *frames[SLOTS];
	assert_int_equal(frame_ring_pin_alike(ring, at_ns, asked, frames), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(frames[i]->info.id, ids[i]);
	frame_ring_release(ring, frames, count);
}
#define EXPECT_ALIKE(ring, at_ns, asked, ...)                                                                          \
	expect_alike(ring, at_ns, asked, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),                           \
	             (uint64_t[]){ __VA_ARGS__ })

static void test_the_nearest_frame_decides_which_exposure_is_taken(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	for (uint64_t id = 1; id <= 6; id++)
		expose(put(ring, id, (int64_t)id * 100), id <= 4 ? 50000 : 2e6);
	EXPECT_ALIKE(ring, 410, 3, 2, 3, 4); /* as many as asked, though one of the nearest three is a night frame */
	EXPECT_ALIKE(ring, 490, 3, 5, 6);
	EXPECT_ALIKE(ring, 100, 1, 1);
	EXPECT_ALIKE(ring, 600, 2, 5, 6);
	expose(put(ring, 7, 700), 50000);
	EXPECT_ALIKE(ring, 700, 1, 7);
	EXPECT_ALIKE(ring, 700, 2, 4, 7); /* a gap is told by whoever describes the run */
	frame_ring_destroy(ring);
}

static void test_a_clock_that_stands_still_or_goes_back_keeps_the_order(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	struct frame_ring_status status;
	put(ring, 1, 500);
	put(ring, 2, 500);
	put(ring, 3, 100);
	frame_ring_status(ring, &status);
	assert_int_equal(status.newest_ns, 502);
	EXPECT_NEAREST(ring, 502, 3);
	EXPECT_NEAREST(ring, 501, 2);
	frame_ring_destroy(ring);
}

static void test_pinned_frames_stay_while_capture_goes_on(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	const struct frame *frames[2];
	struct frame_ring_status status;
	put_row(ring, SLOTS);
	assert_int_equal(frame_ring_pin_nearest(ring, 100, 2, frames), 2);
	for (uint64_t id = SLOTS + 1; id < 100; id++)
		put(ring, id, (int64_t)id * 100);
	assert_int_equal(frames[0]->info.id, 1);
	assert_int_equal(frames[1]->info.id, 2);
	assert_int_equal(frames[0]->pixels[5], 1);
	EXPECT_NEAREST(ring, 0, 1, 2);
	frame_ring_status(ring, &status);
	assert_int_equal(status.pinned, 2);
	assert_int_equal(status.filled, SLOTS);
	assert_true(status.skipped_pinned > 0);
	frame_ring_release(ring, frames, 2);
	put(ring, 100, 10000);
	put(ring, 101, 10100);
	EXPECT_NEAREST(ring, 0, 94); /* both old ones went first */
	frame_ring_destroy(ring);
}

static void test_the_pin_limit_leaves_room_for_capture(void **state)
{
	(void)state;
	for (size_t slots = FRAME_RING_SLOTS_MIN; slots < 40; slots++) {
		struct frame_ring *ring = new_ring(slots);
		const struct frame *frames[40], *one[1];
		struct frame_ring_status status;
		put_row(ring, slots);
		frame_ring_status(ring, &status);
		assert_true(slots - status.pin_limit >= 2 && slots - status.pin_limit >= slots / 4);
		assert_true(status.run_limit >= 1 && status.run_limit < status.pin_limit);
		assert_int_equal(frame_ring_pin_nearest(ring, 0, slots, frames), status.run_limit);
		for (size_t i = status.run_limit; i < status.pin_limit; i++) { /* what a run leaves to single frames */
			assert_int_equal(frame_ring_pin_nearest(ring, (int64_t)(i + 1) * 100, 1, &frames[i]), 1);
			assert_int_equal(frames[i]->info.id, i + 1);
		}
		assert_int_equal(frame_ring_pin_nearest(ring, (int64_t)slots * 100, 1, one), -EBUSY);
		assert_int_equal(frame_ring_pin_nearest(ring, 0, 1, one), 1); /* a pin on a pinned frame costs nothing */
		for (uint64_t id = 1000; id < 1100; id++)
			put(ring, id, (int64_t)id * 100); /* asserts that a slot is lent */
		frame_ring_release(ring, one, 1);
		frame_ring_release(ring, frames, status.pin_limit);
		frame_ring_status(ring, &status);
		assert_int_equal(status.pinned, 0);
		frame_ring_destroy(ring);
	}
}

static void test_the_frame_whose_exposure_covers_the_moment_is_the_nearest(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	for (uint64_t id = 1; id <= 4; id++) { /* exposures of 2000 that follow each other, then one of 10 */
		struct frame *frame = frame_ring_lend(ring);
		frame->info.id = id;
		frame->info.timestamp_ns = (int64_t)id * 2000;
		frame->info.exposure_end_ns = id == 4 ? 8010 : (int64_t)id * 2000 + 2000;
		frame_ring_commit(ring, frame);
	}
	EXPECT_NEAREST(ring, 3900, 1); /* by its start, the next would be nearer */
	EXPECT_NEAREST(ring, 4000, 2);
	EXPECT_NEAREST(ring, 5999, 2);
	EXPECT_NEAREST(ring, 8005, 4);
	EXPECT_NEAREST(ring, 9999, 4);
	EXPECT_NEAREST(ring, 0, 1);
	const struct frame *frames[SLOTS];
	assert_int_equal(frame_ring_pin_since(ring, 5500, SLOTS, frames), 3); /* the second was still exposed then */
	assert_int_equal(frames[0]->info.id, 2);
	frame_ring_release(ring, frames, 3);
	frame_ring_destroy(ring);
}

static void test_all_or_none_is_pinned(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	const struct frame *held[4], *frames[SLOTS];
	struct frame_ring_status status;
	put_row(ring, SLOTS);
	assert_int_equal(frame_ring_pin_nearest(ring, 0, 4, held), 4);
	assert_int_equal(frame_ring_pin_nearest(ring, SLOTS * 100, 3, frames), -EBUSY); /* 4 + 3 of at most 6 */
	frame_ring_status(ring, &status);
	assert_int_equal(status.pinned, 4);
	assert_int_equal(frame_ring_pin_nearest(ring, SLOTS * 100, 2, frames), -EBUSY); /* a run leaves one to singles */
	assert_int_equal(frame_ring_pin_nearest(ring, SLOTS * 100, 1, frames), 1);
	frame_ring_release(ring, frames, 1);
	frame_ring_release(ring, held, 4);
	frame_ring_destroy(ring);
}

static void test_a_frame_just_committed_can_be_pinned(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(FRAME_RING_SLOTS_MIN);
	const struct frame *first = put(ring, 1, 100);
	assert_int_equal(frame_ring_pin_frame(ring, first), 0);
	assert_int_equal(frame_ring_pin_frame(ring, first), 0);
	const struct frame *second = put(ring, 2, 200), *third = put(ring, 3, 300);
	assert_int_equal(frame_ring_pin_frame(ring, second), 0);
	assert_int_equal(frame_ring_pin_frame(ring, third), -EBUSY);
	frame_ring_release(ring, (const struct frame *[]){ first, first, second }, 3);
	frame_ring_destroy(ring);
}

/* --- one thread captures, others look the past up and check that what they hold does not change --- */

enum { STRESS_SLOTS = 16, STRESS_FRAMES = 20000, READERS = 3 };

struct stress {
	struct frame_ring *ring;
	atomic_bool over;
	atomic_uint torn, wrong_order, looked;
};

static void check(struct stress *stress, const struct frame *const *frames, int count)
{
	for (int i = 0; i < count; i++) {
		for (size_t byte = 0; byte < frame_bytes(WIDTH, HEIGHT); byte++)
			if (frames[i]->pixels[byte] != (frames[i]->info.id & 255))
				atomic_fetch_add(&stress->torn, 1);
		if (i > 0 && frames[i]->info.timestamp_ns <= frames[i - 1]->info.timestamp_ns)
			atomic_fetch_add(&stress->wrong_order, 1);
	}
}

static void *read_past(void *data)
{
	struct stress *stress = data;
	const struct frame *frames[STRESS_SLOTS];
	for (unsigned turn = 0; !atomic_load(&stress->over); turn++) {
		struct frame_ring_status status;
		frame_ring_status(stress->ring, &status);
		size_t count = 1 + turn % 5;
		int pinned = turn % 2 ? frame_ring_pin_nearest(stress->ring, status.oldest_ns, count, frames)
		                      : frame_ring_pin_since(stress->ring, status.newest_ns - 300, count, frames);
		if (pinned <= 0)
			continue;
		check(stress, frames, pinned);
		frame_ring_release(stress->ring, frames, (size_t)pinned);
		atomic_fetch_add(&stress->looked, 1);
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	(void)state;
	struct stress stress = { .ring = new_ring(STRESS_SLOTS) };
	pthread_t readers[READERS];
	for (size_t i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_past, &stress), 0);
	uint64_t id = 1;
	for (; id <= STRESS_FRAMES || atomic_load(&stress.looked) < 100; id++)
		put(stress.ring, id, (int64_t)id * 100);
	atomic_store(&stress.over, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	struct frame_ring_status status;
	frame_ring_status(stress.ring, &status);
	assert_int_equal(status.committed, id - 1);
	assert_int_equal(status.pinned, 0);
	assert_int_equal(status.filled, STRESS_SLOTS);
	assert_int_equal(atomic_load(&stress.torn), 0);
	assert_int_equal(atomic_load(&stress.wrong_order), 0);
	frame_ring_destroy(stress.ring);
}

static void test_each_frame_in_turn(void **state)
{
	(void)state;
	struct frame_ring *ring = new_ring(SLOTS);
	const struct frame *frame, *held[SLOTS];
	assert_int_equal(frame_ring_pin_next(ring, 0, &frame), 0);
	put_row(ring, 5);
	int64_t after_ns = 0;
	for (uint64_t id = 1; id <= 5; id++) {
		assert_int_equal(frame_ring_pin_next(ring, after_ns, &frame), 1);
		assert_int_equal(frame->info.id, id);
		after_ns = frame->info.timestamp_ns;
		frame_ring_release(ring, &frame, 1);
	}
	assert_int_equal(frame_ring_pin_next(ring, after_ns, &frame), 0);
	put(ring, 6, 600);
	put(ring, 7, 700);
	put(ring, 8, 800);
	struct frame_ring_status status;
	frame_ring_status(ring, &status);
	for (size_t i = 0; i < status.pin_limit; i++)
		assert_int_equal(frame_ring_pin_next(ring, (int64_t)i * 100, &held[i]), 1);
	assert_int_equal(frame_ring_pin_next(ring, (int64_t)status.pin_limit * 100, &frame), -EBUSY);
	frame_ring_release(ring, held, status.pin_limit);
	frame_ring_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_frame_in_turn),
		cmocka_unit_test(test_an_empty_ring_has_nothing),
		cmocka_unit_test(test_slots_are_apart_and_of_the_right_size),
		cmocka_unit_test(test_the_oldest_makes_room),
		cmocka_unit_test(test_a_cancelled_frame_was_never_there),
		cmocka_unit_test(test_an_exposure_never_ends_before_it_begins),
		cmocka_unit_test(test_lookup_by_time),
		cmocka_unit_test(test_lookup_over_gaps),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_between_takes_the_newest_of_the_interval),
		cmocka_unit_test(test_the_nearest_frame_decides_which_exposure_is_taken),
		cmocka_unit_test(test_a_clock_that_stands_still_or_goes_back_keeps_the_order),
		cmocka_unit_test(test_pinned_frames_stay_while_capture_goes_on),
		cmocka_unit_test(test_the_pin_limit_leaves_room_for_capture),
		cmocka_unit_test(test_the_frame_whose_exposure_covers_the_moment_is_the_nearest),
		cmocka_unit_test(test_all_or_none_is_pinned),
		cmocka_unit_test(test_a_frame_just_committed_can_be_pinned),
		cmocka_unit_test(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
