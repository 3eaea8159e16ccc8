#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "codec.h"
#include "exif.h"
#include "media/frame.h"

enum { JPG_BUFFER_BYTES = 16 * 1024, JPG_ROWS = 16 };

struct jpg_writer {
	struct jpeg_compress_struct compress;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf failed;
	int code; /* negative errno of what failed */
	struct sink *sink;
	char message[JMSG_LENGTH_MAX]; /* libjpeg's, when it was not the disk */
	struct exif_block exif;
	JOCTET buffer[JPG_BUFFER_BYTES];
};

static void jpg_fail(j_common_ptr common)
{
	struct jpg_writer *writer = common->client_data;

	if (writer->code == 0) {
		writer->code = common->err->msg_code == JERR_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
		common->err->format_message(common, writer->message);
	}
	longjmp(writer->failed, 1);
}

static void jpg_ignore(j_common_ptr common)
{
	(void)common;
}

static void jpg_ignore_level(j_common_ptr common, int level)
{
	(void)common, (void)level;
}

static void jpg_begin_output(j_compress_ptr compress)
{
	struct jpg_writer *writer = compress->client_data;

	writer->destination.next_output_byte = writer->buffer;
	writer->destination.free_in_buffer = JPG_BUFFER_BYTES;
}

static void jpg_flush(j_compress_ptr compress, size_t bytes)
{
	struct jpg_writer *writer = compress->client_data;

	writer->code = sink_write(writer->sink, writer->buffer, bytes);
	if (writer->code < 0)
		jpg_fail((j_common_ptr)compress);
	jpg_begin_output(compress);
}

/* libjpeg's rule: called when the buffer is full, whatever free_in_buffer says. */
static boolean jpg_full_output(j_compress_ptr compress)
{
	jpg_flush(compress, JPG_BUFFER_BYTES);
	return TRUE;
}

static void jpg_end_output(j_compress_ptr compress)
{
	jpg_flush(compress, JPG_BUFFER_BYTES - compress->dest->free_in_buffer);
}

static void jpg_prepare(struct jpg_writer *writer, int quality, const struct picture *picture)
{
	struct jpeg_compress_struct *compress = &writer->compress;

	jpeg_create_compress(compress);
	writer->destination.init_destination = jpg_begin_output;
	writer->destination.empty_output_buffer = jpg_full_output;
	writer->destination.term_destination = jpg_end_output;
	compress->dest = &writer->destination;
	compress->image_width = (JDIMENSION)picture->width;
	compress->image_height = (JDIMENSION)picture->height;
	compress->input_components = FRAME_CHANNELS;
	compress->in_color_space = JCS_RGB;
	jpeg_set_defaults(compress); /* with it 4:2:0 */
	jpeg_set_quality(compress, quality, TRUE);
}

static void jpg_encode(struct jpg_writer *writer, const struct picture *picture)
{
	struct jpeg_compress_struct *compress = &writer->compress;
	const size_t stride = (size_t)picture->width * FRAME_CHANNELS;
	JSAMPROW rows[JPG_ROWS];

	jpeg_start_compress(compress, TRUE);
	jpeg_write_marker(compress, JPEG_APP0 + 1, writer->exif.data, writer->exif.bytes);
	while (compress->next_scanline < compress->image_height) {
		JDIMENSION count = 0;
		for (JDIMENSION y = compress->next_scanline; count < JPG_ROWS && y < compress->image_height; y++)
			rows[count++] = (JSAMPROW)(uintptr_t)(picture->rgb + y * stride);
		jpeg_write_scanlines(compress, rows, count);
	}
	jpeg_finish_compress(compress);
}

static void jpg_write_with(struct jpg_writer *writer, int quality, const struct picture *picture)
{
	writer->compress.err = jpeg_std_error(&writer->errors);
	writer->compress.client_data = writer;
	writer->errors.error_exit = jpg_fail;
	writer->errors.output_message = jpg_ignore;
	writer->errors.emit_message = jpg_ignore_level;
	if (setjmp(writer->failed) == 0) {
		jpg_prepare(writer, quality, picture);
		jpg_encode(writer, picture);
	}
	jpeg_destroy_compress(&writer->compress);
}

static int jpg_write(const struct export_params *params, struct pool *pool, const struct picture *picture,
                     struct sink *sink, struct error *error)
{
	struct jpg_writer *writer = calloc(1, sizeof *writer);
	(void)pool;

	if (writer == NULL || exif_block_of(picture, &writer->exif) < 0) {
		free(writer);
		return error_set_errno(error, -ENOMEM, "cannot write the jpg file");
	}
	writer->sink = sink;
	jpg_write_with(writer, params->jpg_quality, picture);
	int code = writer->code;
	if (code < 0 && writer->message[0] != '\0')
		error_set(error, code, "cannot make the jpg file: %.120s", writer->message);
	else if (code < 0)
		error_set_errno(error, code, "cannot write the jpg file");
	free(writer->exif.data);
	free(writer);
	return code;
}

const struct codec codec_jpg = { EXPORT_JPG, jpg_write };
