#include "decode_jpeg.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "exif_orientation.h"
#include "media/frame.h"

/* A progressive picture of a few bytes can ask for thousands of passes over all pixels; cameras make ten. */
enum { JPEG_SCANS_MAX = 64 };
enum { JPEG_EXIF = JPEG_APP0 + 1, JPEG_MARKER_BYTES_MAX = 0xffff };

struct jpeg_reader {
	struct jpeg_decompress_struct decompress;
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr progress;
	jmp_buf failed;
	struct error *error;
	int code;                /* negative errno of what failed */
	struct decoded *decoded; /* allocated here when rgb is NULL */
	bool ends_early;         /* the file has no end marker */
	unsigned seen;           /* bit n: a scan brought component n */
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

/* libjpeg warns where data is damaged or missing, and makes up the rest in grey: that is an error here. It also warns
 * of what is odd and loses no pixel. A missing end alone is of this kind: where it cost pixels, JWRN_HIT_MARKER tells
 * as soon as they are asked for, except in arithmetic coding, whose data may end in any number of unwritten zeros. */
static bool jpeg_loses_pixels(const struct jpeg_reader *reader, int warning)
{
	switch (warning) {
	case JWRN_ADOBE_XFORM:
	case JWRN_BOGUS_PROGRESSION:
	case JWRN_EXTRANEOUS_DATA:
	case JWRN_JFIF_MAJOR:
	case JWRN_NOT_SEQUENTIAL:
		return false;
	case JWRN_JPEG_EOF:
		return reader->decompress.arith_code;
	default:
		return true;
	}
}

static void jpeg_warn(j_common_ptr common, int level)
{
	struct jpeg_reader *reader = common->client_data;

	if (level >= 0)
		return;
	if (jpeg_loses_pixels(reader, common->err->msg_code))
		jpeg_fail(common);
	if (common->err->msg_code == JWRN_JPEG_EOF)
		reader->ends_early = true;
}

static void jpeg_print_nothing(j_common_ptr common)
{
	(void)common;
}

/* Called at least once a scan. */
static void jpeg_watch_scans(j_common_ptr common)
{
	struct jpeg_reader *reader = common->client_data;

	for (int i = 0; i < reader->decompress.comps_in_scan; i++)
		reader->seen |= 1U << reader->decompress.cur_comp_info[i]->component_index;
	if (reader->decompress.input_scan_number > JPEG_SCANS_MAX)
		jpeg_fail_with(reader,
		               error_set(reader->error, -EINVAL, "the JPEG picture has more than %d scans", JPEG_SCANS_MAX));
}

/* Of a picture in several scans whole ones may be missing, which libjpeg does not mind. Progressive ones may leave the
 * last bits of coefficients (coef_bits) out on purpose, but not the whole of them (-1), nor where the file has no end.
 */
static void jpeg_check_scans(struct jpeg_reader *reader)
{
	const struct jpeg_decompress_struct *decompress = &reader->decompress;
	bool missing = false;

	for (int i = 0; i < decompress->num_components; i++) {
		missing = missing || !(reader->seen >> i & 1);
		for (int k = 0; k < DCTSIZE2 && decompress->coef_bits; k++)
			missing =
			    missing || decompress->coef_bits[i][k] < 0 || (reader->ends_early && decompress->coef_bits[i][k] > 0);
	}
	if (missing)
		jpeg_fail_with(reader,
		               error_set(reader->error, -EINVAL, "not a good JPEG picture: a part of its data is missing"));
}

static void jpeg_find_orientation(struct jpeg_reader *reader)
{
	for (jpeg_saved_marker_ptr marker = reader->decompress.marker_list; marker; marker = marker->next)
		if (marker->marker == JPEG_EXIF && marker->data_length > 4 && memcmp(marker->data, "Exif", 4) == 0) {
			reader->decoded->turned = exif_orientation(marker->data, marker->data_length);
			return;
		}
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

static uint8_t jpeg_tinted(unsigned light, unsigned black)
{
	return (uint8_t)((light * black + UINT8_MAX / 2) / UINT8_MAX);
}

/* Adobe's programs, and so nearly all, store ink as 255 - ink. */
static void jpeg_cmyk_to_rgb(const uint8_t *cmyk, size_t count, bool inverted, uint8_t *rgb)
{
	const unsigned flip = inverted ? 0 : UINT8_MAX;

	for (size_t i = 0; i < count; i++, cmyk += 4)
		for (int channel = 0; channel < FRAME_CHANNELS; channel++)
			*rgb++ = jpeg_tinted(cmyk[channel] ^ flip, cmyk[3] ^ flip);
}

static void jpeg_read_rows(struct jpeg_reader *reader)
{
	struct jpeg_decompress_struct *decompress = &reader->decompress;
	const size_t width = (size_t)reader->decoded->width, stride = frame_bytes(reader->decoded->width, 1);
	const bool cmyk = decompress->out_color_space == JCS_CMYK;
	JSAMPARRAY ink =
	    cmyk ? decompress->mem->alloc_sarray((j_common_ptr)decompress, JPOOL_IMAGE, (JDIMENSION)(4 * width), 1) : NULL;

	while (decompress->output_scanline < decompress->output_height) {
		JSAMPROW row = reader->decoded->rgb + decompress->output_scanline * stride;
		jpeg_read_scanlines(decompress, cmyk ? ink : &row, 1);
		if (cmyk)
			jpeg_cmyk_to_rgb(ink[0], width, decompress->saw_Adobe_marker, row);
	}
}

static J_COLOR_SPACE jpeg_output_space(J_COLOR_SPACE stored)
{
	return stored == JCS_CMYK || stored == JCS_YCCK ? JCS_CMYK : JCS_RGB;
}

static void jpeg_read(struct jpeg_reader *reader, const uint8_t *data, size_t bytes)
{
	struct jpeg_decompress_struct *decompress = &reader->decompress;

	jpeg_create_decompress(decompress);
	decompress->mem->max_memory_to_use = (long)DECODE_PIXELS_MAX * FRAME_CHANNELS; /* beyond it libjpeg fails */
	reader->progress.progress_monitor = jpeg_watch_scans;
	decompress->progress = &reader->progress;
	jpeg_mem_src(decompress, data, bytes);
	if (!reader->decoded->rgb) /* nobody turns a webcam's pictures */
		jpeg_save_markers(decompress, JPEG_EXIF, JPEG_MARKER_BYTES_MAX);
	jpeg_read_header(decompress, TRUE);
	jpeg_find_orientation(reader);
	jpeg_choose_size(reader);
	const bool several_scans = jpeg_has_multiple_scans(decompress);
	decompress->out_color_space = jpeg_output_space(decompress->jpeg_color_space);
	jpeg_start_decompress(decompress);
	jpeg_read_rows(reader);
	if (several_scans)
		jpeg_check_scans(reader);
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
