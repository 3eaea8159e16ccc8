/* The video thread: from the frame ring into the packet ring, whatever the encoder does (hardware that a shim plays).
 */
#include "../integration/shims/v4l2_encoder.c"

#include <setjmp.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "capture/video.h"

enum { SIDE = 64, SLOTS = 200, PACKETS = 1000, ARENA_BYTES = 4 << 20, PATIENCE_S = 20, KEYS_MAX = 16 };
#define INTERVAL_NS (CLOCK_NS_PER_S / 10)

struct rig {
	struct frame_ring *frames;
	struct packet_ring *packets;
	struct pool *pool;
	struct video *video;
	struct packet_cursor cursor; /* reads what comes out */
	int64_t first_ns;            /* timestamp of frame 1 */
	uint64_t fed, read;          /* ids of the last frame put in, and of the last that came out */
	uint64_t missing, keys[KEYS_MAX];
	size_t key_count;
	enum video_codec codec; /* of the last packet */
};

static void set_up(struct rig *rig, const char *quirks, const struct video_params *params, int side)
{
	struct error error = { 0 };
	struct video_params own = *params;
	setenv("SHIM_V4L2", quirks, 1);
	*rig = (struct rig){ .first_ns = CLOCK_NS_PER_S };
	rig->frames = frame_ring_create(SLOTS, side, side, &error);
	rig->packets = packet_ring_create(ARENA_BYTES, PACKETS, &error);
	assert_non_null(rig->frames);
	assert_non_null(rig->packets);
	rig->pool = pool_create(1, &error);
	assert_non_null(rig->pool);
	struct frame_ring_status ring = { 0 };
	while (ring.touched < SLOTS) /* until then it is shorter */
		frame_ring_status(rig->frames, &ring);
	own.frames = rig->frames;
	own.packets = rig->packets;
	own.encoder = (struct encoder_params){ .width = side,
		                                   .height = side,
		                                   .framerate = 10,
		                                   .bitrate = 200000,
		                                   .jpeg_quality = 85,
		                                   .gop_s = 1000, /* key frames only where they have to be */
		                                   .device = "/dev/video11",
		                                   .silence_s = 1,
		                                   .pool = rig->pool };
	rig->video = video_create(&own, &error);
	assert_non_null(rig->video);
	packet_ring_open(rig->packets, &rig->cursor, 0, true);
}

static const struct video_params always = { .kind = ENCODER_V4L2, .when = VIDEO_ALWAYS };
static const struct video_params on_trigger = { .kind = ENCODER_V4L2, .when = VIDEO_ON_TRIGGER, .before_s = 1 };

static void tear_down(struct rig *rig)
{
	packet_ring_close(&rig->cursor);
	video_destroy(rig->video);
	pool_destroy(rig->pool);
	packet_ring_destroy(rig->packets);
	frame_ring_destroy(rig->frames);
}

static void feed(struct rig *rig, uint64_t count)
{
	for (uint64_t last = rig->fed + count; rig->fed < last;) {
		struct frame *frame = frame_ring_lend(rig->frames);
		assert_non_null(frame);
		memset(frame->pixels, 40 + (int)(rig->fed % 100), frame_bytes(frame->width, frame->height));
		frame->info.id = ++rig->fed;
		frame->info.timestamp_ns = rig->first_ns + (int64_t)(rig->fed - 1) * INTERVAL_NS;
		int64_t timestamp_ns = frame->info.timestamp_ns;
		frame_ring_commit(rig->frames, frame);
		video_frame_ready(rig->video, timestamp_ns);
	}
}

static void note(struct rig *rig, const struct packet *packet, const struct video_format *format)
{
	assert_true(packet->frame.id > rig->read);
	assert_int_equal(packet->frame.timestamp_ns, rig->first_ns + (int64_t)(packet->frame.id - 1) * INTERVAL_NS);
	rig->missing += packet->frame.id - rig->read - 1;
	rig->read = packet->frame.id;
	rig->codec = format->codec;
	if (packet->key && rig->key_count < KEYS_MAX)
		rig->keys[rig->key_count++] = packet->frame.id;
}

/* Reads until the packet of that frame has come. */
static void read_until(struct rig *rig, uint64_t id)
{
	int64_t end_ns = clock_now_ns() + PATIENCE_S * CLOCK_NS_PER_S;
	while (rig->read < id) {
		struct packet packet;
		const struct video_format *format;
		uint64_t seen = packet_ring_changes(rig->packets);
		if (packet_ring_next(&rig->cursor, &packet, &format) == 1)
			note(rig, &packet, format);
		else
			packet_ring_wait(rig->packets, seen, end_ns);
		assert_true(clock_now_ns() < end_ns);
	}
}

/* When what was read is counted. */
static struct video_status status_of(struct rig *rig)
{
	while (rig->read > 0 && video_done_ns(rig->video) < rig->first_ns + (int64_t)(rig->read - 1) * INTERVAL_NS) {
	}
	struct video_status status;
	video_status(rig->video, &status);
	return status;
}

static void expect_keys(const struct rig *rig, size_t count, const uint64_t *keys)
{
	for (size_t i = 0; i < rig->key_count && (rig->key_count != count || rig->keys[i] != keys[i]); i++)
		print_error("key frame %llu\n", (unsigned long long)rig->keys[i]);
	assert_int_equal(rig->key_count, count);
	assert_memory_equal(rig->keys, keys, count * sizeof keys[0]);
}
#define EXPECT_KEYS(rig, ...)                                                                                          \
	expect_keys(rig, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t), (uint64_t[]){ __VA_ARGS__ })

static void test_each_frame_becomes_a_packet(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "", &always, SIDE);
	assert_string_equal(status_of(&rig).encoder, "none"); /* chosen when the first frame is there */
	feed(&rig, 15);
	read_until(&rig, 15);
	video_want_key(rig.video);
	feed(&rig, 5);
	read_until(&rig, 20);
	EXPECT_KEYS(&rig, 1, 16);
	assert_int_equal(rig.missing, 0);
	struct video_status status = status_of(&rig);
	assert_string_equal(status.encoder, "v4l2");
	assert_string_equal(status.name, "bcm2835-codec-encode (/dev/video11)");
	assert_int_equal(status.encoded, 20);
	assert_int_equal(status.skipped, 0);
	assert_int_equal(video_done_ns(rig.video), rig.first_ns + 19 * INTERVAL_NS);
	tear_down(&rig);
}

/* It fails after ten frames each time: once it is opened anew, then another kind takes over, each time with a key frame
 * and no frame missing. */
static void check_failing(const char *quirks, const char *reason)
{
	struct rig rig;
	struct packet_cursor clip;
	struct error error = { 0 };
	set_up(&rig, quirks, &always, SIDE);
	assert_int_equal(video_open(rig.video, &clip, 0, true, &error), 0);
	feed(&rig, 60);
	read_until(&rig, 60);
	EXPECT_KEYS(&rig, 1, 11, 21);
	assert_int_equal(rig.missing, 0);
	struct video_status status = status_of(&rig);
	assert_string_equal(status.encoder, "openh264");
	assert_non_null(strstr(status.why, reason));
	assert_int_equal(status.restarts, 2);
	assert_int_equal(status.encoded, 60);
	video_close(rig.video, &clip);
	tear_down(&rig);
}

static void test_an_encoder_that_fails_is_opened_anew_then_replaced(void **state)
{
	(void)state;
	check_failing("end=10", "v4l2 failed: bcm2835-codec-encode (/dev/video11) has ended its video");
	check_failing("damaged=11", "gave a damaged picture");
}

static void test_so_is_one_that_hangs(void **state)
{
	(void)state;
	check_failing("hang=10", "has given nothing for");
}

static void test_one_that_hangs_from_the_first_frame_loses_none(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "hang=0", &always, SIDE);
	feed(&rig, 12);
	read_until(&rig, 12);
	EXPECT_KEYS(&rig, 1);
	assert_int_equal(rig.missing, 0);
	assert_int_equal(status_of(&rig).restarts, 2);
	tear_down(&rig);
}

static void test_frames_that_wait_for_a_restart_are_not_skipped(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "hang=10", &always, SIDE);
	feed(&rig, 10);
	read_until(&rig, 10);
	feed(&rig, 50); /* five seconds, while it hangs */
	read_until(&rig, 60);
	EXPECT_KEYS(&rig, 1, 11, 21);
	assert_int_equal(status_of(&rig).skipped, 0);
	tear_down(&rig);
}

static void test_what_cannot_be_opened_makes_way_down_to_mjpeg(void **state)
{
	(void)state;
	struct rig rig;
	enum { TINY = 12 }; /* too small for OpenH264 */
	set_up(&rig, "busy", &always, TINY);
	feed(&rig, 3);
	read_until(&rig, 3);
	struct video_status status = status_of(&rig);
	assert_string_equal(status.encoder, "mjpeg");
	assert_non_null(strstr(status.why, "openh264: "));
	assert_int_equal(rig.codec, VIDEO_MJPEG);
	EXPECT_KEYS(&rig, 1, 2, 3);
	tear_down(&rig);
}

static void test_another_kind_goes_on_in_another_format(void **state)
{
	(void)state;
	struct rig rig;
	struct packet_ring_status packets;
	set_up(&rig, "end=4", &always, SIDE);
	feed(&rig, 12);
	read_until(&rig, 8);
	packet_ring_status(rig.packets, &packets);
	assert_int_equal(packets.format.codec, VIDEO_H264);
	assert_int_equal(packets.format.width, SIDE);
	read_until(&rig, 12);
	assert_string_equal(status_of(&rig).encoder, "openh264");
	EXPECT_KEYS(&rig, 1, 5, 9);
	tear_down(&rig);
}

static void test_one_that_is_too_slow_stays_two_seconds_behind(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, "sleep=30", &always, SIDE);
	feed(&rig, 1);
	read_until(&rig, 1);
	feed(&rig, 100);
	read_until(&rig, 101);
	struct video_status status = status_of(&rig);
	assert_true(status.skipped >= 70 && status.skipped < 100);
	assert_int_equal(rig.missing, status.skipped);
	assert_int_equal(status.encoded + status.skipped, 101);
	assert_int_equal(status.restarts, 0);
	tear_down(&rig);
}

static void test_for_who_holds_nothing_is_skipped(void **state)
{
	(void)state;
	struct rig rig;
	struct packet_cursor clip;
	struct error error = { 0 };
	set_up(&rig, "sleep=5", &always, SIDE);
	feed(&rig, 1);
	read_until(&rig, 1);
	assert_int_equal(video_open(rig.video, &clip, 0, true, &error), 0);
	feed(&rig, 100);
	read_until(&rig, 101);
	assert_int_equal(rig.missing, 0);
	assert_int_equal(status_of(&rig).skipped, 0);
	video_close(rig.video, &clip);
	tear_down(&rig);
}

static void check_rest(enum encoder_kind kind)
{
	struct video_params params = on_trigger;
	struct rig rig;
	struct packet_cursor clip;
	struct packet packet;
	const struct video_format *format;
	struct error error = { 0 };
	params.kind = kind;
	set_up(&rig, "", &params, SIDE);
	rig.first_ns = clock_now_ns() - 5 * CLOCK_NS_PER_S;
	feed(&rig, 45);
	while (strcmp(status_of(&rig).encoder, encoder_kind_text(kind)) != 0) {
	}
	assert_int_equal(status_of(&rig).encoded, 0);
	assert_false(status_of(&rig).running);
	assert_int_equal(video_open(rig.video, &clip, rig.first_ns + 10 * INTERVAL_NS, true, &error), 0);
	rig.read = 10; /* what is before frame 11 nobody asked for */
	read_until(&rig, 45);
	assert_int_equal(rig.missing, 0);
	assert_int_equal(packet_ring_next(&clip, &packet, &format), 1);
	assert_int_equal(packet.frame.id, 11);
	assert_true(packet.key);
	assert_int_equal(status_of(&rig).encoded, 35);
	video_close(rig.video, &clip);
	assert_false(status_of(&rig).running);
	tear_down(&rig);
}

static void test_it_rests_until_somebody_asks_and_begins_in_the_past(void **state)
{
	(void)state;
	for (enum encoder_kind kind = ENCODER_V4L2; kind < ENCODER_NONE; kind++)
		if (encoder_is_built(kind))
			check_rest(kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_frame_becomes_a_packet),
		cmocka_unit_test(test_an_encoder_that_fails_is_opened_anew_then_replaced),
		cmocka_unit_test(test_so_is_one_that_hangs),
		cmocka_unit_test(test_one_that_hangs_from_the_first_frame_loses_none),
		cmocka_unit_test(test_frames_that_wait_for_a_restart_are_not_skipped),
		cmocka_unit_test(test_what_cannot_be_opened_makes_way_down_to_mjpeg),
		cmocka_unit_test(test_another_kind_goes_on_in_another_format),
		cmocka_unit_test(test_one_that_is_too_slow_stays_two_seconds_behind),
		cmocka_unit_test(test_for_who_holds_nothing_is_skipped),
		cmocka_unit_test(test_it_rests_until_somebody_asks_and_begins_in_the_past),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
