/* The hardware encoder, on a device that is not there (see the shim). */
#include "../integration/shims/v4l2_encoder.c"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#include "encode/decoder.h"
#include "encode/encoder.h"

enum { WIDTH = 160, HEIGHT = 100, FRAMES = 40, TIMEOUT_MS = 2000, GOP = 10 };
#define INTERVAL_NS INT64_C(100000000)

static struct encoder_params params_for(int width, int height)
{
	return (struct encoder_params){
		.width = width,
		.height = height,
		.framerate = 10,
		.jpeg_quality = 85,
		.gop_s = 1,
		.device = "",
		.silence_s = 30, /* a busy machine may be as slow */
	};
}

static void behave(const char *quirks)
{
	setenv("SHIM_V4L2", quirks, 1);
}

static struct encoder *open_one(struct encoder_params params)
{
	struct error error = { 0 };
	struct encoder *encoder = encoder_open(ENCODER_V4L2, &params, &error);
	if (!encoder)
		print_error("%s\n", error.text);
	assert_non_null(encoder);
	return encoder;
}

/* Opening fails, and the reason has these words. */
static void expect_refused(const char *quirks, int width, int height, int code, const char *words)
{
	struct encoder_params params = params_for(width, height);
	struct error error = { 0 };
	behave(quirks);
	assert_null(encoder_open(ENCODER_V4L2, &params, &error));
	assert_int_equal(error.code, code);
	if (!strstr(error.text, words))
		print_error("\"%s\" has not \"%s\"\n", error.text, words);
	assert_non_null(strstr(error.text, words));
}

/* A slope that is as bright as its number says: frame and number belong together. */
static void draw(struct frame *frame, int number)
{
	uint8_t *at = frame->pixels;
	for (int y = 0; y < frame->height; y++)
		for (int x = 0; x < frame->width; x++, at += FRAME_CHANNELS)
			memset(at, 20 + number * 5 % 160 + (x + y) / 8, FRAME_CHANNELS);
	frame->info = (struct frame_info){ .id = (uint64_t)number + 1, .timestamp_ns = 1000 + number * INTERVAL_NS };
}

static struct frame new_frame(int width, int height)
{
	struct frame frame = { .width = width, .height = height, .pixels = malloc(frame_bytes(width, height)) };
	assert_non_null(frame.pixels);
	return frame;
}

struct check {
	struct decoder *decoder;
	struct frame expected, shown;
	int received;
};

static void check_packet(struct check *check, const struct packet *packet, const struct video_format *format)
{
	struct error error = { 0 };
	int64_t apart = 0;
	int pixels = format->width * format->height;
	assert_int_equal(packet->frame.id, check->received + 1);
	assert_int_equal(packet->frame.timestamp_ns, 1000 + check->received * INTERVAL_NS);
	assert_true(packet->key == (check->received % GOP == 0));
	if (!check->decoder)
		check->decoder = decoder_open(format, &error);
	assert_non_null(check->decoder);
	assert_int_equal(decoder_add(check->decoder, packet, &error), 0);
	assert_int_equal(decoder_picture(check->decoder, check->shown.pixels, &error), 0);
	draw(&check->expected, check->received++);
	for (int i = 0; i < pixels * FRAME_CHANNELS; i++)
		apart += abs(check->expected.pixels[i] - check->shown.pixels[i]);
	assert_true(apart / (pixels * FRAME_CHANNELS) < 6);
}

/* Takes what comes until pending frames are left. */
static void receive_until(struct encoder *encoder, size_t pending, struct check *check)
{
	struct packet packet;
	const struct video_format *format;
	struct error error = { 0 };
	while (encoder_owed(encoder) > pending) {
		int result = encoder_receive(encoder, TIMEOUT_MS, &packet, &format, &error);
		if (result < 0)
			print_error("%s\n", error.text);
		assert_true(result >= 0);
		if (result > 0)
			check_packet(check, &packet, format);
	}
}

static void check_round_trip(const char *quirks, int width, int height)
{
	struct error error = { 0 };
	behave(quirks);
	struct encoder *encoder = open_one(params_for(width, height));
	struct frame frame = new_frame(width, height);
	struct check check = { .expected = new_frame(width & ~1, height & ~1), .shown = new_frame(width, height) };
	for (int i = 0; i < FRAMES; i++) {
		draw(&frame, i);
		int result = encoder_send(encoder, &frame, NULL, false, &error);
		while (result == 1) {
			receive_until(encoder, encoder_owed(encoder) - 1, &check);
			result = encoder_send(encoder, &frame, NULL, false, &error);
		}
		assert_int_equal(result, 0);
	}
	receive_until(encoder, 0, &check);
	assert_int_equal(check.received, FRAMES);
	decoder_close(check.decoder);
	free(check.expected.pixels);
	free(check.shown.pixels);
	free(frame.pixels);
	encoder_close(encoder);
}

static void test_what_goes_in_comes_out(void **state)
{
	(void)state;
	check_round_trip("", WIDTH, HEIGHT);
}

static void test_it_comes_out_whatever_the_driver_is_like(void **state)
{
	(void)state;
	static const char *const quirks[] = {
		"align", "shuffle", "eagain", "eintr", "apart", "sleep=5", "align shuffle eagain eintr apart"
	};
	for (size_t i = 0; i < sizeof quirks / sizeof quirks[0]; i++)
		check_round_trip(quirks[i], WIDTH, HEIGHT);
}

static void test_odd_sizes_lose_a_column_and_a_row(void **state)
{
	(void)state;
	check_round_trip("", 101, 67);
	check_round_trip("align", 101, 67);
}

static void test_a_key_frame_is_the_one_that_was_asked_for(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct packet packet;
	const struct video_format *format;
	behave("sleep=20");
	struct encoder *encoder = open_one(params_for(WIDTH, HEIGHT));
	struct frame frame = new_frame(WIDTH, HEIGHT);
	for (int i = 0; i < 2; i++) {
		draw(&frame, i);
		assert_int_equal(encoder_send(encoder, &frame, NULL, false, &error), 0);
	}
	draw(&frame, 2);
	assert_int_equal(encoder_send(encoder, &frame, NULL, true, &error), 1); /* not while others are inside */
	for (int received = 0; received < 2;)
		received += encoder_receive(encoder, TIMEOUT_MS, &packet, &format, &error);
	assert_false(packet.key);
	assert_int_equal(encoder_send(encoder, &frame, NULL, true, &error), 0);
	while (encoder_receive(encoder, TIMEOUT_MS, &packet, &format, &error) == 0) {
	}
	assert_int_equal(packet.frame.id, 3);
	assert_true(packet.key);
	free(frame.pixels);
	encoder_close(encoder);
}

/* The error that comes instead of the third picture. */
static struct error third_picture(const char *quirks)
{
	struct error error = { 0 };
	struct packet packet;
	const struct video_format *format;
	struct encoder_params params = params_for(WIDTH, HEIGHT);
	params.silence_s = 3;
	behave(quirks);
	struct encoder *encoder = open_one(params);
	struct frame frame = new_frame(WIDTH, HEIGHT);
	int result = 0, received = 0;
	for (int i = 0; i < 3; i++) {
		draw(&frame, i);
		assert_int_equal(encoder_send(encoder, &frame, NULL, false, &error), 0);
	}
	while (result >= 0 && received < 3)
		received += (result = encoder_receive(encoder, 50, &packet, &format, &error)) > 0;
	assert_int_equal(received, 2);
	assert_int_equal(result, error.code);
	free(frame.pixels);
	encoder_close(encoder);
	return error;
}

static void test_a_hang_is_an_error_and_closing_ends_it(void **state)
{
	(void)state;
	struct error error = third_picture("hang=2");
	assert_int_equal(error.code, -ETIMEDOUT);
	assert_non_null(strstr(error.text, "bcm2835-codec-encode (/dev/video11) has given nothing for "));
}

static void test_an_end_and_damage_are_errors(void **state)
{
	(void)state;
	struct error error = third_picture("end=2");
	assert_int_equal(error.code, -EPIPE);
	assert_non_null(strstr(error.text, "has ended its video"));
	error = third_picture("damaged=3");
	assert_int_equal(error.code, -EIO);
	assert_non_null(strstr(error.text, "gave a damaged picture"));
}

static void test_what_cannot_be_used_says_why(void **state)
{
	(void)state;
	expect_refused("refuse", WIDTH, HEIGHT, -EIO, "does not start");
	expect_refused("no-key", WIDTH, HEIGHT, -ENOTSUP, "no key frames on demand");
	expect_refused("", 2592, 1944, -EINVAL, "up to 1920x1080, not 2592x1944");
	expect_refused("", 2000, 64, -EINVAL, "no pictures of 2000x64 (but 1920x64)");
	struct encoder_params params = params_for(WIDTH, HEIGHT);
	struct error error = { 0 };
	params.device = "/dev/null";
	assert_null(encoder_open(ENCODER_V4L2, &params, &error));
	assert_non_null(strstr(error.text, "/dev/null makes no H.264"));
	params.device = "/dev/video11";
	behave("busy");
	assert_null(encoder_open(ENCODER_V4L2, &params, &error));
	assert_non_null(strstr(error.text, "cannot open /dev/video11"));
}

static void test_hardware_is_chosen_where_it_works(void **state)
{
	(void)state;
	char why[320];
	struct encoder_params params = params_for(WIDTH, HEIGHT);
	params.device = "/dev/video11";
	behave("");
	assert_int_equal(encoder_choose(&params, 0.5, why, sizeof why), ENCODER_V4L2);
	assert_non_null(strstr(why, "hardware"));
	behave("hang=4");
	assert_int_equal(encoder_choose(&params, 1000, why, sizeof why), ENCODER_OPENH264);
	assert_non_null(strstr(why, "has given nothing"));
	params.device = "/dev/null"; /* no hardware, whatever this machine has */
	assert_int_equal(encoder_choose(&params, 1000, why, sizeof why), ENCODER_OPENH264);
	assert_non_null(strstr(why, "openh264 takes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_it_comes_out_whatever_the_driver_is_like),
		cmocka_unit_test(test_odd_sizes_lose_a_column_and_a_row),
		cmocka_unit_test(test_a_key_frame_is_the_one_that_was_asked_for),
		cmocka_unit_test(test_a_hang_is_an_error_and_closing_ends_it),
		cmocka_unit_test(test_an_end_and_damage_are_errors),
		cmocka_unit_test(test_what_cannot_be_used_says_why),
		cmocka_unit_test(test_hardware_is_chosen_where_it_works),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
