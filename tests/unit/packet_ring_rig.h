/* A ring of packets whose bytes tell which packet they are. */
#ifndef PASTCAM_TEST_PACKET_RING_RIG_H
#define PASTCAM_TEST_PACKET_RING_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/packet_ring.h"

enum { GOP = 5, PACKET_BYTES = 3000, ARENA_BYTES = 128 * 1024, PACKETS = 1000 };

static const struct video_format format = { .codec = VIDEO_MJPEG, .width = 64, .height = 48 };

static inline struct packet_ring *new_ring(size_t bytes, size_t packets)
{
	struct error error = { 0 };
	struct packet_ring *ring = packet_ring_create(bytes, packets, &error);
	assert_non_null(ring);
	return ring;
}

static inline size_t size_of(uint64_t id)
{
	return PACKET_BYTES + id * 37 % 500;
}

/* Packet id, exposed from id * 100 ns on for 50, its bytes a pattern of it. */
static inline int put_sized(struct packet_ring *ring, uint64_t id, bool key, size_t bytes)
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

static inline int put(struct packet_ring *ring, uint64_t id)
{
	return put_sized(ring, id, id % GOP == 0, size_of(id));
}

static inline void put_row(struct packet_ring *ring, uint64_t first, uint64_t count)
{
	for (uint64_t id = first; id < first + count; id++)
		assert_int_equal(put(ring, id), 0);
}

static inline void check_content(const struct packet_cursor *cursor, const struct packet *packet)
{
	uint8_t data[PACKET_BYTES + 500];
	assert_int_equal(packet->bytes, size_of(packet->frame.id));
	packet_ring_copy(cursor, data);
	for (size_t i = 0; i < packet->bytes; i++)
		if (data[i] != (uint8_t)(packet->frame.id + i / 7))
			fail_msg("packet %llu is not itself", (unsigned long long)packet->frame.id);
}

static inline uint64_t next_id(struct packet_cursor *cursor)
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

static inline void expect_row(struct packet_cursor *cursor, uint64_t first, uint64_t count)
{
	for (uint64_t id = first; id < first + count; id++)
		assert_int_equal(next_id(cursor), id);
}

#endif
