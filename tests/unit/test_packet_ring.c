/* What the ring of packets keeps, drops and finds. */
#include "packet_ring_rig.h"

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
		cmocka_unit_test(test_the_oldest_goes_when_the_arena_is_full),
		cmocka_unit_test(test_few_packets_are_a_limit_too),
		cmocka_unit_test(test_what_does_not_fit_is_dropped_up_to_the_next_key_frame),
		cmocka_unit_test(test_formats_change_from_group_to_group),
		cmocka_unit_test(test_the_key_frames_are_listed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
