/* The parts of the PNG codec that are pastcam's own: deflate, filter, strips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "export/png_deflate.h"
#include "export/png_filter.h"
#include "export/png_strips.h"
#include "media/decode.h"

#include "export/codec.h"

static uint32_t random_state = 1;

static uint8_t random_byte(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint8_t)(random_state >> 24);
}

static size_t inflate_all(const uint8_t *data, size_t bytes, uint8_t *out, size_t room)
{
	z_stream stream = { 0 };

	assert_int_equal(inflateInit2(&stream, -15), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)data;
	stream.avail_in = (uInt)bytes;
	stream.next_out = out;
	stream.avail_out = (uInt)room;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	size_t got = stream.total_out;
	inflateEnd(&stream);
	return got;
}

/* In a first block of cut bytes and a last one of the rest; returns the compressed size. Memory is exactly as large as
 * allowed, so that a sanitizer sees a byte too many. */
static size_t assert_survives_in(const uint8_t *data, size_t bytes, size_t cut)
{
	size_t first = cut > 0 ? png_deflate_bound(cut) : 0, used = 0;
	uint8_t *packed = malloc(first + png_deflate_bound(bytes - cut)), *back = malloc(bytes);

	assert_non_null(packed);
	assert_non_null(back);
	if (cut > 0)
		used = png_deflate(data, cut, false, packed);
	assert_true(used <= first);
	used += png_deflate(data + cut, bytes - cut, true, packed + used);
	assert_true(used <= first + png_deflate_bound(bytes - cut));
	assert_int_equal(inflate_all(packed, used, back, bytes), bytes);
	assert_memory_equal(back, data, bytes);
	free(packed);
	free(back);
	return used;
}

static size_t assert_survives(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes);

	assert_non_null(copy);
	memcpy(copy, data, bytes);
	size_t used = assert_survives_in(copy, bytes, 0);
	if (bytes > 1)
		assert_survives_in(copy, bytes, bytes / 2);
	free(copy);
	return used;
}

static void test_deflate_random_bytes_of_any_length(void **state)
{
	uint8_t data[700];
	(void)state;

	for (size_t bytes = 1; bytes <= sizeof data; bytes++) {
		for (size_t i = 0; i < bytes; i++)
			data[i] = random_byte();
		assert_survives(data, bytes);
	}
}

static void test_deflate_runs_of_any_length(void **state)
{
	uint8_t data[700];
	(void)state;

	for (size_t run = 1; run <= sizeof data - 20; run++) {
		memset(data, 7, sizeof data);
		memset(data + 11, 0, run);
		assert_survives(data, run + 11);
		assert_survives(data, sizeof data);
	}
}

static void test_deflate_flat_data_shrinks_to_nothing(void **state)
{
	uint8_t *data = calloc(1, PNG_DEFLATE_BYTES_MAX);
	(void)state;

	assert_non_null(data);
	assert_true(assert_survives(data, PNG_DEFLATE_BYTES_MAX) < PNG_DEFLATE_BYTES_MAX / 200);
	free(data);
}

static void test_deflate_random_data_hardly_grows(void **state)
{
	uint8_t *data = malloc(PNG_DEFLATE_BYTES_MAX);
	(void)state;

	assert_non_null(data);
	for (size_t i = 0; i < PNG_DEFLATE_BYTES_MAX; i++)
		data[i] = random_byte();
	assert_true(assert_survives(data, PNG_DEFLATE_BYTES_MAX) < PNG_DEFLATE_BYTES_MAX / 100 * 101);
	free(data);
}

/* Counts that grow like Fibonacci's numbers ask for the longest codes of all. */
static void test_deflate_limits_the_length_of_codes(void **state)
{
	uint8_t *data = malloc(PNG_DEFLATE_BYTES_MAX);
	size_t used = 0, smaller = 1, larger = 1;
	(void)state;

	assert_non_null(data);
	for (int symbol = 0; used + larger <= PNG_DEFLATE_BYTES_MAX; symbol++) {
		for (size_t i = 0; i < larger; i++)
			data[used++] = (uint8_t)symbol;
		larger += smaller;
		smaller = larger - smaller;
	}
	for (size_t i = used - 1; i > 0; i--) {
		size_t other = (random_byte() | (size_t)random_byte() << 8 | (size_t)random_byte() << 16) % (i + 1);
		uint8_t kept = data[i];
		data[i] = data[other];
		data[other] = kept;
	}
	assert_true(assert_survives(data, used) < used / 2);
	free(data);
}

/* The specification's words, in plain integers. */
static uint8_t plain_paeth(int left, int up, int corner)
{
	int estimate = left + up - corner;
	int to_left = abs(estimate - left), to_up = abs(estimate - up), to_corner = abs(estimate - corner);

	if (to_left <= to_up && to_left <= to_corner)
		return (uint8_t)left;
	return (uint8_t)(to_up <= to_corner ? up : corner);
}

static void test_filter_is_as_specified(void **state)
{
	enum { BYTES = 3 * 333 };
	uint8_t row[BYTES], above[BYTES], filtered[BYTES + 1];
	(void)state;

	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < BYTES; i++) {
			row[i] = round % 2 ? random_byte() : random_byte() & 1 ? 255 : 0;
			above[i] = round % 3 ? random_byte() : random_byte() & 1 ? 255 : 0;
		}
		png_filter_row(row, above, BYTES, filtered);
		assert_int_equal(filtered[0], 4);
		for (size_t i = 0; i < BYTES; i++) {
			uint8_t expected = plain_paeth(i < 3 ? 0 : row[i - 3], above[i], i < 3 ? 0 : above[i - 3]);
			assert_int_equal((uint8_t)(filtered[i + 1] + expected), row[i]);
		}
		png_filter_row(row, NULL, BYTES, filtered);
		assert_int_equal(filtered[0], 1);
		for (size_t i = 0; i < BYTES; i++)
			assert_int_equal((uint8_t)(filtered[i + 1] + (i < 3 ? 0 : row[i - 3])), row[i]);
	}
}

static uint8_t *encode(const struct picture *picture, struct pool *pool, size_t *bytes)
{
	int fd = memfd_create("png", MFD_CLOEXEC);
	struct error error = { 0 };

	assert_true(fd >= 0);
	assert_int_equal(codec_png.write(NULL, pool, picture, &(struct sink){ .fd = fd }, &error), 0);
	*bytes = (size_t)lseek(fd, 0, SEEK_END);
	uint8_t *data = malloc(*bytes);
	assert_non_null(data);
	assert_int_equal(pread(fd, data, *bytes, 0), *bytes);
	close(fd);
	return data;
}

static void assert_picture_survives(int width, int height, struct pool *pool)
{
	size_t bytes = (size_t)width * (size_t)height * 3, alone_bytes, together_bytes;
	uint8_t *rgb = malloc(bytes);
	struct picture picture = { .rgb = rgb, .width = width, .height = height, .frame_id = 1, .stacked = 1 };
	struct decoded decoded;

	assert_non_null(rgb);
	for (size_t i = 0; i < bytes; i++)
		rgb[i] = (uint8_t)(i / 50 + (random_byte() & 7));
	uint8_t *alone = encode(&picture, NULL, &alone_bytes);
	uint8_t *together = encode(&picture, pool, &together_bytes);
	assert_int_equal(together_bytes, alone_bytes);
	assert_memory_equal(together, alone, alone_bytes);
	assert_int_equal(decode_picture(alone, alone_bytes, &decoded, NULL), 0);
	assert_int_equal(decoded.width, width);
	assert_int_equal(decoded.height, height);
	assert_memory_equal(decoded.rgb, rgb, bytes);
	free(decoded.rgb);
	free(together);
	free(alone);
	free(rgb);
}

static void test_pictures_of_any_shape_survive(void **state)
{
	static const int size[][2] = { { 1, 1 }, { 1, 5000 }, { 5000, 1 }, { 640, 480 }, { 333, 777 }, { 30000, 7 } };
	struct pool *pool = pool_create(3, NULL);
	(void)state;

	assert_non_null(pool);
	for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
		assert_picture_survives(size[i][0], size[i][1], pool);
	pool_destroy(pool);
}

static void test_rows_too_long_are_refused(void **state)
{
	uint8_t pixel[3] = { 0 };
	struct picture picture = { .rgb = pixel, .width = PNG_DEFLATE_BYTES_MAX / 3 + 1, .height = 1, .stacked = 1 };
	int fd = memfd_create("png", MFD_CLOEXEC);
	struct error error = { 0 };
	(void)state;

	assert_int_equal(codec_png.write(NULL, NULL, &picture, &(struct sink){ .fd = fd }, &error), -EINVAL);
	assert_true(error.text[0] != '\0');
	close(fd);
}

static void test_scratch_is_bounded(void **state)
{
	(void)state;
	assert_true(png_strips_scratch_bytes(1024, 768, 2) < 2 * 1024 * 1024);
	assert_true(png_strips_scratch_bytes(4056, 3040, 4) < 4 * 1024 * 1024);
	assert_true(png_strips_scratch_bytes(4056, 3040, 64) == png_strips_scratch_bytes(4056, 3040, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deflate_random_bytes_of_any_length),
		cmocka_unit_test(test_deflate_runs_of_any_length),
		cmocka_unit_test(test_deflate_flat_data_shrinks_to_nothing),
		cmocka_unit_test(test_deflate_random_data_hardly_grows),
		cmocka_unit_test(test_deflate_limits_the_length_of_codes),
		cmocka_unit_test(test_filter_is_as_specified),
		cmocka_unit_test(test_pictures_of_any_shape_survive),
		cmocka_unit_test(test_rows_too_long_are_refused),
		cmocka_unit_test(test_scratch_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
