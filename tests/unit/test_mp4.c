#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mp4_box_rig.h"

enum { FRAMES = 40, GOP = 20, PACKET_BYTES = 600 };
#define MS INT64_C(1000000)
#define BEGIN_NS (INT64_C(5000) * MS)

static struct mp4_rig rig, copy;

static struct mp4_writer *new_writer(int64_t begin_ns)
{
	const struct mp4_params params = {
		.format = { .codec = VIDEO_MJPEG, .width = 64, .height = 48 },
		.created_wall_ns = INT64_C(1800000000) * 1000 * MS,
		.begin_ns = begin_ns,
		.title = "door",
		.comment = "a comment",
		.sink = mp4_rig_sink(&rig),
	};
	struct error error = { 0 };
	rig = (struct mp4_rig){ .limit = MP4_RIG_BYTES };
	struct mp4_writer *writer = mp4_create(&params, &error);
	assert_non_null(writer);
	return writer;
}

/* Frame number i comes 100 ms after the one before, every seventh 30 ms late. */
static int64_t time_of(int i)
{
	return BEGIN_NS + i * 100 * MS + (i % 7 == 6 ? 30 * MS : 0);
}

static int add(struct mp4_writer *writer, int i)
{
	uint8_t bytes[PACKET_BYTES];
	memset(bytes, i, sizeof bytes);
	const struct packet packet = { .data = bytes,
		                           .bytes = sizeof bytes - (size_t)i,
		                           .key = i % GOP == 0,
		                           .frame = { .id = (uint64_t)i + 1, .timestamp_ns = time_of(i) } };
	return mp4_add(writer, &packet);
}

static void add_row(struct mp4_writer *writer, int count)
{
	for (int i = 0; i < count; i++)
		assert_int_equal(add(writer, i), 0);
}

static void recover(struct mp4_rig *from, struct mp4_recovered *recovered, struct mp4_writer **writer)
{
	struct error error = { 0 };
	const struct mp4_source source = mp4_rig_source(from);
	const struct mp4_sink sink = mp4_rig_sink(from);
	assert_int_equal(mp4_recover(&source, &sink, recovered, writer, &error), 0);
}

static uint32_t number(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void test_a_finished_file_is_one_mdat_and_an_index(void **state)
{
	(void)state;
	struct mp4_recovered recovered;
	struct mp4_writer *writer = new_writer(0);
	add_row(writer, FRAMES);
	assert_int_equal(mp4_finish(writer, 0), 0);
	assert_int_equal(mp4_frames(writer), FRAMES);
	mp4_destroy(writer);

	uint32_t ftyp = number(rig.data);
	assert_memory_equal(rig.data + ftyp + 4, "mdat", 4);
	uint64_t large = (uint64_t)number(rig.data + ftyp + 8) << 32 | number(rig.data + ftyp + 12);
	const uint8_t *moov = rig.data + ftyp + large;
	assert_memory_equal(moov + 4, "moov", 4);
	assert_int_equal(ftyp + large + number(moov), rig.bytes);
	assert_int_equal(rig.rewrites, 1);
	assert_true(rig.syncs >= 2);

	recover(&rig, &recovered, &writer);
	assert_true(recovered.finished);
	assert_int_equal(recovered.frames, FRAMES);
	mp4_destroy(writer);
}

static void test_each_frame_lasts_until_the_next(void **state)
{
	(void)state;
	struct mp4_writer *writer = new_writer(0);
	add_row(writer, FRAMES);
	assert_int_equal(mp4_finish(writer, time_of(FRAMES - 1) + 250 * MS), 0);
	mp4_destroy(writer);
	const uint8_t *runs = mp4_rig_box(&rig, "stts") + 4;
	uint32_t count = number(runs), frame = 0;
	for (uint32_t run = 0; run < count; run++) {
		for (uint32_t i = 0; i < number(runs + 4 + 8 * run); i++, frame++) {
			int64_t next_ns = frame + 1 < FRAMES ? time_of((int)frame + 1) : time_of(FRAMES - 1) + 250 * MS;
			int64_t ticks = (next_ns - time_of((int)frame)) * MP4_TIMESCALE / (1000 * MS);
			assert_int_equal(number(runs + 4 + 8 * run + 4), ticks);
		}
	}
	assert_int_equal(frame, FRAMES);
}

static void test_key_frames_alone_are_listed_as_such(void **state)
{
	(void)state;
	struct mp4_writer *writer = new_writer(0);
	add_row(writer, FRAMES);
	assert_int_equal(mp4_finish(writer, 0), 0);
	mp4_destroy(writer);
	const uint8_t *keys = mp4_rig_box(&rig, "stss") + 4;
	assert_int_equal(number(keys), FRAMES / GOP);
	for (uint32_t i = 0; i < FRAMES / GOP; i++)
		assert_int_equal(number(keys + 4 + 4 * i), i * GOP + 1);
}

static void test_the_index_leads_to_each_frame(void **state)
{
	(void)state;
	struct mp4_writer *writer = new_writer(0);
	add_row(writer, FRAMES);
	assert_int_equal(mp4_finish(writer, 0), 0);
	mp4_destroy(writer);
	const uint8_t *sizes = mp4_rig_box(&rig, "stsz") + 8, *chunks = mp4_rig_box(&rig, "stsc") + 4,
	              *places = mp4_rig_box(&rig, "co64") + 4;
	assert_int_equal(number(sizes), FRAMES);
	uint32_t frame = 0;
	for (uint32_t i = 0; i < number(chunks); i++) {
		uint64_t at = (uint64_t)number(places + 4 + 8 * i) << 32 | number(places + 8 + 8 * i);
		for (uint32_t j = 0; j < number(chunks + 4 + 12 * i + 4); j++, frame++) {
			uint32_t bytes = number(sizes + 4 + 4 * frame);
			assert_int_equal(bytes, PACKET_BYTES - frame);
			assert_int_equal(rig.data[at], frame);
			assert_int_equal(rig.data[at + bytes - 1], frame);
			at += bytes;
		}
	}
	assert_int_equal(frame, FRAMES);
}

static void test_what_is_before_the_beginning_is_edited_out(void **state)
{
	(void)state;
	struct mp4_recovered recovered;
	struct mp4_writer *writer = new_writer(BEGIN_NS + 1234 * MS);
	add_row(writer, FRAMES);
	assert_int_equal(mp4_finish(writer, time_of(FRAMES)), 0);
	mp4_destroy(writer);
	const uint8_t *edit = mp4_rig_box(&rig, "elst") + 4;
	assert_int_equal(number(edit), 1);
	assert_int_equal(number(edit + 16), 1234 * MP4_TIMESCALE / 1000);
	recover(&rig, &recovered, &writer);
	assert_true(recovered.seconds > 4.0 - 1.234 - 0.001 && recovered.seconds < 4.0 - 1.234 + 0.001);
	mp4_destroy(writer);
}

/* However long the piece that is left: what is whole of it is less than a second short, and can be finished. */
static void test_a_file_cut_anywhere_is_recovered_up_to_the_cut(void **state)
{
	(void)state;
	struct mp4_writer *writer = new_writer(0);
	add_row(writer, FRAMES);
	copy = rig;
	mp4_destroy(writer);
	size_t most = 0;
	for (uint64_t cut = copy.bytes % 7; cut <= copy.bytes; cut += 7) {
		struct mp4_recovered recovered;
		struct error error = { 0 };
		rig = copy;
		rig.bytes = cut;
		const struct mp4_source source = mp4_rig_source(&rig);
		const struct mp4_sink sink = mp4_rig_sink(&rig);
		int result = mp4_recover(&source, &sink, &recovered, &writer, &error);
		if (result < 0) {
			assert_int_equal(result, -EINVAL);
			assert_null(writer);
			continue;
		}
		assert_false(recovered.finished);
		assert_true(recovered.whole_bytes <= cut && recovered.frames >= most);
		most = recovered.frames;
		rig.bytes = recovered.whole_bytes;
		assert_int_equal(mp4_finish(writer, 0), 0);
		mp4_destroy(writer);
		recover(&rig, &recovered, &writer);
		assert_true(recovered.finished);
		assert_int_equal(recovered.frames, most);
		assert_non_null(mp4_rig_box(&rig, "ilst"));
		mp4_destroy(writer);
	}
	assert_true(most >= FRAMES - 9);
}

static void test_on_a_full_disk_whole_fragments_make_room_for_the_index(void **state)
{
	(void)state;
	struct mp4_recovered recovered;
	struct mp4_writer *writer = new_writer(0);
	rig.limit = 14000;
	int result = 0;
	for (int i = 0; i < FRAMES && result == 0; i++)
		result = add(writer, i);
	assert_int_equal(result, -ENOSPC);
	do {
		rig.bytes = mp4_whole_bytes(writer);
		result = mp4_finish(writer, 0);
	} while (result == -ENOSPC && mp4_drop_last_fragment(writer));
	assert_int_equal(result, 0);
	size_t frames = mp4_frames(writer);
	mp4_destroy(writer);
	recover(&rig, &recovered, &writer);
	assert_true(recovered.finished && recovered.frames == frames && frames >= 8);
	mp4_destroy(writer);
}

static void test_a_disk_that_is_full_at_once_leaves_nothing_to_finish(void **state)
{
	(void)state;
	struct mp4_writer *writer = new_writer(0);
	rig.limit = 100;
	assert_int_equal(add(writer, 0), -ENOSPC);
	assert_int_equal(mp4_finish(writer, 0), -ENODATA);
	assert_false(mp4_drop_last_fragment(writer));
	assert_int_equal(mp4_whole_bytes(writer), 0);
	mp4_destroy(writer);
	mp4_destroy(NULL);
}

static void test_a_video_of_one_frame_lasts_a_little(void **state)
{
	(void)state;
	struct mp4_recovered recovered;
	struct mp4_writer *writer = new_writer(0);
	add_row(writer, 1);
	assert_int_equal(mp4_finish(writer, 0), 0);
	mp4_destroy(writer);
	recover(&rig, &recovered, &writer);
	assert_int_equal(recovered.frames, 1);
	assert_true(recovered.seconds > 0.09 && recovered.seconds < 0.11);
	mp4_destroy(writer);
}

static void test_a_stream_has_no_index_and_remembers_nothing(void **state)
{
	(void)state;
	const struct mp4_params params = { .format = { .codec = VIDEO_MJPEG, .width = 64, .height = 48 },
		                               .sink = { .write = mp4_rig_write, .data = &rig } };
	struct error error = { 0 };
	rig = (struct mp4_rig){ .limit = MP4_RIG_BYTES };
	struct mp4_writer *writer = mp4_create(&params, &error);
	assert_non_null(writer);
	add_row(writer, FRAMES);
	assert_int_equal(mp4_finish(writer, 0), 0);
	assert_int_equal(rig.bytes, mp4_whole_bytes(writer));
	uint32_t ftyp = number(rig.data);
	assert_memory_equal(rig.data + ftyp + 4, "moov", 4);
	assert_memory_equal(rig.data + ftyp + number(rig.data + ftyp) + 4, "moof", 4);
	mp4_destroy(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_finished_file_is_one_mdat_and_an_index),
		cmocka_unit_test(test_each_frame_lasts_until_the_next),
		cmocka_unit_test(test_key_frames_alone_are_listed_as_such),
		cmocka_unit_test(test_the_index_leads_to_each_frame),
		cmocka_unit_test(test_what_is_before_the_beginning_is_edited_out),
		cmocka_unit_test(test_a_file_cut_anywhere_is_recovered_up_to_the_cut),
		cmocka_unit_test(test_on_a_full_disk_whole_fragments_make_room_for_the_index),
		cmocka_unit_test(test_a_disk_that_is_full_at_once_leaves_nothing_to_finish),
		cmocka_unit_test(test_a_video_of_one_frame_lasts_a_little),
		cmocka_unit_test(test_a_stream_has_no_index_and_remembers_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
