#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/mp4.h"
#include "web/fragments.h"
#include "web/playlist.h"

/* --- the daemon's stream --- */

struct stream {
	uint8_t bytes[65536];
	size_t count;
};

static int keep(void *data, const void *bytes, size_t count)
{
	struct stream *stream = data;
	assert_true(stream->count + count <= sizeof stream->bytes);
	memcpy(stream->bytes + stream->count, bytes, count);
	stream->count += count;
	return 0;
}

static void write_stream(struct stream *stream, enum video_codec codec)
{
	static const uint8_t parameters[] = { 1,    0x42, 0xc0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x42,
		                                  0xc0, 0x1f, 1,    0,    4,    0x68, 1, 2, 3 };
	struct error error = { 0 };
	struct video_format format = { .codec = codec, .width = 64, .height = 48 };
	memcpy(format.config, parameters, sizeof parameters);
	format.config_bytes = sizeof parameters;
	const struct mp4_params params = { .format = format, .sink = { .write = keep, .data = stream } };
	struct mp4_writer *writer = mp4_create(&params, &error);
	stream->count = 0;
	for (int i = 0; i < 55; i++) { /* ten a second, a key frame each two seconds */
		uint8_t data[32] = { 0, 0, 0, 28, (uint8_t)i };
		struct packet packet = { .data = data, .bytes = sizeof data, .key = i % 20 == 0 };
		packet.frame.timestamp_ns = (int64_t)1000000000 + (int64_t)i * 100000000;
		assert_int_equal(mp4_add(writer, &packet), 0);
	}
	mp4_destroy(writer);
}

struct seen {
	int heads, fragments, keys;
	bool is_h264;
	double seconds, key_at[8];
};

static void on_head(void *data, struct chunk *head, bool is_h264)
{
	struct seen *seen = data;
	seen->heads++;
	seen->is_h264 = is_h264;
	assert_memory_equal(chunk_data(head) + 4, "ftyp", 4);
}

static void on_fragment(void *data, const struct fragment *fragment)
{
	struct seen *seen = data;
	assert_memory_equal(chunk_data(fragment->bytes) + 4, "moof", 4);
	if (fragment->is_key)
		seen->key_at[seen->keys++ % 8] = seen->seconds;
	seen->fragments++;
	seen->seconds += fragment->seconds;
}

static const struct fragments_handlers handlers = { .head = on_head, .fragment = on_fragment };

static void test_a_stream_is_cut_at_its_key_frames_however_it_comes(void **state)
{
	(void)state;
	static struct stream stream;
	write_stream(&stream, VIDEO_H264);
	for (size_t step = 1; step < 4000; step = step * 3 + 1) {
		struct seen seen = { 0 };
		struct fragments fragments;
		fragments_init(&fragments, &handlers, &seen);
		for (size_t at = 0; at < stream.count; at += step)
			assert_int_equal(
			    fragments_feed(&fragments, stream.bytes + at, stream.count - at < step ? stream.count - at : step), 0);
		fragments_finish(&fragments);
		assert_int_equal(seen.heads, 1);
		assert_true(seen.is_h264);
		assert_int_equal(seen.keys, 3);
		assert_true(seen.key_at[1] > 1.99 && seen.key_at[1] < 2.01);
		assert_true(seen.key_at[2] > 3.99 && seen.key_at[2] < 4.01);
	}
}

static void test_mjpeg_is_told_from_h264(void **state)
{
	(void)state;
	static struct stream stream;
	struct seen seen = { .is_h264 = true };
	struct fragments fragments;
	write_stream(&stream, VIDEO_MJPEG);
	fragments_init(&fragments, &handlers, &seen);
	assert_int_equal(fragments_feed(&fragments, stream.bytes, stream.count), 0);
	fragments_finish(&fragments);
	assert_int_equal(seen.heads, 1);
	assert_false(seen.is_h264);
}

static void test_what_is_no_stream_is_refused_for_good(void **state)
{
	(void)state;
	static struct stream stream;
	write_stream(&stream, VIDEO_H264);
	static const char *const bad[] = { "NOT_SAVED no video: encoder.kind is none", "\0\0\0\1ftypxxxx",
		                               "\0\0\0\x10moofxxxxxxxx" };
	static const size_t lengths[] = { 40, 12, 16 };
	for (size_t i = 0; i < 3; i++) {
		struct seen seen = { 0 };
		struct fragments fragments;
		fragments_init(&fragments, &handlers, &seen);
		assert_true(fragments_feed(&fragments, bad[i], lengths[i]) < 0);
		assert_true(fragments_feed(&fragments, stream.bytes, stream.count) < 0);
		fragments_finish(&fragments);
		assert_int_equal(seen.heads + seen.fragments, 0);
	}
}

/* --- the playlist --- */

static void add(struct playlist *playlist, struct chunk *head, double seconds, bool is_discontinuous)
{
	playlist_add(playlist, chunk_of("segment", 7), head, seconds, is_discontinuous);
}

static void test_a_playlist_names_the_newest_and_keeps_some_more(void **state)
{
	(void)state;
	struct playlist playlist;
	struct chunk *head = chunk_of("head", 4);
	playlist_init(&playlist, 1000);
	for (int i = 0; i < 30; i++)
		add(&playlist, head, 2, false);
	char *text = playlist_text(&playlist, "front");
	assert_non_null(strstr(text, "#EXT-X-MEDIA-SEQUENCE:1024\n"));
	assert_non_null(strstr(text, "#EXT-X-TARGETDURATION:3\n"));
	assert_non_null(
	    strstr(text, "#EXT-X-MAP:URI=\"live/1000.mp4?camera=front\"\n#EXTINF:2.000,\nlive/1024.m4s?camera=front\n"));
	assert_non_null(strstr(text, "live/1029.m4s?camera=front\n"));
	assert_null(strstr(text, "live/1023.m4s"));
	free(text);
	assert_non_null(playlist_segment(&playlist, 1016));
	assert_null(playlist_segment(&playlist, 1015));
	assert_null(playlist_segment(&playlist, 1030));
	assert_ptr_equal(playlist_head(&playlist, 1000), head);
	playlist_finish(&playlist);
	chunk_release(head);
}

static void test_another_stream_is_a_discontinuity_that_is_counted_when_it_has_gone(void **state)
{
	(void)state;
	struct playlist playlist;
	struct chunk *heads[] = { chunk_of("one", 3), chunk_of("two", 3) };
	playlist_init(&playlist, 1);
	add(&playlist, heads[0], 2, false);
	add(&playlist, heads[1], 2, true);
	char *text = playlist_text(&playlist, "c");
	assert_non_null(strstr(text, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"live/2.mp4?camera=c\"\n"));
	assert_non_null(strstr(text, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"));
	free(text);
	for (int i = 0; i < 5; i++)
		add(&playlist, heads[1], 2, false);
	text = playlist_text(&playlist, "c");
	assert_non_null(strstr(text, "#EXT-X-DISCONTINUITY\n")); /* it is the first now */
	assert_non_null(strstr(text, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"));
	free(text);
	add(&playlist, heads[1], 5.4, false);
	text = playlist_text(&playlist, "c");
	assert_null(strstr(text, "#EXT-X-DISCONTINUITY\n"));
	assert_non_null(strstr(text, "#EXT-X-DISCONTINUITY-SEQUENCE:1\n"));
	assert_non_null(strstr(text, "#EXT-X-TARGETDURATION:5\n"));
	assert_non_null(strstr(text, "#EXT-X-MAP:URI=\"live/2.mp4?camera=c\"\n"));
	free(text);
	playlist_finish(&playlist);
	chunk_release(heads[0]);
	chunk_release(heads[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stream_is_cut_at_its_key_frames_however_it_comes),
		cmocka_unit_test(test_mjpeg_is_told_from_h264),
		cmocka_unit_test(test_what_is_no_stream_is_refused_for_good),
		cmocka_unit_test(test_a_playlist_names_the_newest_and_keeps_some_more),
		cmocka_unit_test(test_another_stream_is_a_discontinuity_that_is_counted_when_it_has_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
