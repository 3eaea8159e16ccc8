#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/packet_ring.h"

enum { GOP = 5, PACKET_BYTES = 3000, ARENA_BYTES = 128 * 1024, PACKETS = 1000 };

static const struct video_format format = { .codec = VIDEO_MJPEG, .width = 64, .height = 48 };

static struct packet_ring *new_ring(size_t bytes, size_t packets)
{
	struct error error = { 0 };
	struct packet_ring *ring = packet_ring_create(bytes, packets, &error);
	assert_non_null(ring);
	return ring;
}

static size_t size_of(uint64_t id)
{
	return PACKET_BYTES + id * 37 % 500;
}

/* Packet id, exposed from id * 100 ns on for 50, its bytes a pattern of it. */
static int put_sized(struct packet_ring *ring, uint64_t id, bool key, size_t bytes)
{
	uint8_t *data = malloc(bytes);
	assert_non_null(data);
	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)(id + i / 7);
	const struct packet packet = {
		.data = data,
		.bytes = bytes,
		.key = key,
		.frame = { .id = id, .timestamp_ns = (int64_t)id * 100, .exposure_end_ns = (int64_t)id * 100 + 50 },
	};
	int result = packet_ring_put(ring, &format, &packet);
	free(data);
	return result;
}

static int put(struct packet_ring *ring, uint64_t id)
{
	return put_sized(ring, id, id % GOP == 0, size_of(id));
}

static void put_row(struct packet_ring *ring, uint64_t first, uint64_t count)
{
	for (uint64_t id = first; id < first + count; id++)
		assert_int_equal(put(ring, id), 0);
}

static void check_content(const struct packet_cursor *cursor, const struct packet *packet)
{
	uint8_t data[PACKET_BYTES + 500];
	assert_int_equal(packet->bytes, size_of(packet->frame.id));
	packet_ring_copy(cursor, data);
	for (size_t i = 0; i < packet->bytes; i++)
		if (data[i] != (uint8_t)(packet->frame.id + i / 7))
			fail_msg("packet %llu is not itself", (unsigned long long)packet->frame.id);
}

static uint64_t next_id(struct packet_cursor *cursor)
{
	struct packet packet;
	const struct video_format *found;
	int result = packet_ring_next(cursor, &packet, &found);
	if (result == 0)
		return 0;
	assert_int_equal(result, 1);
	assert_true(video_format_equal(found, &format));
	check_content(cursor, &packet);
	return packet.frame.id;
}

static void expect_row(struct packet_cursor *cursor, uint64_t first, uint64_t count)
{
	for (uint64_t id = first; id < first + count; id++)
		assert_int_equal(next_id(cursor), id);
}

static void test_packets_come_back_in_order_and_whole(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_cursor cursor;
	put_row(ring, 5, 20);
	packet_ring_open(ring, &cursor, 500, false);
	expect_row(&cursor, 5, 20);
	assert_int_equal(next_id(&cursor), 0);
	put_row(ring, 25, 3);
	expect_row(&cursor, 25, 3);
	assert_int_equal(next_id(&cursor), 0);
	packet_ring_close(&cursor);
	packet_ring_close(&cursor);
	packet_ring_destroy(ring);
	packet_ring_destroy(NULL);
}

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

static void test_the_oldest_goes_when_the_arena_is_full(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_ring_status status;
	struct packet_cursor cursor;
	put_row(ring, 5, 500);
	packet_ring_status(ring, &status);
	assert_int_equal(status.newest_ns, 504 * 100);
	assert_true(status.oldest_ns > 460 * 100 && status.oldest_ns % (GOP * 100) == 0);
	assert_true(status.used_bytes <= status.bytes && status.used_bytes > status.bytes * 3 / 4);
	assert_true(status.peak_bytes >= status.used_bytes);
	assert_int_equal(status.put, 500);
	assert_int_equal(status.dropped, 0);
	packet_ring_open(ring, &cursor, 0, false);
	expect_row(&cursor, (uint64_t)status.oldest_ns / 100, status.packets);
	packet_ring_close(&cursor);
	packet_ring_destroy(ring);
}

static void test_few_packets_are_a_limit_too(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, 2 * GOP);
	struct packet_ring_status status;
	put_row(ring, 5, 100);
	packet_ring_status(ring, &status);
	assert_true(status.packets <= 2 * GOP && status.packets > GOP);
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

static void test_what_does_not_fit_is_dropped_up_to_the_next_key_frame(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_ring_status status;
	struct packet_cursor cursor;
	assert_int_equal(put(ring, 6), -EAGAIN);
	put_row(ring, 10, 2);
	assert_int_equal(put_sized(ring, 12, false, ARENA_BYTES), -ENOSPC);
	assert_int_equal(put(ring, 13), -EAGAIN);
	put_row(ring, 15, 2);
	packet_ring_status(ring, &status);
	assert_int_equal(status.dropped, 3);
	assert_int_equal(status.packets, 4);
	packet_ring_open(ring, &cursor, 0, false);
	expect_row(&cursor, 10, 2);
	expect_row(&cursor, 15, 2);
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

static void test_formats_change_from_group_to_group(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct packet_cursor cursor;
	struct packet packet;
	const struct video_format *found;
	for (int i = 1; i <= 10; i++) {
		struct video_format another = { .codec = VIDEO_H264, .width = 16 * i, .height = 16 };
		packet = (struct packet){
			.data = (const uint8_t *)"x", .bytes = 1, .key = true, .frame = { .id = (uint64_t)i, .timestamp_ns = i }
		};
		assert_int_equal(packet_ring_put(ring, &another, &packet), 0);
	}
	packet_ring_open(ring, &cursor, 10, false);
	assert_int_equal(packet_ring_next(&cursor, &packet, &found), 1);
	assert_int_equal(found->width, 160);
	packet_ring_close(&cursor);
	packet_ring_destroy(ring);
}

static void test_the_key_frames_are_listed(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	int64_t keys[3];
	assert_int_equal(packet_ring_keys(ring, keys, 3), 0);
	put_row(ring, 5, 22);
	assert_int_equal(packet_ring_keys(ring, keys, 3), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(keys[i], (15 + i * GOP) * 100);
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

/* The id of the packet, and of the one with which the cursor begins. */
static void expect_nearest(struct packet_ring *ring, int64_t at_ns, uint64_t id, uint64_t key_id)
{
	struct frame_info nearest;
	struct packet_cursor cursor;
	struct packet packet;
	const struct video_format *found;
	assert_true(packet_ring_nearest(ring, at_ns, &nearest));
	assert_int_equal(nearest.id, id);
	assert_true(packet_ring_open_nearest(ring, &cursor, at_ns, &nearest));
	assert_int_equal(nearest.id, id);
	assert_int_equal(packet_ring_next(&cursor, &packet, &found), 1);
	assert_true(packet.key);
	assert_int_equal(packet.frame.id, key_id);
	packet_ring_close(&cursor);
}

static void test_the_packet_nearest_to_a_moment(void **state)
{
	(void)state;
	struct packet_ring *ring = new_ring(ARENA_BYTES, PACKETS);
	struct frame_info nearest;
	struct packet_cursor cursor;
	assert_false(packet_ring_nearest(ring, 700, &nearest));
	assert_false(packet_ring_open_nearest(ring, &cursor, 700, &nearest));
	packet_ring_close(&cursor); /* again is fine */
	put_row(ring, 5, 15);
	expect_nearest(ring, 0, 5, 5);
	expect_nearest(ring, 700, 7, 5);
	expect_nearest(ring, 949, 9, 5); /* it is still being exposed; the next one is the next GOP's */
	expect_nearest(ring, 980, 10, 10);
	expect_nearest(ring, 1460, 14, 10);
	expect_nearest(ring, 5000, 19, 15);
	packet_ring_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_packet_nearest_to_a_moment),
		cmocka_unit_test(test_packets_come_back_in_order_and_whole),
		cmocka_unit_test(test_a_cursor_begins_with_the_key_frame_at_or_before),
		cmocka_unit_test(test_one_that_waits_for_the_next_key_frame_gets_it),
		cmocka_unit_test(test_the_oldest_goes_when_the_arena_is_full),
		cmocka_unit_test(test_few_packets_are_a_limit_too),
		cmocka_unit_test(test_what_a_cursor_stands_on_stays),
		cmocka_unit_test(test_what_is_held_goes_last),
		cmocka_unit_test(test_what_does_not_fit_is_dropped_up_to_the_next_key_frame),
		cmocka_unit_test(test_a_ring_full_of_pins_drops_and_recovers),
		cmocka_unit_test(test_formats_change_from_group_to_group),
		cmocka_unit_test(test_the_key_frames_are_listed),
		cmocka_unit_test(test_readers_follow_a_writer_that_does_not_wait),
		cmocka_unit_test(test_waiting_ends_with_a_packet_a_wake_or_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
