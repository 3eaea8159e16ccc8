#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "media/mp4_reader.h"
#include "mp4_box_rig.h"

enum { FRAMES = 40, GOP = 20, PACKET_BYTES = 60000 };
#define MS INT64_C(1000000)
#define BEGIN_NS (INT64_C(5000) * MS)

static struct mp4_rig rig;

/* Frame number i comes 100 ms after the one before, every seventh 30 ms late. */
static int64_t time_of(int i)
{
	return i * 100 * MS + (i % 7 == 6 ? 30 * MS : 0);
}

static size_t bytes_of(int i)
{
	return PACKET_BYTES - (size_t)i;
}

/* skip: how much of its beginning is not shown. */
static void write_video(bool finish, int64_t skip_ns)
{
	static uint8_t bytes[PACKET_BYTES];
	struct error error = { 0 };
	rig.bytes = 0;
	rig.limit = MP4_RIG_BYTES;
	const struct mp4_params params = {
		.format = { .codec = VIDEO_MJPEG, .width = 64, .height = 48 },
		.begin_ns = BEGIN_NS + skip_ns,
		.sink = mp4_rig_sink(&rig),
	};
	struct mp4_writer *writer = mp4_create(&params, &error);
	assert_non_null(writer);
	for (int i = 0; i < FRAMES; i++) {
		memset(bytes, i, sizeof bytes);
		const struct packet packet = { .data = bytes,
			                           .bytes = bytes_of(i),
			                           .key = i % GOP == 0,
			                           .frame = { .id = (uint64_t)i + 1, .timestamp_ns = BEGIN_NS + time_of(i) } };
		assert_int_equal(mp4_add(writer, &packet), 0);
	}
	if (finish)
		assert_int_equal(mp4_finish(writer, BEGIN_NS + time_of(FRAMES)), 0);
	mp4_destroy(writer);
}

static struct mp4_reader *open_rig(struct error *error)
{
	static struct mp4_source source;
	source = mp4_rig_source(&rig);
	return mp4_reader_open(&source, error);
}

/* Reads all, each as it was written; returns how many. */
static int expect_packets(int64_t skip_ns)
{
	struct error error = { 0 };
	struct mp4_reader *reader = open_rig(&error);
	struct packet packet;
	int64_t until_ns;
	int count = 0;
	assert_non_null(reader);
	assert_int_equal(mp4_reader_format(reader)->codec, VIDEO_MJPEG);
	assert_int_equal(mp4_reader_format(reader)->width, 64);
	for (; mp4_reader_next(reader, &packet, &until_ns, &error) == 1; count++) {
		assert_int_equal(packet.bytes, bytes_of(count));
		assert_int_equal(packet.data[0], count);
		assert_int_equal(packet.data[packet.bytes - 1], count);
		assert_int_equal(packet.key, count % GOP == 0);
		assert_int_equal(packet.frame.id, count + 1);
		assert_true(llabs(packet.frame.timestamp_ns - (time_of(count) - skip_ns)) < MS / 10);
		assert_true(llabs(until_ns - (time_of(count + 1) - skip_ns)) < MS / 10);
	}
	assert_int_equal(error.code, 0);
	assert_int_equal(mp4_reader_count(reader), count);
	mp4_reader_close(reader);
	return count;
}

static void test_a_finished_clip_comes_back_as_it_was_written(void **state)
{
	(void)state;
	write_video(true, 0);
	assert_int_equal(expect_packets(0), FRAMES);
}

static void test_what_is_before_the_beginning_has_times_below_zero(void **state)
{
	(void)state;
	write_video(true, 730 * MS);
	assert_int_equal(expect_packets(730 * MS), FRAMES);
}

static void test_an_unfinished_clip_gives_what_is_whole(void **state)
{
	(void)state;
	write_video(false, 250 * MS);
	rig.bytes -= 1000; /* of the last fragment */
	const int count = expect_packets(250 * MS);
	assert_true(count >= FRAMES / 2 && count < FRAMES);
}

static void expect_refusal(const char *why)
{
	struct error error = { 0 };
	assert_null(open_rig(&error));
	assert_int_equal(error.code, -EINVAL);
	assert_non_null(strstr(error.text, why));
}

static void test_damaged_tables_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *box;
		int at;
	} numbers[] = { { "stsz", 8 }, { "stsz", 4 }, { "stts", 4 }, { "stss", 4 }, { "stsc", 4 }, { "stsc", 12 } };
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		write_video(true, 0);
		memset(mp4_rig_box(&rig, numbers[i].box) + numbers[i].at, 0x7f, 4);
		expect_refusal("damaged");
	}
	write_video(true, 0);
	memset(mp4_rig_box(&rig, "mdhd") + 20, 0, 4);
	expect_refusal("damaged");
}

static void test_what_is_no_video_is_told(void **state)
{
	(void)state;
	rig.limit = MP4_RIG_BYTES;
	rig.bytes = 5000;
	memset(rig.data, 'x', (size_t)rig.bytes);
	expect_refusal("not a video");
	write_video(true, 0);
	memcpy(mp4_rig_box(&rig, "mp4v") - 4, "hev1", 4);
	expect_refusal("no video in it");
	write_video(true, 0);
	memcpy(mp4_rig_box(&rig, "stss") - 4, "ctts", 4);
	expect_refusal("B frames");
}

static void test_a_picture_outside_the_file_is_told(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct packet packet;
	int64_t until_ns;
	write_video(true, 0);
	memset(mp4_rig_box(&rig, "co64") + 8, 0x7f, 8);
	struct mp4_reader *reader = open_rig(&error);
	assert_non_null(reader);
	assert_int_equal(mp4_reader_next(reader, &packet, &until_ns, &error), -EINVAL);
	assert_non_null(strstr(error.text, "cut off"));
	mp4_reader_close(reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_finished_clip_comes_back_as_it_was_written),
		cmocka_unit_test(test_what_is_before_the_beginning_has_times_below_zero),
		cmocka_unit_test(test_an_unfinished_clip_gives_what_is_whole),
		cmocka_unit_test(test_damaged_tables_are_refused),
		cmocka_unit_test(test_what_is_no_video_is_told),
		cmocka_unit_test(test_a_picture_outside_the_file_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
