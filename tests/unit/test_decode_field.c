/* Pictures as they are found in the field: odd, but all there; and such that only seem so. All are made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "media/decode.h"

enum { WIDTH = 48, HEIGHT = 32, FILE_BYTES = 64 * 1024 };
enum { SOF0 = 0xc0, DHT = 0xc4, EOI = 0xd9, SOS = 0xda, APP0 = 0xe0, APP1 = 0xe1, APP14 = 0xee };

struct file {
	uint8_t *data;
	size_t bytes;
};

/* How a JPEG is written. */
struct style {
	J_COLOR_SPACE colours;
	int components;
	bool adobe, progressive, planes_apart, arithmetic;
	const uint8_t *exif;
	unsigned exif_bytes;
};
static const struct style plain = { .colours = JCS_RGB, .components = 3 };

/* A soft picture, each component another way. */
static uint8_t sample(int x, int y, int component)
{
	const int values[] = { 5 * x, 7 * y, 255 - 2 * x - 2 * y, 40 };
	return (uint8_t)values[component];
}

static void set_scans(struct jpeg_compress_struct *compress, const struct style *style)
{
	static const jpeg_scan_info apart[] = { { 1, { 0 }, 0, 63, 0, 0 },
		                                    { 1, { 1 }, 0, 63, 0, 0 },
		                                    { 1, { 2 }, 0, 63, 0, 0 } };
	if (style->progressive)
		jpeg_simple_progression(compress);
	if (style->planes_apart) {
		compress->scan_info = apart;
		compress->num_scans = 3;
	}
}

static struct file make_jpeg(const struct style *style)
{
	struct jpeg_compress_struct compress;
	struct jpeg_error_mgr errors;
	unsigned char *data = NULL;
	unsigned long bytes = 0;
	uint8_t row[WIDTH * 4];
	JSAMPROW rows = row;

	compress.err = jpeg_std_error(&errors);
	jpeg_create_compress(&compress);
	jpeg_mem_dest(&compress, &data, &bytes);
	compress.image_width = WIDTH;
	compress.image_height = HEIGHT;
	compress.input_components = style->components;
	compress.in_color_space = style->colours;
	jpeg_set_defaults(&compress);
	jpeg_set_quality(&compress, 95, TRUE);
	compress.arith_code = style->arithmetic;
	if (style->adobe || style->components == 4) {
		compress.write_JFIF_header = FALSE;
		compress.write_Adobe_marker = style->adobe;
	}
	set_scans(&compress, style);
	jpeg_start_compress(&compress, TRUE);
	if (style->exif)
		jpeg_write_marker(&compress, APP1, style->exif, style->exif_bytes);
	for (int y = 0; y < HEIGHT; y++) {
		for (int i = 0; i < WIDTH * style->components; i++)
			row[i] = sample(i / style->components, y, i % style->components);
		jpeg_write_scanlines(&compress, &rows, 1);
	}
	jpeg_finish_compress(&compress);
	jpeg_destroy_compress(&compress);
	return (struct file){ data, bytes };
}

/* Where the number-th marker of this code is: its two bytes, then the length of what follows. */
static size_t find_marker(struct file file, int code, int number)
{
	for (size_t at = 0; at + 4 < file.bytes; at++)
		if (file.data[at] == 0xff && file.data[at + 1] == code && number-- == 0)
			return at;
	fail_msg("no marker %02x", (unsigned)code);
	return 0;
}

static size_t segment_bytes(struct file file, size_t at)
{
	return 2 + (size_t)(file.data[at + 2] << 8 | file.data[at + 3]);
}

static void cut_out(struct file *file, size_t at, size_t bytes)
{
	memmove(file->data + at, file->data + at + bytes, file->bytes - at - bytes);
	file->bytes -= bytes;
}

static void put_in(struct file *file, size_t at, const uint8_t *bytes, size_t count)
{
	file->data = realloc(file->data, file->bytes + count);
	assert_non_null(file->data);
	memmove(file->data + at + count, file->data + at, file->bytes - at);
	memcpy(file->data + at, bytes, count);
	file->bytes += count;
}

static void assert_shows_the_picture(struct file file)
{
	struct decoded decoded;
	struct error error = { 0 };
	assert_int_equal(decode_picture(file.data, file.bytes, &decoded, &error), 0);
	assert_true(decoded.width == WIDTH && decoded.height == HEIGHT);
	for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
		int wanted = sample(i / 3 % WIDTH, i / 3 / WIDTH, i % 3);
		assert_true(abs(decoded.rgb[i] - wanted) <= 16);
	}
	free(decoded.rgb);
	free(file.data);
}

static void assert_refused(struct file file, const char *words)
{
	struct decoded decoded;
	struct error error = { 0 };
	assert_int_equal(decode_picture(file.data, file.bytes, &decoded, &error), -EINVAL);
	assert_null(decoded.rgb);
	assert_non_null(strstr(error.text, words));
	free(file.data);
}

static void test_a_scan_header_with_odd_limits_loses_nothing(void **state)
{
	(void)state;
	struct file file = make_jpeg(&plain);
	size_t at = find_marker(file, SOS, 0);
	file.data[at + segment_bytes(file, at) - 2] = 0; /* the last coefficient that the scan holds: 63 */
	assert_shows_the_picture(file);
}

static void test_an_unknown_adobe_transform_loses_nothing(void **state)
{
	(void)state;
	struct style style = plain;
	style.adobe = true;
	struct file file = make_jpeg(&style);
	size_t at = find_marker(file, APP14, 0);
	file.data[at + segment_bytes(file, at) - 1] = 3;
	assert_shows_the_picture(file);
}

static void test_an_unknown_jfif_revision_loses_nothing(void **state)
{
	(void)state;
	struct file file = make_jpeg(&plain);
	file.data[find_marker(file, APP0, 0) + 4 + 5] = 9;
	assert_shows_the_picture(file);
}

static void test_a_missing_end_loses_nothing(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct style style = plain;
		style.progressive = kind == 1;
		style.planes_apart = kind == 2;
		struct file file = make_jpeg(&style);
		file.bytes -= 2;
		assert_shows_the_picture(file);
	}
}

static void test_stray_bytes_before_a_marker_and_after_the_end_lose_nothing(void **state)
{
	static const uint8_t stray[] = { 0, 0, 0, 1, 2, 3, 0, 0 };
	(void)state;
	struct file file = make_jpeg(&plain);
	put_in(&file, file.bytes - 2, stray, sizeof stray);
	put_in(&file, file.bytes, stray, sizeof stray);
	assert_shows_the_picture(file);
}

/* Motion JPEG leaves out the tables that everybody has. */
static void test_a_webcams_picture_without_huffman_tables_is_whole(void **state)
{
	(void)state;
	struct file file = make_jpeg(&plain);
	for (int i = 0; i < 4; i++) {
		size_t at = find_marker(file, DHT, 0);
		cut_out(&file, at, segment_bytes(file, at));
	}
	assert_shows_the_picture(file);
}

static void test_a_missing_scan_is_refused(void **state)
{
	(void)state;
	struct style style = plain;
	style.planes_apart = true;
	for (int end = 0; end < 2; end++) {
		struct file file = make_jpeg(&style);
		size_t at = find_marker(file, SOS, 2);
		cut_out(&file, at, file.bytes - at - (end ? 2 : 0));
		assert_refused(file, "a part of its data is missing");
	}
}

static void test_lost_pixels_are_refused(void **state)
{
	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct style style = plain;
		style.progressive = kind == 1;
		style.arithmetic = kind == 2;
		struct file file = make_jpeg(&style);
		file.bytes = file.bytes * 3 / 5;
		assert_refused(file, "");
		file = make_jpeg(&style);
		/* Ends with an end marker, as browsers and some cameras leave them. */
		size_t lost = file.bytes / 3;
		if (kind == 2) {
			free(file.data); /* arithmetic data may end anywhere */
			continue;
		}
		cut_out(&file, file.bytes - 2 - lost, lost);
		assert_refused(file, "");
	}
}

static void test_ink_becomes_light(void **state)
{
	(void)state;
	for (int adobe = 0; adobe < 2; adobe++) {
		const struct style style = { .colours = JCS_CMYK, .components = 4, .adobe = adobe };
		struct file file = make_jpeg(&style);
		struct decoded decoded;
		assert_int_equal(decode_picture(file.data, file.bytes, &decoded, NULL), 0);
		for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
			int stored = sample(i / 3 % WIDTH, i / 3 / WIDTH, i % 3), black = sample(0, 0, 3);
			int wanted = adobe ? stored * black / 255 : (255 - stored) * (255 - black) / 255;
			assert_true(abs(decoded.rgb[i] - wanted) <= 16);
		}
		free(decoded.rgb);
		free(file.data);
	}
}

/* "Exif", two zeros, and a directory of one entry: the orientation. */
static unsigned make_exif(bool big_endian, bool is_long, int tag, uint8_t exif[32])
{
	static const uint8_t big[] = { 'E', 'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
		                           1,   0x12, 0,   3,   0, 0, 0,   1,   0, 0,  0, 0, 0, 0, 0, 0 };
	static const uint8_t little[] = { 'E',  'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0,
		                              0x12, 1,   3,   0,   1, 0, 0,   0,   0,  0, 0, 0, 0, 0, 0, 0 };
	memcpy(exif, big_endian ? big : little, 32);
	exif[big_endian ? 19 : 18] = is_long ? 4 : 3;
	exif[!big_endian ? 24 : is_long ? 27 : 25] = (uint8_t)tag;
	return 32;
}

static orientation jpeg_orientation(const uint8_t *exif, unsigned bytes)
{
	struct style style = plain;
	style.exif = exif;
	style.exif_bytes = bytes;
	struct file file = make_jpeg(&style);
	struct decoded decoded;
	assert_int_equal(decode_picture(file.data, file.bytes, &decoded, NULL), 0);
	assert_true(decoded.width == WIDTH && decoded.height == HEIGHT);
	free(decoded.rgb);
	free(file.data);
	return decoded.turned;
}

static void append(png_structp png, png_bytep data, size_t bytes)
{
	struct file *file = png_get_io_ptr(png);
	assert_true(file->bytes + bytes <= FILE_BYTES);
	memcpy(file->data + file->bytes, data, bytes);
	file->bytes += bytes;
}

static struct file make_png(const uint8_t *exif, unsigned bytes)
{
	struct file file = { malloc(FILE_BYTES), 0 };
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	uint8_t row[WIDTH * 3] = { 0 };
	uint8_t copy[64];

	assert_non_null(file.data);
	memcpy(copy, exif, bytes);
	png_set_write_fn(png, &file, append, NULL);
	png_set_IHDR(png, info, WIDTH, HEIGHT, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	             PNG_FILTER_TYPE_DEFAULT);
	png_set_eXIf_1(png, info, bytes, copy);
	png_write_info(png, info);
	for (int y = 0; y < HEIGHT; y++)
		png_write_row(png, row);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return file;
}

static orientation png_orientation(const uint8_t *exif, unsigned bytes)
{
	struct file file = make_png(exif, bytes);
	struct decoded decoded;
	assert_int_equal(decode_picture(file.data, file.bytes, &decoded, NULL), 0);
	free(decoded.rgb);
	free(file.data);
	return decoded.turned;
}

static void test_all_orientations_are_read(void **state)
{
	uint8_t exif[32];
	(void)state;
	for (int tag = 0; tag <= 9; tag++) {
		for (int kind = 0; kind < 4; kind++) {
			unsigned bytes = make_exif(kind & 1, kind & 2, tag, exif);
			assert_int_equal(jpeg_orientation(exif, bytes), orientation_of_exif(tag));
			assert_int_equal(png_orientation(exif + 6, bytes - 6), orientation_of_exif(tag));
		}
	}
}

static void test_broken_exif_data_turns_nothing(void **state)
{
	uint8_t exif[32];
	(void)state;
	for (int big_endian = 0; big_endian < 2; big_endian++) {
		for (unsigned bytes = 0; bytes < 28; bytes++) {
			make_exif(big_endian, false, 6, exif);
			jpeg_orientation(exif, bytes); /* cut */
		}
		for (unsigned at = 6; at < 32; at++) {
			make_exif(big_endian, false, 6, exif);
			exif[at] = 0xff;
			jpeg_orientation(exif, 32);
		}
	}
	assert_int_equal(jpeg_orientation((const uint8_t *)"Exif\0\0MM\0\52\xff\xff\xff\xff", 14), ORIENTATION_NORMAL);
}

static void test_a_webcams_picture_is_not_turned(void **state)
{
	uint8_t exif[32], rgb[WIDTH * HEIGHT * 3];
	struct style style = plain;
	(void)state;
	style.exif = exif;
	style.exif_bytes = make_exif(true, false, 6, exif);
	struct file file = make_jpeg(&style);
	assert_int_equal(decode_jpeg_into(file.data, file.bytes, WIDTH, HEIGHT, rgb, NULL), 0);
	assert_true(rgb[3 * (WIDTH - 1)] > 200); /* red rises to the right */
	free(file.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_scan_header_with_odd_limits_loses_nothing),
		cmocka_unit_test(test_an_unknown_adobe_transform_loses_nothing),
		cmocka_unit_test(test_an_unknown_jfif_revision_loses_nothing),
		cmocka_unit_test(test_a_missing_end_loses_nothing),
		cmocka_unit_test(test_stray_bytes_before_a_marker_and_after_the_end_lose_nothing),
		cmocka_unit_test(test_a_webcams_picture_without_huffman_tables_is_whole),
		cmocka_unit_test(test_a_missing_scan_is_refused),
		cmocka_unit_test(test_lost_pixels_are_refused),
		cmocka_unit_test(test_ink_becomes_light),
		cmocka_unit_test(test_all_orientations_are_read),
		cmocka_unit_test(test_broken_exif_data_turns_nothing),
		cmocka_unit_test(test_a_webcams_picture_is_not_turned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
