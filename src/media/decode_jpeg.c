#include "decode_jpeg.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>

#include "media/frame.h"

/* A progressive picture of a few bytes can ask for thousands of passes over all pixels; cameras make ten. */
enum { JPEG_SCANS_MAX = 64 };

struct jpeg_reader {
	struct jpeg_decompress_struct decompress;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf failed;
	struct error *error;
	int code;                /* negative errno of what failed */
	struct decoded *decoded; /* allocated here when rgb is NULL */
};

static void jpeg_fail_with(struct jpeg_reader *reader, int code)
{
	reader->code = code;
	longjmp(reader->failed, 1);
}

static void jpeg_fail(j_common_ptr common)
{
	struct jpeg_reader *reader = common->client_data;
	char message[JMSG_LENGTH_MAX];

	common->err->format_message(common, message);
	jpeg_fail_with(reader, error_set(reader->error, common->err->msg_code == JERR_OUT_OF_MEMORY ? -ENOMEM : -EINVAL,
	                                 "not a good JPEG picture: %s", message));
}

/* libjpeg warns where data is damaged or ends early, and makes up the rest in grey. Not here. Bytes between markers do
 * no harm. */
static void jpeg_warn(j_common_ptr common, int level)
{
	if (level < 0 && common->err->msg_code != JWRN_EXTRANEOUS_DATA)
		jpeg_fail(common);
}

static void jpeg_print_nothing(j_common_ptr common)
{
	(void)common;
}

static void jpeg_limit_scans(j_common_ptr common)
{
	struct jpeg_reader *reader = common->client_data;

	if (reader->decompress.input_scan_number > JPEG_SCANS_MAX)
		jpeg_fail_with(reader,
		               error_set(reader->error, -EINVAL, "the JPEG picture has more than %d scans", JPEG_SCANS_MAX));
}

static void jpeg_choose_size(struct jpeg_reader *reader)
{
	struct decoded *decoded = reader->decoded;
	JDIMENSION width = reader->decompress.image_width, height = reader->decompress.image_height;

	if (decoded->rgb == NULL) {
		int code = decode_allocate(decoded, width, height, reader->error);
		if (code < 0)
			jpeg_fail_with(reader, code);
	} else if ((JDIMENSION)decoded->width != width || (JDIMENSION)decoded->height != height) {
		jpeg_fail_with(reader, error_set(reader->error, -EINVAL, "the JPEG picture has %u x %u pixels, not %d x %d",
		                                 width, height, decoded->width, decoded->height));
	}
}

static void jpeg_read_rows(struct jpeg_reader *reader)
{
	struct jpeg_decompress_struct *decompress = &reader->decompress;
	const size_t stride = frame_bytes(reader->decoded->width, 1);

	while (decompress->output_scanline < decompress->output_height) {
		JSAMPROW row = reader->decoded->rgb + decompress->output_scanline * stride;
		jpeg_read_scanlines(decompress, &row, 1);
	}
}

static void jpeg_read(struct jpeg_reader *reader, const uint8_t *data, size_t bytes)
{
	struct jpeg_decompress_struct *decompress = &reader->decompress;

	jpeg_create_decompress(decompress);
	decompress->mem->max_memory_to_use = (long)DECODE_PIXELS_MAX * FRAME_CHANNELS; /* beyond it libjpeg fails */
	reader->progress.progress_monitor = jpeg_limit_scans;
	decompress->progress = &reader->progress;
	jpeg_mem_src(decompress, data, bytes);
	jpeg_read_header(decompress, TRUE);
	if (decompress->jpeg_color_space == JCS_CMYK || decompress->jpeg_color_space == JCS_YCCK)
		jpeg_fail_with(
		    reader, error_set(reader->error, -EINVAL, "a JPEG picture in CMYK, for printers: convert it to RGB first"));
	jpeg_choose_size(reader);
	decompress->out_color_space = JCS_RGB;
	jpeg_start_decompress(decompress);
	jpeg_read_rows(reader);
	jpeg_finish_decompress(decompress);
}

static void jpeg_read_guarded(struct jpeg_reader *reader, const uint8_t *data, size_t bytes)
{
	if (setjmp(reader->failed) == 0)
		jpeg_read(reader, data, bytes);
}

int decode_jpeg(const uint8_t *data, size_t bytes, struct decoded *decoded, struct error *error)
{
	struct jpeg_reader reader = { .error = error, .decoded = decoded };

	reader.decompress.err = jpeg_std_error(&reader.errors);
	reader.decompress.client_data = &reader;
	reader.errors.error_exit = jpeg_fail;
	reader.errors.emit_message = jpeg_warn;
	reader.errors.output_message = jpeg_print_nothing;
	jpeg_read_guarded(&reader, data, bytes);
	jpeg_destroy_decompress(&reader.decompress);
	return reader.code;
}

int decode_jpeg_into(const uint8_t *data, size_t bytes, int width, int height, uint8_t *rgb, struct error *error)
{
	struct decoded decoded = { .rgb = rgb, .width = width, .height = height };
	return decode_jpeg(data, bytes, &decoded, error);
}
