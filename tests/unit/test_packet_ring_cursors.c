/* Cursors: where they begin, what they keep, and waiting for the next packet. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "packet_ring_rig.h"

static void test_a_cursor_begins_with_the_key_frame_at_or_before(void **state)
{
	(void)state;
	static const struct {
		int64_t at_ns;
		uint64_t first;
	} cases[] = { { 0, 5 },     { 500, 5 },   { 900, 5 },   { 999, 10 },  { 1000, 10 },
		          { 1399, 10 }, { 1400, 10 }, { 1401, 15 }, { 1500, 15 }, { 99999, 20 } };
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	put_row(ring, 5, 18);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct packet_cursor cursor;
		packet_ring_open(ring, &cursor, cases[i].at_ns, false);
		assert_int_equal(next_id(&cursor), cases[i].first);
		packet_ring_close(&cursor);
	}
	packet_ring_destroy(ring);
}

static void test_one_that_waits_for_the_next_key_frame_gets_it(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_cursor cursor, early;
	packet_ring_open(ring, &early, 0, false);
	assert_int_equal(next_id(&early), 0);
	put_row(ring, 5, 3);
	packet_ring_open_next(ring, &cursor, false);
	put_row(ring, 8, 2);
	assert_int_equal(next_id(&cursor), 0);
	put_row(ring, 10, 3);
	assert_int_equal(next_id(&cursor), 10);
	assert_int_equal(next_id(&early), 5);
	packet_ring_close(&cursor);
	packet_ring_close(&early);
	packet_ring_destroy(ring);
}

static void test_what_a_cursor_stands_on_stays(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_cursor cursor;
	struct packet packet;
	const struct video_format *found;
	put_row(ring, 5, 10);
	packet_ring_open(ring, &cursor, 500, false);
	assert_int_equal(next_id(&cursor), 5);
	put_row(ring, 15, 200);
	expect_row(&cursor, 6, 4);
	assert_int_equal(packet_ring_next(&cursor, &packet, &found), -EOVERFLOW);
	uint64_t id = next_id(&cursor);
	assert_true(id > 10 && id % GOP == 0);
	packet_ring_close(&cursor);
	packet_ring_destroy(ring);
}

/* A holder keeps all that came after; only a ring that is full of it lets go, and says so. */
static void test_what_is_held_goes_last(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_cursor cursor;
	struct packet packet;
	const struct video_format *found;
	put_row(ring, 5, 500);
	packet_ring_open(ring, &cursor, 490 * 100, true);
	put_row(ring, 505, 10);
	expect_row(&cursor, 490, 25);
	packet_ring_close(&cursor);
	packet_ring_open(ring, &cursor, 510 * 100, true);
	put_row(ring, 515, 500);
	expect_row(&cursor, 510, 5);
	assert_int_equal(packet_ring_next(&cursor, &packet, &found), -EOVERFLOW);
	packet_ring_close(&cursor);
	packet_ring_destroy(ring);
}

/* GOPs on which cursors stand, all over the arena. */
static void test_a_ring_full_of_pins_drops_and_recovers(void **state)
{
	(void)state;
	enum { CURSORS = 12 };
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_cursor cursors[CURSORS];
	struct packet_ring_status status;
	put_row(ring, 5, 100);
	packet_ring_status(ring, &status);
	for (int i = 0; i < CURSORS; i++)
		packet_ring_open(ring, &cursors[i], status.oldest_ns + i * GOP * 100, false);
	int refused = 0;
	for (uint64_t id = 105; id < 200; id++)
		refused += put(ring, id) < 0;
	packet_ring_status(ring, &status);
	assert_int_equal(status.dropped, refused);
	assert_true(refused > 0 && status.pinned_gops > 3);
	for (int i = 0; i < CURSORS; i++)
		packet_ring_close(&cursors[i]);
	put_row(ring, 200, 100);
	packet_ring_destroy(ring);
}

struct race {
	struct packet_ring *ring;
	atomic_bool done;
	atomic_int reading;
};

static void *read_on(void *data)
{
	struct race *race = data;
	struct packet_cursor cursor;
	struct packet packet;
	const struct video_format *found;
	uint64_t last = 0;
	packet_ring_open_next(race->ring, &cursor, false);
	atomic_fetch_add(&race->reading, 1);
	while (!atomic_load(&race->done)) {
		uint64_t seen = packet_ring_changes(race->ring);
		while (packet_ring_next(&cursor, &packet, &found) == 1) {
			check_content(&cursor, &packet);
			assert_true(packet.frame.id > last);
			last = packet.frame.id;
		}
		packet_ring_wait(race->ring, seen, clock_now_ns() + 10 * CLOCK_NS_PER_MS);
	}
	packet_ring_close(&cursor);
	return NULL;
}

static void test_readers_follow_a_writer_that_does_not_wait(void **state)
{
	(void)state;
	enum { READERS = 3 };
	struct race race = { .ring = new_ring(ARENA_BYTES, PACKETS) };
	pthread_t readers[READERS];
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_on, &race), 0);
	while (atomic_load(&race.reading) < READERS) {
	}
	for (uint64_t id = 5; id < 5000; id++)
		put(race.ring, id);
	atomic_store(&race.done, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	packet_ring_destroy(race.ring);
}

static void test_waiting_ends_with_a_packet_a_wake_or_its_time(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	uint64_t seen = packet_ring_changes(ring);
	int64_t until_ns = clock_now_ns() + 20 * CLOCK_NS_PER_MS;
	packet_ring_wait(ring, seen, until_ns);
	assert_true(clock_now_ns() >= until_ns);
	packet_ring_wake(ring);
	packet_ring_wait(ring, seen, INT64_MAX);
	seen = packet_ring_changes(ring);
	put_row(ring, 5, 1);
	packet_ring_wait(ring, seen, INT64_MAX);
	packet_ring_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_cursor_begins_with_the_key_frame_at_or_before),
		cmocka_unit_test(test_one_that_waits_for_the_next_key_frame_gets_it),
		cmocka_unit_test(test_what_a_cursor_stands_on_stays),
		cmocka_unit_test(test_what_is_held_goes_last),
		cmocka_unit_test(test_a_ring_full_of_pins_drops_and_recovers),
		cmocka_unit_test(test_readers_follow_a_writer_that_does_not_wait),
		cmocka_unit_test(test_waiting_ends_with_a_packet_a_wake_or_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
