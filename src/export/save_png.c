#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "codec.h"
#include "media/frame.h"
#include "metadata.h"
#include "png_strips.h"

enum { PNG_TEXTS_MAX = 10, PNG_TEXT_BYTES = METADATA_DESCRIPTION_BYTES, PNG_BITS = 8 };

struct png_writer {
	const struct picture *picture;
	struct sink *sink;
	int code; /* negative errno of what failed */
	png_structp png;
	png_infop info;
	uint32_t adler;
	jmp_buf failed;
	char message[128]; /* libpng's, when it was not the disk */
	int text_count;
	png_text text[PNG_TEXTS_MAX];
	char text_buffer[PNG_TEXTS_MAX][PNG_TEXT_BYTES];
};

static void png_fail(png_structp png, png_const_charp message)
{
	struct png_writer *writer = png_get_error_ptr(png);

	if (writer->code == 0) {
		writer->code = -EINVAL;
		snprintf(writer->message, sizeof writer->message, "%s", message);
	}
	longjmp(writer->failed, 1);
}

static void png_ignore(png_structp png, png_const_charp message)
{
	(void)png, (void)message;
}

static void png_write_bytes(png_structp png, png_bytep data, size_t bytes)
{
	struct png_writer *writer = png_get_io_ptr(png);

	writer->code = sink_write(writer->sink, data, bytes);
	if (writer->code < 0)
		png_fail(png, "");
}

static void png_flush_nothing(png_structp png)
{
	(void)png;
}

__attribute__((format(printf, 3, 4))) static void png_add_text(struct png_writer *writer, const char *key,
                                                               const char *format, ...)
{
	char *text = writer->text_buffer[writer->text_count];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, PNG_TEXT_BYTES, format, arguments);
	va_end(arguments);
	writer->text[writer->text_count++] =
	    (png_text){ .compression = PNG_TEXT_COMPRESSION_NONE, .key = (char *)(uintptr_t)key, .text = text };
}

static void png_add_texts(struct png_writer *writer)
{
	const struct picture *picture = writer->picture;
	struct metadata metadata = { 0 };
	char stack[40];

	metadata_describe(picture, &metadata);
	metadata_stack(picture, stack, sizeof stack);
	png_add_text(writer, "Software", "%s", METADATA_SOFTWARE);
	png_add_text(writer, "Source", "%s", metadata_model(picture));
	png_add_text(writer, "Creation Time", "%s", metadata.time);
	png_add_text(writer, "Clock", "%s", metadata_clock(picture));
	png_add_text(writer, "Frame", "%" PRIu64, picture->frame_id);
	png_add_text(writer, "Stack", "%s", stack);
	if (metadata.exposure[0] != '\0')
		png_add_text(writer, "Exposure", "%s", metadata.exposure);
	if (metadata.gain[0] != '\0')
		png_add_text(writer, "Gain", "%s", metadata.gain);
	png_add_text(writer, "Description", "%s", metadata.description);
}

static void png_write_head(struct png_writer *writer)
{
	png_set_write_fn(writer->png, writer, png_write_bytes, png_flush_nothing);
	png_set_IHDR(writer->png, writer->info, (png_uint_32)writer->picture->width, (png_uint_32)writer->picture->height,
	             PNG_BITS, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	             PNG_FILTER_TYPE_DEFAULT);
	png_set_sRGB(writer->png, writer->info, PNG_sRGB_INTENT_PERCEPTUAL);
	png_add_texts(writer);
	png_set_text(writer->png, writer->info, writer->text, writer->text_count);
	png_write_info(writer->png, writer->info);
	png_write_chunk(writer->png, (png_const_bytep) "IDAT", png_zlib_head, sizeof png_zlib_head);
}

/* Not png_write_end, which knows only of image data that libpng wrote itself. */
static void png_write_tail(struct png_writer *writer)
{
	uint32_t adler = htobe32(writer->adler);

	png_write_chunk(writer->png, (png_const_bytep) "IDAT", (png_const_bytep)&adler, sizeof adler);
	png_write_chunk(writer->png, (png_const_bytep) "IEND", NULL, 0);
}

static void png_write_step(struct png_writer *writer, void (*step)(struct png_writer *writer))
{
	if (setjmp(writer->failed) == 0)
		step(writer);
}

static void png_write_with(struct png_writer *writer, struct pool *pool)
{
	png_write_step(writer, png_write_head);
	if (writer->code == 0)
		writer->code = png_strips_write(writer->picture, pool, writer->sink, &writer->adler);
	if (writer->code == 0)
		png_write_step(writer, png_write_tail);
}

static int png_write(const struct export_params *params, struct pool *pool, const struct picture *picture,
                     struct sink *sink, struct error *error)
{
	struct png_writer writer = { .picture = picture, .sink = sink };
	(void)params;

	writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, png_fail, png_ignore);
	if (writer.png != NULL)
		writer.info = png_create_info_struct(writer.png);
	if (writer.info == NULL)
		writer.code = -ENOMEM;
	else
		png_write_with(&writer, pool);
	png_destroy_write_struct(&writer.png, &writer.info);
	if (writer.code < 0 && writer.message[0] != '\0')
		return error_set(error, writer.code, "cannot make the png file: %s", writer.message);
	return writer.code < 0 ? error_set_errno(error, writer.code, "cannot write the png file") : 0;
}

const struct codec codec_png = { EXPORT_PNG, png_write };
