/* One frame out of packets: the right one, and what happens when they are gone or damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "encode/encoder.h"
#include "export/job_video.h"

enum { WIDTH = 96, HEIGHT = 64, GOP = 5, FRAMES = 20 };
#define INTERVAL_NS (100 * CLOCK_NS_PER_MS)

static const size_t room = (size_t)WIDTH * HEIGHT * FRAME_CHANNELS;
static uint8_t picture[WIDTH * HEIGHT * FRAME_CHANNELS];
static struct packet_ring *ring;

/* Each frame has a grey of its own. */
static uint8_t grey_of(uint64_t id)
{
	return (uint8_t)(30 + 10 * id);
}

static int64_t time_of(uint64_t id)
{
	return (int64_t)id * INTERVAL_NS;
}

static void fill(enum encoder_kind kind, size_t arena_bytes)
{
	struct error error = { 0 };
	const struct encoder_params params = { .width = WIDTH,
		                                   .height = HEIGHT,
		                                   .framerate = 10,
		                                   .jpeg_quality = 85,
		                                   .gop_s = 100,
		                                   .device = "",
		                                   .silence_s = 5 };
	struct encoder *encoder = encoder_open(kind, &params, &error);
	assert_non_null(encoder);
	ring = packet_ring_create(arena_bytes, 200, &error);
	assert_non_null(ring);
	for (uint64_t id = 1; id <= FRAMES; id++) {
		struct packet packet;
		const struct video_format *format;
		memset(picture, grey_of(id), sizeof picture);
		const struct frame frame = {
			.pixels = picture,
			.width = WIDTH,
			.height = HEIGHT,
			.info = { .id = id, .timestamp_ns = time_of(id), .exposure_end_ns = time_of(id) },
		};
		assert_int_equal(encoder_send(encoder, &frame, NULL, id % GOP == 1, &error), 0);
		assert_int_equal(encoder_receive(encoder, 1000, &packet, &format, &error), 1);
		assert_int_equal(packet_ring_put(ring, format, &packet), 0);
	}
	encoder_close(encoder);
}

static int tear_down(void **state)
{
	(void)state;
	packet_ring_destroy(ring);
	ring = NULL;
	return 0;
}

static struct job job_for(uint64_t id)
{
	return (struct job){ .kind = JOB_VIDEO, .video_frame = { .id = id, .timestamp_ns = time_of(id) } };
}

static void expect_frames(enum encoder_kind kind)
{
	if (!encoder_is_built(kind))
		return;
	fill(kind, 1 << 20);
	static const uint64_t ids[] = { 1, 5, 6, 13, FRAMES };
	for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		struct error error = { 0 };
		struct job job = job_for(ids[i]);
		struct frame frame = { .pixels = picture };
		memset(picture, 0, sizeof picture);
		assert_true(packet_ring_open_nearest(ring, &job.video, time_of(ids[i]), &job.video_frame));
		assert_int_equal(job.video_frame.id, ids[i]);
		assert_int_equal(job_decode(&job, room, &frame, &error), 0);
		assert_int_equal(frame.width, WIDTH);
		assert_int_equal(frame.height, HEIGHT);
		assert_in_range(picture[room / 2], grey_of(ids[i]) - 3, grey_of(ids[i]) + 3);
		assert_null(job.video.ring); /* nothing is pinned any more */
	}
}

static void test_the_frame_that_was_asked_for_comes_out_of_h264(void **state)
{
	(void)state;
	expect_frames(ENCODER_OPENH264);
}

static void test_the_frame_that_was_asked_for_comes_out_of_mjpeg(void **state)
{
	(void)state;
	expect_frames(ENCODER_MJPEG);
}

/* Between the question and the worker's turn the cursor's GOP is pinned, but where that is not the frame's, it may go.
 */
static void test_video_that_is_gone_is_told(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct job job = job_for(3);
	struct frame frame = { .pixels = picture };
	fill(ENCODER_MJPEG, 1 << 20);
	packet_ring_open(ring, &job.video, time_of(11), false); /* its first packet is later than the frame */
	assert_int_equal(job_decode(&job, room, &frame, &error), -ENODATA);
	assert_non_null(strstr(error.text, "given up"));
	assert_null(job.video.ring);
	job = job_for(FRAMES + 5); /* never comes */
	packet_ring_open(ring, &job.video, time_of(16), false);
	assert_int_equal(job_decode(&job, room, &frame, &error), -ENODATA);
	assert_null(job.video.ring);
}

static void test_a_picture_larger_than_the_room_is_refused(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct job job = job_for(7);
	struct frame frame = { .pixels = picture };
	fill(ENCODER_MJPEG, 1 << 20);
	assert_true(packet_ring_open_nearest(ring, &job.video, time_of(7), &job.video_frame));
	assert_int_equal(job_decode(&job, room - 1, &frame, &error), -EINVAL);
	assert_null(job.video.ring);
}

static void test_damaged_packets_are_an_error_and_no_picture(void **state)
{
	(void)state;
	struct error error = { 0 };
	const struct video_format format = { .codec = VIDEO_MJPEG, .width = WIDTH, .height = HEIGHT };
	uint8_t noise[500];
	memset(noise, 0x5a, sizeof noise);
	const struct packet packet = {
		.data = noise, .bytes = sizeof noise, .key = true, .frame = { .id = 1, .timestamp_ns = time_of(1) }
	};
	struct job job = job_for(1);
	struct frame frame = { .pixels = picture };
	ring = packet_ring_create(1 << 20, 200, &error);
	assert_non_null(ring);
	assert_int_equal(packet_ring_put(ring, &format, &packet), 0);
	assert_true(packet_ring_open_nearest(ring, &job.video, time_of(1), &job.video_frame));
	assert_true(job_decode(&job, room, &frame, &error) < 0);
	assert_true(error.text[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_the_frame_that_was_asked_for_comes_out_of_h264, tear_down),
		cmocka_unit_test_teardown(test_the_frame_that_was_asked_for_comes_out_of_mjpeg, tear_down),
		cmocka_unit_test_teardown(test_video_that_is_gone_is_told, tear_down),
		cmocka_unit_test_teardown(test_a_picture_larger_than_the_room_is_refused, tear_down),
		cmocka_unit_test_teardown(test_damaged_packets_are_an_error_and_no_picture, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
