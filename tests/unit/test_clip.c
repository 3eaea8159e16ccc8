/* Packets from a ring into files: where a clip is divided, and what is missing in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "capture/clip.h"
#include "scratch.h"

enum { PACKET_BYTES = 1500 };
#define INTERVAL_NS (100 * CLOCK_NS_PER_MS)

static char folder[SCRATCH_BYTES];
static struct packet_ring *packets;
static struct recorder_params params;
static struct clip clip;

static int set_up(void **state)
{
	(void)state;
	struct error error = { 0 };
	scratch_make(folder);
	packets = packet_ring_create(1 << 20, 500, &error);
	assert_non_null(packets);
	params = (struct recorder_params){ .base_dir = folder, .camera = "", .max_s = 3600 };
	clip = (struct clip){ .params = &params,
		                  .trigger_frame = { .id = 7 },
		                  .trigger_wall_ns = clock_wall_of(clock_now_ns()) };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	packet_ring_close(&clip.cursor);
	free(clip.buffer);
	packet_ring_destroy(packets);
	scratch_remove(folder);
	return 0;
}

static void put_after(uint64_t id, bool key, int width, bool after_rest)
{
	uint8_t data[PACKET_BYTES] = { (uint8_t)id };
	const struct video_format format = { .codec = VIDEO_MJPEG, .width = width, .height = 48 };
	const struct packet packet = { .data = data,
		                           .bytes = sizeof data,
		                           .key = key,
		                           .after_rest = after_rest,
		                           .frame = { .id = id, .timestamp_ns = (int64_t)id * INTERVAL_NS } };
	assert_int_equal(packet_ring_put(packets, &format, &packet), 0);
}

static void put(uint64_t id, bool key, int width)
{
	put_after(id, key, width, false);
}

static void write_all(void)
{
	struct error error = { 0 };
	while (clip_read(&clip))
		assert_int_equal(clip_write(&clip, &error), 0);
	assert_int_equal(clip_finish(&clip, 0, &error), 0);
}

static void expect_parts(size_t parts, size_t frames, uint64_t missing)
{
	assert_int_equal(clip.result.part_count, parts);
	assert_int_equal(clip.result.frames, frames);
	assert_int_equal(clip.result.missing, missing);
	for (size_t i = 0; i < parts; i++) {
		struct stat status;
		assert_int_equal(stat(clip.result.paths[i], &status), 0);
	}
}

static void test_one_file_of_one_format(void **state)
{
	(void)state;
	packet_ring_open_next(packets, &clip.cursor, true);
	for (uint64_t id = 1; id <= 30; id++)
		put(id, id % 10 == 1, 64);
	write_all();
	expect_parts(1, 30, 0);
	assert_true(clip.result.duration_s > 2.99 && clip.result.duration_s < 3.01);
}

/* The camera, or the encoder, changes in the middle: the first file ends well, and another goes on. */
static void test_another_format_begins_another_file(void **state)
{
	(void)state;
	packet_ring_open_next(packets, &clip.cursor, true);
	for (uint64_t id = 1; id <= 30; id++)
		put(id, id % 10 == 1, id <= 20 ? 64 : 128);
	write_all();
	expect_parts(2, 30, 0);
	assert_true(clip.result.duration_s > 2.99 && clip.result.duration_s < 3.01);
}

static void test_a_file_of_max_s_ends_at_the_next_key_frame(void **state)
{
	(void)state;
	params.max_s = 1.5;
	packet_ring_open_next(packets, &clip.cursor, true);
	for (uint64_t id = 1; id <= 50; id++)
		put(id, id % 10 == 1, 64);
	write_all();
	expect_parts(3, 50, 0); /* of 20, 20 and 10 */
}

/* The second file's beginning is its key frame: nothing of it is left out. */
static void test_what_only_others_need_is_not_counted(void **state)
{
	(void)state;
	params.max_s = 2;
	packet_ring_open_next(packets, &clip.cursor, true);
	clip.begin_ns = 5 * INTERVAL_NS;
	for (uint64_t id = 1; id <= 40; id++)
		put(id, id % 10 == 1, 64);
	write_all();
	expect_parts(2, 36, 0);
	assert_true(clip.result.duration_s > 3.59 && clip.result.duration_s < 3.61);
}

static void test_what_the_encoder_left_out_is_counted(void **state)
{
	(void)state;
	packet_ring_open_next(packets, &clip.cursor, true);
	for (uint64_t id = 1; id <= 30; id++)
		if (id < 12 || id > 15)
			put(id, id % 10 == 1 || id == 16, 64);
	write_all();
	expect_parts(1, 26, 4);
}

static void test_what_was_left_out_on_purpose_is_not_missing(void **state)
{
	(void)state;
	packet_ring_open_next(packets, &clip.cursor, true);
	put(1, true, 64);
	put_after(11, true, 64, true);
	put(12, false, 64);
	put(14, false, 64);
	write_all();
	expect_parts(1, 4, 1);
}

static void write_and_end(uint64_t next, int64_t end_ns)
{
	packet_ring_open_next(packets, &clip.cursor, true);
	for (uint64_t id = 1; id <= 10; id++)
		put(id, id == 1, 64);
	struct error error = { 0 };
	for (uint64_t id = 1; id <= 10; id++) {
		assert_true(clip_read(&clip));
		assert_int_equal(clip_write(&clip, &error), 0);
	}
	put(next, true, 64);
	assert_true(clip_read(&clip));
	clip_note_end(&clip, end_ns);
	assert_int_equal(clip_finish(&clip, 0, &error), 0);
}

static void test_what_was_left_out_before_the_end_is_counted(void **state)
{
	(void)state;
	write_and_end(40, INT64_C(25) * INTERVAL_NS);
	expect_parts(1, 10, 15); /* 11 to 25 */
}

static void test_what_was_left_out_after_the_end_is_not_missing(void **state)
{
	(void)state;
	write_and_end(40, INT64_C(10) * INTERVAL_NS + INTERVAL_NS / 2);
	expect_parts(1, 10, 0);
}

static void test_a_clip_that_ends_with_the_next_frame_lacks_none(void **state)
{
	(void)state;
	write_and_end(11, INT64_C(10) * INTERVAL_NS + INTERVAL_NS / 2);
	expect_parts(1, 10, 0);
}

static void test_a_camera_with_a_name_is_in_the_file_s(void **state)
{
	(void)state;
	params.camera = "yard-2";
	packet_ring_open_next(packets, &clip.cursor, true);
	put(1, true, 64);
	put(2, false, 64);
	write_all();
	const char *name = strrchr(clip.result.paths[0], '/') + 1;
	assert_memory_equal(name, "yard-2_", 7);
	assert_non_null(strstr(name, "_f00000007.mp4"));
	assert_true(export_is_own_name(name));
}

static void test_a_folder_that_is_none_is_told(void **state)
{
	(void)state;
	struct error error = { 0 };
	params.base_dir = "/proc/none";
	packet_ring_open_next(packets, &clip.cursor, true);
	put(1, true, 64);
	assert_true(clip_read(&clip));
	assert_true(clip_write(&clip, &error) < 0);
	assert_true(error.text[0] != '\0');
	assert_int_equal(clip_finish(&clip, 0, &error), 0); /* there is nothing */
	assert_int_equal(clip.result.part_count, 0);
}

int main(void)
{
#define WITH_RING(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RING(test_one_file_of_one_format),
		WITH_RING(test_another_format_begins_another_file),
		WITH_RING(test_a_file_of_max_s_ends_at_the_next_key_frame),
		WITH_RING(test_what_only_others_need_is_not_counted),
		WITH_RING(test_what_the_encoder_left_out_is_counted),
		WITH_RING(test_what_was_left_out_on_purpose_is_not_missing),
		WITH_RING(test_what_was_left_out_before_the_end_is_counted),
		WITH_RING(test_what_was_left_out_after_the_end_is_not_missing),
		WITH_RING(test_a_clip_that_ends_with_the_next_frame_lacks_none),
		WITH_RING(test_a_camera_with_a_name_is_in_the_file_s),
		WITH_RING(test_a_folder_that_is_none_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
