/* Pinned frames: they stay, within a limit, while capture goes on. */
#include <pthread.h>
#include <stdatomic.h>

#include "ring_rig.h"

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
		cmocka_unit_test(test_pinned_frames_stay_while_capture_goes_on),
		cmocka_unit_test(test_the_pin_limit_leaves_room_for_capture),
		cmocka_unit_test(test_all_or_none_is_pinned),
		cmocka_unit_test(test_a_frame_just_committed_can_be_pinned),
		cmocka_unit_test(test_many_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
