#include "decode_png.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "decode_jpeg.h"
#include "exif_orientation.h"
#include "media/frame.h"

enum { PNG_CHUNK_BYTES_MAX = 8 * 1024 * 1024, PNG_CHUNKS_CACHED_MAX = 16 };

struct png_reader {
	png_structp png;
	png_infop info;
	const uint8_t *data;
	size_t left;
	png_bytep *rows;
	struct decoded *decoded;
	struct error *error;
	bool whole; /* all pixels are there */
	int code;   /* negative errno of what failed */
	jmp_buf failed;
};

static void png_fail_with(struct png_reader *reader, int code)
{
	reader->code = code;
	longjmp(reader->failed, 1);
}

static void png_fail(png_structp png, png_const_charp message)
{
	struct png_reader *reader = png_get_error_ptr(png);
	if (reader->whole)
		longjmp(reader->failed, 1);
	png_fail_with(reader, error_set(reader->error, -EINVAL, "not a good PNG picture: %s", message));
}

/* libpng warns of what does no harm to the pixels. */
static void png_warn(png_structp png, png_const_charp message)
{
	(void)png, (void)message;
}

static void png_read_bytes(png_structp png, png_bytep to, size_t bytes)
{
	struct png_reader *reader = png_get_io_ptr(png);

	if (bytes > reader->left)
		png_error(png, "it ends early");
	memcpy(to, reader->data, bytes);
	reader->data += bytes;
	reader->left -= bytes;
}

/* Whatever the file holds, R,G,B of 8 bits comes out; what is transparent is dropped, not blended. */
static void png_ask_for_rgb(struct png_reader *reader)
{
	png_set_expand(reader->png);
	png_set_scale_16(reader->png);
	png_set_gray_to_rgb(reader->png);
	png_set_strip_alpha(reader->png);
	png_set_interlace_handling(reader->png);
	png_read_update_info(reader->png, reader->info);
}

static void png_read_pixels(struct png_reader *reader)
{
	const size_t stride = frame_bytes(reader->decoded->width, 1);
	const size_t height = (size_t)reader->decoded->height;

	if (png_get_rowbytes(reader->png, reader->info) != stride)
		png_error(reader->png, "its rows have an unexpected length");
	reader->rows = calloc(height, sizeof *reader->rows);
	if (reader->rows == NULL)
		png_fail_with(reader, error_set_errno(reader->error, -ENOMEM, "no room for the picture"));
	for (size_t y = 0; y < height; y++)
		reader->rows[y] = reader->decoded->rgb + y * stride;
	png_read_image(reader->png, reader->rows);
	/* What follows the pixels may be broken, or missing. */
	reader->whole = true;
	png_read_end(reader->png, reader->info);
}

static void png_read_all(struct png_reader *reader)
{
	png_set_read_fn(reader->png, reader, png_read_bytes);
	png_set_user_limits(reader->png, DECODE_PIXELS_MAX, DECODE_PIXELS_MAX);
	png_set_chunk_malloc_max(reader->png, PNG_CHUNK_BYTES_MAX);
	png_set_chunk_cache_max(reader->png, PNG_CHUNKS_CACHED_MAX);
	png_read_info(reader->png, reader->info);
	int code = decode_allocate(reader->decoded, png_get_image_width(reader->png, reader->info),
	                           png_get_image_height(reader->png, reader->info), reader->error);
	if (code < 0)
		png_fail_with(reader, code);
	png_ask_for_rgb(reader);
	png_read_pixels(reader);
}

static void png_read_guarded(struct png_reader *reader)
{
	if (setjmp(reader->failed) == 0)
		png_read_all(reader);
}

static void png_find_orientation(struct png_reader *reader)
{
	png_uint_32 bytes;
	png_bytep exif;

	if (png_get_eXIf_1(reader->png, reader->info, &bytes, &exif) != 0)
		reader->decoded->turned = exif_orientation(exif, bytes);
}

int decode_png(const uint8_t *data, size_t bytes, struct decoded *decoded, struct error *error)
{
	struct png_reader reader = { .data = data, .left = bytes, .decoded = decoded, .error = error };

	reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, png_fail, png_warn);
	if (reader.png != NULL)
		reader.info = png_create_info_struct(reader.png);
	if (reader.info == NULL)
		reader.code = error_set_errno(error, -ENOMEM, "no room for the picture");
	else
		png_read_guarded(&reader);
	if (reader.whole)
		png_find_orientation(&reader);
	png_destroy_read_struct(&reader.png, &reader.info, NULL);
	free(reader.rows);
	return reader.code;
}
