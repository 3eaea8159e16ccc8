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
#include <zlib.h>

#include "media/decode.h"

enum { WIDTH = 37, HEIGHT = 23, FILE_BYTES = 64 * 1024 };

struct file {
	uint8_t *data;
	size_t bytes;
};

/* Three bars: red, green, blue. */
static void fill_rgb(uint8_t rgb[WIDTH * HEIGHT * 3])
{
	memset(rgb, 0, WIDTH * HEIGHT * 3);
	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		rgb[3 * i + i % WIDTH * 3 / WIDTH] = 255;
}

static struct file make_jpeg(J_COLOR_SPACE colours, int components, bool progressive)
{
	struct jpeg_compress_struct compress;
	struct jpeg_error_mgr errors;
	uint8_t pixels[WIDTH * HEIGHT * 4] = { 0 };
	unsigned char *data = NULL;
	unsigned long bytes = 0;

	if (components == 3)
		fill_rgb(pixels);
	else
		memset(pixels, 100, sizeof pixels);
	compress.err = jpeg_std_error(&errors);
	jpeg_create_compress(&compress);
	jpeg_mem_dest(&compress, &data, &bytes);
	compress.image_width = WIDTH;
	compress.image_height = HEIGHT;
	compress.input_components = components;
	compress.in_color_space = colours;
	jpeg_set_defaults(&compress);
	jpeg_set_quality(&compress, 100, TRUE);
	if (progressive)
		jpeg_simple_progression(&compress);
	jpeg_start_compress(&compress, TRUE);
	while (compress.next_scanline < HEIGHT) {
		JSAMPROW row = pixels + compress.next_scanline * (size_t)(WIDTH * components);
		jpeg_write_scanlines(&compress, &row, 1);
	}
	jpeg_finish_compress(&compress);
	jpeg_destroy_compress(&compress);
	return (struct file){ data, bytes };
}

static void append(png_structp png, png_bytep data, size_t bytes)
{
	struct file *file = png_get_io_ptr(png);

	assert_true(file->bytes + bytes <= FILE_BYTES);
	memcpy(file->data + file->bytes, data, bytes);
	file->bytes += bytes;
}

static void flush_nothing(png_structp png)
{
	(void)png;
}

/* Every pixel the same: the bytes of pixel, in the layout that colour_type and depth say. */
static struct file make_png(int colour_type, int depth, int interlace, const uint8_t *pixel, size_t pixel_bytes)
{
	struct file file = { malloc(FILE_BYTES), 0 };
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	const png_color palette[2] = { { 1, 2, 3 }, { 200, 100, 50 } };
	uint8_t row[WIDTH * 8];
	png_bytep rows[HEIGHT];

	assert_non_null(file.data);
	for (size_t i = 0; i < WIDTH; i++)
		memcpy(row + i * pixel_bytes, pixel, pixel_bytes);
	for (size_t y = 0; y < HEIGHT; y++)
		rows[y] = row;
	png_set_write_fn(png, &file, append, flush_nothing);
	png_set_IHDR(png, info, WIDTH, HEIGHT, depth, colour_type, interlace, PNG_COMPRESSION_TYPE_DEFAULT,
	             PNG_FILTER_TYPE_DEFAULT);
	if (colour_type == PNG_COLOR_TYPE_PALETTE)
		png_set_PLTE(png, info, palette, 2);
	png_write_info(png, info);
	png_write_image(png, rows);
	png_write_end(png, NULL);
	png_destroy_write_struct(&png, &info);
	return file;
}

static void assert_png_becomes(struct file file, uint8_t red, uint8_t green, uint8_t blue)
{
	struct decoded decoded;

	assert_int_equal(decode_picture(file.data, file.bytes, &decoded, NULL), 0);
	assert_int_equal(decoded.width, WIDTH);
	assert_int_equal(decoded.height, HEIGHT);
	for (size_t i = 0; i < WIDTH * HEIGHT; i++) {
		assert_int_equal(decoded.rgb[3 * i], red);
		assert_int_equal(decoded.rgb[3 * i + 1], green);
		assert_int_equal(decoded.rgb[3 * i + 2], blue);
	}
	free(decoded.rgb);
	free(file.data);
}

static void test_png_of_every_kind(void **state)
{
	(void)state;
	const uint8_t grey = 77, index = 1, ones = 0xff;
	const uint8_t rgb[] = { 10, 20, 30 }, rgba[] = { 10, 20, 30, 0 }, grey_alpha[] = { 77, 128 };
	const uint8_t deep[] = { 10, 0, 20, 0, 30, 0 };

	assert_png_becomes(make_png(PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_NONE, rgb, 3), 10, 20, 30);
	assert_png_becomes(make_png(PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_ADAM7, rgb, 3), 10, 20, 30);
	assert_png_becomes(make_png(PNG_COLOR_TYPE_RGBA, 8, PNG_INTERLACE_NONE, rgba, 4), 10, 20, 30);
	assert_png_becomes(make_png(PNG_COLOR_TYPE_GRAY, 8, PNG_INTERLACE_NONE, &grey, 1), 77, 77, 77);
	assert_png_becomes(make_png(PNG_COLOR_TYPE_GRAY, 1, PNG_INTERLACE_NONE, &ones, 1), 255, 255, 255);
	assert_png_becomes(make_png(PNG_COLOR_TYPE_GRAY_ALPHA, 8, PNG_INTERLACE_NONE, grey_alpha, 2), 77, 77, 77);
	assert_png_becomes(make_png(PNG_COLOR_TYPE_PALETTE, 8, PNG_INTERLACE_NONE, &index, 1), 200, 100, 50);
	assert_png_becomes(make_png(PNG_COLOR_TYPE_RGB, 16, PNG_INTERLACE_NONE, deep, 6), 10, 20, 30);
}

static void assert_near(const uint8_t *pixel, int red, int green, int blue)
{
	assert_true(abs(pixel[0] - red) <= 8 && abs(pixel[1] - green) <= 8 && abs(pixel[2] - blue) <= 8);
}

static void assert_bars(const uint8_t *rgb)
{
	const uint8_t *row = rgb + (size_t)(HEIGHT / 2) * WIDTH * 3;
	assert_near(row + 3 * 5, 255, 0, 0);
	assert_near(row + 3 * 18, 0, 255, 0);
	assert_near(row + 3 * 31, 0, 0, 255);
}

static void test_jpeg_keeps_its_colours(void **state)
{
	(void)state;
	for (int progressive = 0; progressive < 2; progressive++) {
		struct file file = make_jpeg(JCS_RGB, 3, progressive);
		struct decoded decoded;
		assert_int_equal(decode_picture(file.data, file.bytes, &decoded, NULL), 0);
		assert_int_equal(decoded.width, WIDTH);
		assert_int_equal(decoded.height, HEIGHT);
		assert_bars(decoded.rgb);
		free(decoded.rgb);
		free(file.data);
	}
}

static void test_grey_jpeg(void **state)
{
	struct file file = make_jpeg(JCS_GRAYSCALE, 1, false);
	struct decoded decoded;
	(void)state;

	assert_int_equal(decode_picture(file.data, file.bytes, &decoded, NULL), 0);
	assert_near(decoded.rgb, 100, 100, 100);
	free(decoded.rgb);
	free(file.data);
}

static void assert_refused(const uint8_t *data, size_t bytes, int code, const char *words)
{
	struct decoded decoded;
	struct error error = { 0 };

	assert_int_equal(decode_picture(data, bytes, &decoded, &error), code);
	assert_null(decoded.rgb);
	assert_int_equal(error.code, code);
	assert_non_null(strstr(error.text, words));
}

static void test_pictures_follow_each_other_in_one_room(void **state)
{
	struct file jpeg = make_jpeg(JCS_RGB, 3, false);
	struct decode_room room = { 0 };
	struct decoded decoded;
	const uint8_t white[] = { 255, 255, 255 };
	struct file png = make_png(PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_NONE, white, 3);
	(void)state;

	assert_int_equal(decode_picture_into(jpeg.data, jpeg.bytes, &room, &decoded, NULL), 0);
	assert_ptr_equal(decoded.rgb, room.rgb);
	assert_bars(room.rgb);
	const uint8_t *first = room.rgb;
	assert_int_not_equal(decode_picture_into(jpeg.data, jpeg.bytes / 2, &room, &decoded, NULL), 0);
	assert_null(decoded.rgb);
	assert_int_equal(decode_picture_into(png.data, png.bytes, &room, &decoded, NULL), 0);
	assert_ptr_equal(decoded.rgb, first);
	assert_near(decoded.rgb, 255, 255, 255);
	room.bytes--; /* too small by one */
	assert_int_equal(decode_picture_into(jpeg.data, jpeg.bytes, &room, &decoded, NULL), 0);
	assert_int_equal(room.bytes, WIDTH * HEIGHT * 3);
	assert_bars(decoded.rgb);
	free(room.rgb);
	free(jpeg.data);
	free(png.data);
}

static void test_jpeg_into_memory_of_a_known_size(void **state)
{
	struct file file = make_jpeg(JCS_RGB, 3, false);
	uint8_t *rgb = malloc(WIDTH * HEIGHT * 3);
	struct error error = { 0 };
	(void)state;

	assert_non_null(rgb);
	assert_int_equal(decode_jpeg_into(file.data, file.bytes, WIDTH, HEIGHT, rgb, &error), 0);
	assert_bars(rgb);
	assert_int_equal(decode_jpeg_into(file.data, file.bytes, WIDTH, HEIGHT - 1, rgb, &error), -EINVAL);
	assert_non_null(strstr(error.text, "37 x 23"));
	assert_int_equal(decode_jpeg_into(file.data, file.bytes - 2, WIDTH, HEIGHT, rgb, &error), 0);
	assert_bars(rgb);
	assert_int_equal(decode_jpeg_into(file.data, file.bytes / 2, WIDTH, HEIGHT, rgb, &error), -EINVAL);
	assert_int_equal(decode_jpeg_into(file.data, 0, WIDTH, HEIGHT, rgb, &error), -EINVAL);
	free(rgb);
	free(file.data);
}

/* True when the first bytes of the file show all its pixels; else they are refused. In memory of just their size, so
 * that a sanitizer sees a read beyond it. */
static bool beginning_is_whole(struct file file, size_t bytes, const struct decoded *whole)
{
	uint8_t *part = malloc(bytes > 0 ? bytes : 1);
	struct decoded decoded;
	struct error error = { 0 };

	assert_non_null(part);
	memcpy(part, file.data, bytes);
	int result = decode_picture(part, bytes, &decoded, &error);
	free(part);
	if (result != 0) {
		assert_int_equal(result, -EINVAL);
		assert_null(decoded.rgb);
		return false;
	}
	assert_memory_equal(decoded.rgb, whole->rgb, WIDTH * HEIGHT * 3);
	free(decoded.rgb);
	return true;
}

/* end: the bytes of the end marker, or chunk, which may be missing. */
static void assert_cut_anywhere_it_is_refused(struct file file, size_t end)
{
	struct decoded whole;

	assert_int_equal(decode_picture(file.data, file.bytes, &whole, NULL), 0);
	for (size_t bytes = 0; bytes < file.bytes; bytes++) {
		bool shown = beginning_is_whole(file, bytes, &whole);
		assert_true(shown || bytes < file.bytes - end);
		/* Some padding, and a checksum of the pixels, may be missing as well. */
		assert_true(!shown || bytes >= file.bytes - end - 8);
	}
	free(whole.rgb);
	free(file.data);
}

static void test_truncated_pictures_are_refused(void **state)
{
	const uint8_t rgb[] = { 10, 20, 30 };
	(void)state;

	assert_cut_anywhere_it_is_refused(make_jpeg(JCS_RGB, 3, false), 2);
	assert_cut_anywhere_it_is_refused(make_jpeg(JCS_RGB, 3, true), 2);
	assert_cut_anywhere_it_is_refused(make_png(PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_NONE, rgb, 3), 12);
}

/* Any answer will do, as long as one comes and rgb goes with it. */
static void assert_damage_does_no_harm(struct file file)
{
	struct decoded decoded;

	for (size_t at = 0; at < file.bytes; at++) {
		uint8_t kept = file.data[at];
		file.data[at] ^= (uint8_t)(1U << at % 8);
		int result = decode_picture(file.data, file.bytes, &decoded, NULL);
		assert_true(result == 0 ? decoded.rgb != NULL : decoded.rgb == NULL);
		free(decoded.rgb);
		file.data[at] = kept;
	}
	free(file.data);
}

static void test_damaged_pictures_do_no_harm(void **state)
{
	const uint8_t rgb[] = { 10, 20, 30 };
	(void)state;

	assert_damage_does_no_harm(make_jpeg(JCS_RGB, 3, false));
	assert_damage_does_no_harm(make_jpeg(JCS_RGB, 3, true));
	assert_damage_does_no_harm(make_png(PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_ADAM7, rgb, 3));
}

static void test_what_is_no_picture_is_refused(void **state)
{
	static const uint8_t gif[] = "GIF89a, which is something else";
	static const uint8_t almost_png[] = { 0x89, 'P', 'N', 'G', 0, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t almost_jpeg[] = { 0xff, 0xd8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0 };
	(void)state;

	assert_refused(gif, 0, -EINVAL, "neither");
	assert_refused(gif, sizeof gif, -EINVAL, "neither");
	assert_refused(almost_png, sizeof almost_png, -EINVAL, "PNG");
	assert_refused(almost_jpeg, sizeof almost_jpeg, -EINVAL, "JPEG");
}

/* Where a JPEG's header says height and width: after the marker SOF0 come length (2) and depth (1). */
static void test_huge_jpeg_is_refused(void **state)
{
	struct file file = make_jpeg(JCS_RGB, 3, false);
	uint8_t *at = memmem(file.data, file.bytes, "\xff\xc0", 2);
	(void)state;

	assert_non_null(at);
	memset(at + 5, 0xf0, 4);
	assert_refused(file.data, file.bytes, -EFBIG, "pixels");
	free(file.data);
}

static void test_huge_png_is_refused(void **state)
{
	const uint8_t rgb[] = { 10, 20, 30 };
	struct file file = make_png(PNG_COLOR_TYPE_RGB, 8, PNG_INTERLACE_NONE, rgb, 3);
	const size_t header = 12, header_bytes = 17; /* type and content of IHDR */
	(void)state;

	file.data[header + 4] = file.data[header + 8] = 0;
	file.data[header + 5] = file.data[header + 9] = 1; /* more than 65536 each */
	uint32_t checksum = (uint32_t)crc32(0, file.data + header, (uInt)header_bytes);
	for (size_t i = 0; i < 4; i++)
		file.data[header + header_bytes + i] = (uint8_t)(checksum >> (24 - 8 * i));
	assert_refused(file.data, file.bytes, -EFBIG, "pixels");
	free(file.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_png_of_every_kind),
		cmocka_unit_test(test_jpeg_keeps_its_colours),
		cmocka_unit_test(test_grey_jpeg),
		cmocka_unit_test(test_jpeg_into_memory_of_a_known_size),
		cmocka_unit_test(test_truncated_pictures_are_refused),
		cmocka_unit_test(test_damaged_pictures_do_no_harm),
		cmocka_unit_test(test_pictures_follow_each_other_in_one_room),
		cmocka_unit_test(test_what_is_no_picture_is_refused),
		cmocka_unit_test(test_huge_jpeg_is_refused),
		cmocka_unit_test(test_huge_png_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
