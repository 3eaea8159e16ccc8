#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pool.h"
#include "encode/decoder.h"
#include "encode/encoder.h"

enum { WIDTH = 160, HEIGHT = 96, FRAMES = 30, TIMEOUT_MS = 1000 };
#define INTERVAL_NS INT64_C(100000000)

static const enum encoder_kind software[] = { ENCODER_OPENH264, ENCODER_MJPEG };

static struct encoder_params params_for(int width, int height)
{
	return (struct encoder_params){
		.width = width,
		.height = height,
		.framerate = 10,
		.jpeg_quality = 85,
		.gop_s = 1,
		.device = "",
		.silence_s = 2,
	};
}

static struct frame new_frame(int width, int height)
{
	struct frame frame = { .width = width, .height = height, .pixels = malloc(frame_bytes(width, height)) };
	assert_non_null(frame.pixels);
	return frame;
}

/* A smooth picture with a bright bar that moves. */
static void draw(struct frame *frame, int number)
{
	uint8_t *at = frame->pixels;
	for (int y = 0; y < frame->height; y++) {
		for (int x = 0; x < frame->width; x++, at += 3) {
			bool bar = (x + frame->width - number * 4 % frame->width) % frame->width < 16;
			at[0] = bar ? 230 : (uint8_t)(40 + x / 2);
			at[1] = bar ? 230 : (uint8_t)(60 + y / 2);
			at[2] = bar ? 200 : 90;
		}
	}
	frame->info = (struct frame_info){ .id = (uint64_t)number + 1, .timestamp_ns = 1000 + number * INTERVAL_NS };
}

static double mean_difference(const uint8_t *one, const uint8_t *other, size_t bytes)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < bytes; i++)
		sum += (uint64_t)abs(one[i] - other[i]);
	return (double)sum / (double)bytes;
}

static void encode(struct encoder *encoder, const struct frame *frame, bool key, struct packet *packet,
                   const struct video_format **format)
{
	struct error error = { 0 };
	assert_int_equal(encoder_send(encoder, frame, NULL, key, &error), 0);
	assert_int_equal(encoder_receive(encoder, TIMEOUT_MS, packet, format, &error), 1);
	assert_int_equal(packet->frame.id, frame->info.id);
	assert_int_equal(packet->frame.timestamp_ns, frame->info.timestamp_ns);
	assert_int_equal(encoder_owed(encoder), 0);
}

static void check_round_trip(enum encoder_kind kind)
{
	struct encoder_params params = params_for(WIDTH, HEIGHT);
	struct error error = { 0 };
	struct encoder *encoder = encoder_open(kind, &params, &error);
	struct decoder *decoder = NULL;
	struct frame frame = new_frame(WIDTH, HEIGHT), shown = new_frame(WIDTH, HEIGHT);
	assert_non_null(encoder);
	for (int i = 0; i < FRAMES; i++) {
		struct packet packet;
		const struct video_format *format;
		draw(&frame, i);
		encode(encoder, &frame, false, &packet, &format);
		assert_true(packet.key == (kind == ENCODER_MJPEG || i % 10 == 0));
		if (!decoder)
			decoder = decoder_open(format, &error);
		assert_non_null(decoder);
		assert_int_equal(decoder_add(decoder, &packet, &error), 0);
		assert_int_equal(decoder_picture(decoder, shown.pixels, &error), 0);
		assert_true(mean_difference(frame.pixels, shown.pixels, frame_bytes(WIDTH, HEIGHT)) < 6);
	}
	free(frame.pixels);
	free(shown.pixels);
	decoder_close(decoder);
	encoder_close(encoder);
}

static void test_what_goes_in_comes_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof software / sizeof software[0]; i++)
		if (encoder_is_built(software[i]))
			check_round_trip(software[i]);
}

static void test_a_key_frame_comes_when_asked_for(void **state)
{
	(void)state;
	if (!encoder_is_built(ENCODER_OPENH264))
		return;
	struct encoder_params params = params_for(WIDTH, HEIGHT);
	struct error error = { 0 };
	struct encoder *encoder = encoder_open(ENCODER_OPENH264, &params, &error);
	struct frame frame = new_frame(WIDTH, HEIGHT);
	struct packet packet;
	const struct video_format *format;
	for (int i = 0; i < 5; i++) {
		draw(&frame, i);
		encode(encoder, &frame, i == 3, &packet, &format);
		assert_true(packet.key == (i == 0 || i == 3));
	}
	free(frame.pixels);
	encoder_close(encoder);
}

/* The bytes of some frames, one behind the other; step: from each to the one that is told as next, 0: none is. */
static size_t encode_row(struct pool *pool, int step, uint8_t *bytes, size_t room)
{
	struct encoder_params params = params_for(WIDTH, HEIGHT);
	struct error error = { 0 };
	params.pool = pool;
	struct encoder *encoder = encoder_open(ENCODER_OPENH264, &params, &error);
	struct frame frame = new_frame(WIDTH, HEIGHT);
	size_t count = 0;
	assert_non_null(encoder);
	for (int i = 0; i < FRAMES; i++) {
		struct packet packet;
		const struct video_format *format;
		struct frame next = new_frame(WIDTH, HEIGHT);
		draw(&frame, i);
		draw(&next, i + step);
		assert_int_equal(encoder_send(encoder, &frame, step ? &next : NULL, false, &error), 0);
		free(next.pixels);
		assert_int_equal(encoder_receive(encoder, TIMEOUT_MS, &packet, &format, &error), 1);
		assert_true(packet.bytes <= room - count);
		memcpy(bytes + count, packet.data, packet.bytes);
		count += packet.bytes;
	}
	free(frame.pixels);
	encoder_close(encoder);
	return count;
}

static void test_a_frame_told_before_is_encoded_as_any_other(void **state)
{
	(void)state;
	enum { ROOM = 1 << 20 };
	static uint8_t alone[ROOM], told[ROOM];
	struct error error = { 0 };
	if (!encoder_is_built(ENCODER_OPENH264))
		return;
	struct pool *pool = pool_create(1, &error);
	assert_non_null(pool);
	const size_t bytes = encode_row(pool, 0, alone, ROOM);
	assert_int_equal(encode_row(pool, 1, told, ROOM), bytes);
	assert_memory_equal(told, alone, bytes);
	assert_int_equal(encode_row(pool, 2, told, ROOM), bytes); /* and then another one comes */
	assert_memory_equal(told, alone, bytes);
	assert_int_equal(encode_row(NULL, 1, told, ROOM), bytes);
	assert_memory_equal(told, alone, bytes);
	pool_destroy(pool);
}

static void test_odd_sizes_lose_a_column_at_most(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof software / sizeof software[0]; i++) {
		if (!encoder_is_built(software[i]))
			continue;
		struct encoder_params params = params_for(101, 67);
		struct error error = { 0 };
		struct encoder *encoder = encoder_open(software[i], &params, &error);
		struct frame frame = new_frame(101, 67);
		struct packet packet;
		const struct video_format *format;
		assert_non_null(encoder);
		draw(&frame, 0);
		encode(encoder, &frame, false, &packet, &format);
		bool whole = software[i] == ENCODER_MJPEG;
		assert_int_equal(format->width, whole ? 101 : 100);
		assert_int_equal(format->height, whole ? 67 : 66);
		free(frame.pixels);
		encoder_close(encoder);
	}
}

static void test_pictures_too_small_are_refused_with_the_reason(void **state)
{
	(void)state;
	struct encoder_params params = params_for(8, 8);
	struct error error = { 0 };
	if (!encoder_is_built(ENCODER_OPENH264))
		return;
	assert_null(encoder_open(ENCODER_OPENH264, &params, &error));
	assert_int_equal(error.code, -EINVAL);
	assert_non_null(strstr(error.text, "smaller than"));
}

static void test_the_choice_follows_what_was_measured(void **state)
{
	(void)state;
	char why[320];
	struct encoder_params params = params_for(WIDTH, HEIGHT);
	params.device = "/dev/null"; /* no hardware, whatever this machine has */
	enum encoder_kind chosen = encoder_choose(&params, 1000, why, sizeof why);
	assert_int_equal(chosen, encoder_is_built(ENCODER_OPENH264) ? ENCODER_OPENH264 : ENCODER_MJPEG);
	assert_int_equal(encoder_choose(&params, 1e-9, why, sizeof why), ENCODER_MJPEG);
	assert_true(why[0] != '\0');
}

static void test_the_next_kind_ends_with_none(void **state)
{
	(void)state;
	int steps = 0;
	for (enum encoder_kind kind = ENCODER_V4L2; kind != ENCODER_NONE; kind = encoder_next(kind))
		assert_true(++steps < 5);
	assert_int_equal(encoder_next(ENCODER_MJPEG), ENCODER_NONE);
	assert_int_equal(encoder_next(ENCODER_NONE), ENCODER_NONE);
}

static void test_the_bit_rate_goes_by_size_and_rate(void **state)
{
	(void)state;
	assert_int_equal(encoder_usual_bitrate(160, 120, 1), 200000);
	assert_int_equal(encoder_usual_bitrate(8192, 8192, 60), 25000000);
	int usual = encoder_usual_bitrate(1024, 768, 10);
	assert_true(usual > 950000 && usual < 1050000);
}

static void test_damaged_packets_are_errors_to_the_decoder(void **state)
{
	(void)state;
	const struct video_format format = { .codec = VIDEO_H264, .width = 64, .height = 64 };
	struct error error = { 0 };
	static const uint8_t bytes[] = { 0, 0, 0, 1, 0x65 };
	const struct packet packet = { .data = bytes, .bytes = sizeof bytes, .key = true };
	uint8_t rgb[64 * 64 * 3];
	struct decoder *decoder = decoder_open(&format, &error);
	assert_true(decoder != NULL || error.code == -ENOTSUP);
	if (!decoder)
		return;
	assert_int_equal(decoder_add(decoder, &packet, &error), -EINVAL);
	assert_int_equal(decoder_picture(decoder, rgb, &error), -ENODATA);
	decoder_close(decoder);
	decoder_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_a_key_frame_comes_when_asked_for),
		cmocka_unit_test(test_a_frame_told_before_is_encoded_as_any_other),
		cmocka_unit_test(test_odd_sizes_lose_a_column_at_most),
		cmocka_unit_test(test_pictures_too_small_are_refused_with_the_reason),
		cmocka_unit_test(test_the_choice_follows_what_was_measured),
		cmocka_unit_test(test_the_next_kind_ends_with_none),
		cmocka_unit_test(test_the_bit_rate_goes_by_size_and_rate),
		cmocka_unit_test(test_damaged_packets_are_errors_to_the_decoder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
