#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/h264.h"

/* Baseline, level 3.1, 1280x720 without crop; made by hand after clause 7.3.2.1.1. */
#define SPS_720P 0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe4
#define PPS 0x68, 0xce, 0x38, 0x80

static const uint8_t stream[] = {
	0,    0, 0, 1, SPS_720P, 0,    0,    0,    1,    PPS, 0, 0, 1,    0x06, 0x05, 0x01,
	0x00, 0, 0, 1, 0x65,     0x88, 0x84, 0x21, 0xa0, 0,   0, 1, 0x65, 0x11, 0x22,
};

static void test_units_are_found_behind_both_start_codes(void **state)
{
	(void)state;
	static const int types[] = { H264_SPS, H264_PPS, H264_SEI, H264_IDR, H264_IDR };
	static const size_t bytes[] = { 9, 4, 3, 5, 3 };
	const uint8_t *at = stream;
	struct h264_nal nal;
	for (size_t i = 0; i < 5; i++) {
		assert_true(h264_next_nal(&at, stream + sizeof stream, &nal));
		assert_int_equal(h264_nal_type(&nal), types[i]);
		assert_int_equal(nal.bytes, bytes[i]);
	}
	assert_false(h264_next_nal(&at, stream + sizeof stream, &nal));
	at = stream;
	assert_false(h264_next_nal(&at, stream + 2, &nal));
}

static void test_a_parameter_set_tells_the_size(void **state)
{
	(void)state;
	static const uint8_t bytes[] = { SPS_720P };
	struct h264_nal nal = { bytes, sizeof bytes };
	struct h264_sps sps;
	struct error error = { 0 };
	assert_int_equal(h264_parse_sps(&nal, &sps, &error), 0);
	assert_int_equal(sps.width, 1280);
	assert_int_equal(sps.height, 720);
	assert_int_equal(sps.profile, 66);
	assert_int_equal(sps.level, 31);
	for (nal.bytes = 0; nal.bytes < sizeof bytes - 1; nal.bytes++)
		assert_int_equal(h264_parse_sps(&nal, &sps, &error), -EINVAL);
}

static void test_an_access_unit_goes_to_a_packet_and_back(void **state)
{
	(void)state;
	uint8_t data[sizeof stream + 8], back[256];
	struct video_format format = { 0 };
	struct error error = { 0 };
	bool key = false;
	memcpy(data, stream, sizeof stream);
	ssize_t bytes = h264_to_packet(data, sizeof stream, sizeof data, &format, &key, &error);
	static const uint8_t expected[] = { 0, 0, 0, 5, 0x65, 0x88, 0x84, 0x21, 0xa0, 0, 0, 0, 3, 0x65, 0x11, 0x22 };
	assert_int_equal(bytes, sizeof expected);
	assert_memory_equal(data, expected, sizeof expected);
	assert_true(key);
	assert_int_equal(format.width, 1280);
	assert_int_equal(format.height, 720);
	assert_true(h264_format_valid(&format));

	const struct packet packet = { .data = data, .bytes = (size_t)bytes, .key = true };
	ssize_t whole = h264_to_stream(&format, &packet, back, sizeof back);
	static const uint8_t again[] = { 0, 0,    0,    1,    SPS_720P, 0,    0, 0, 1, PPS, 0,    0,    0,
		                             1, 0x65, 0x88, 0x84, 0x21,     0xa0, 0, 0, 0, 1,   0x65, 0x11, 0x22 };
	assert_int_equal(whole, sizeof again);
	assert_memory_equal(back, again, sizeof again);
	for (size_t room = 0; room < sizeof again; room++)
		assert_int_equal(h264_to_stream(&format, &packet, back, room), -ENOSPC);
}

static void test_many_short_units_need_their_lengths_room(void **state)
{
	(void)state;
	static const uint8_t short_units[] = { 0, 0, 1, 0x41, 0, 0, 1, 0x41, 0, 0, 1, 0x41 };
	uint8_t data[15];
	struct video_format format = { 0 };
	struct error error = { 0 };
	bool key = true;
	memcpy(data, short_units, sizeof short_units);
	assert_int_equal(h264_to_packet(data, sizeof short_units, 14, &format, &key, &error), -ENOSPC);
	assert_int_equal(h264_to_packet(data, sizeof short_units, 15, &format, &key, &error), 15);
	static const uint8_t expected[] = { 0, 0, 0, 1, 0x41, 0, 0, 0, 1, 0x41, 0, 0, 0, 1, 0x41 };
	assert_memory_equal(data, expected, sizeof expected);
	assert_false(key);
}

static void test_parameter_sets_alone_are_no_packet(void **state)
{
	(void)state;
	uint8_t data[] = { 0, 0, 0, 1, SPS_720P, 0, 0, 0, 1, PPS };
	struct video_format format = { 0 };
	struct error error = { 0 };
	bool key = true;
	assert_int_equal(h264_to_packet(data, sizeof data, sizeof data, &format, &key, &error), 0);
	assert_true(h264_format_valid(&format));
	assert_false(key);
}

static void test_damaged_packets_and_formats_are_refused(void **state)
{
	(void)state;
	uint8_t data[] = { 0, 0, 0, 1, SPS_720P, 0, 0, 0, 1, PPS }, out[64];
	struct video_format format = { 0 };
	struct error error = { 0 };
	bool key;
	h264_to_packet(data, sizeof data, sizeof data, &format, &key, &error);
	static const uint8_t longer[] = { 0, 0, 0, 9, 0x41 }, none[] = { 0, 0, 0, 0 }, rest[] = { 0, 0, 0, 1, 0x41, 7 };
	const struct packet packets[] = { { .data = longer, .bytes = sizeof longer },
		                              { .data = none, .bytes = sizeof none },
		                              { .data = rest, .bytes = sizeof rest } };
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(h264_to_stream(&format, &packets[i], out, sizeof out), -EINVAL);
	for (size_t bytes = 0; bytes < format.config_bytes; bytes++) {
		struct video_format cut = format;
		cut.config_bytes = bytes;
		assert_false(h264_format_valid(&cut));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units_are_found_behind_both_start_codes),
		cmocka_unit_test(test_a_parameter_set_tells_the_size),
		cmocka_unit_test(test_an_access_unit_goes_to_a_packet_and_back),
		cmocka_unit_test(test_many_short_units_need_their_lengths_room),
		cmocka_unit_test(test_parameter_sets_alone_are_no_packet),
		cmocka_unit_test(test_damaged_packets_and_formats_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
