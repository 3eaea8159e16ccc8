/* What the ring holds, and which frames it finds. */
#include "ring_rig.h"

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

/* The first slots were touched before the ring was there, which was time that the start lost. */
static void test_frames_that_come_while_memory_is_touched_are_kept_whole(void **state)
{
	(void)state;
	enum { MANY = 2000, WIDE = 64, HIGH = 48 };
	struct error error = { 0 };
	struct frame_ring *ring = frame_ring_create(MANY, WIDE, HIGH, &error);
	assert_non_null(ring);
	struct frame_ring_status status = { 0 };
	uint64_t id = 0;
	while (id < MANY / 2 || status.touched < MANY) {
		struct frame *frame = frame_ring_lend(ring);
		assert_non_null(frame);
		frame->info.id = ++id;
		frame->info.timestamp_ns = (int64_t)id;
		memset(frame->pixels, (int)(id & 255), frame_bytes(WIDE, HIGH));
		frame_ring_commit(ring, frame);
		frame_ring_status(ring, &status);
	}
	const struct frame *frames[1];
	int64_t after_ns = 0;
	while (frame_ring_pin_next(ring, after_ns, frames) == 1) {
		for (size_t byte = 0; byte < frame_bytes(WIDE, HIGH); byte++)
			assert_int_equal(frames[0]->pixels[byte], frames[0]->info.id & 255);
		after_ns = frames[0]->info.timestamp_ns;
		frame_ring_release(ring, frames, 1);
	}
	assert_int_equal(after_ns, id);
	frame_ring_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		cmocka_unit_test(test_the_frame_whose_exposure_covers_the_moment_is_the_nearest),
		cmocka_unit_test(test_frames_that_come_while_memory_is_touched_are_kept_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
