#include "media/thumbnail.h"

#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jpeglib.h>

enum { QUALITY = 78, SCALE_PARTS = 8, SIDE_MAX = 16384 };

struct thumbnailer {
	struct jpeg_decompress_struct in;
	struct jpeg_compress_struct out;
	struct jpeg_error_mgr errors;
	jmp_buf failed;
	bool has_out;
	FILE *file;
	unsigned char *row, *jpeg;
	unsigned long length;
	struct error *error;
	int code;
};

static void fail(j_common_ptr common)
{
	struct thumbnailer *thumbnailer = common->client_data;
	char message[JMSG_LENGTH_MAX];
	common->err->format_message(common, message);
	thumbnailer->code = error_set(thumbnailer->error, -EINVAL, "not a good JPEG picture: %s", message);
	longjmp(thumbnailer->failed, 1);
}

static void say_nothing(j_common_ptr common)
{
	(void)common;
}

static void fail_with(struct thumbnailer *thumbnailer, int code, const char *why)
{
	thumbnailer->code = error_set(thumbnailer->error, code, "%s", why);
	longjmp(thumbnailer->failed, 1);
}

/* The least of the eighths that is wide enough. */
static void start_in(struct thumbnailer *thumbnailer, int width)
{
	struct jpeg_decompress_struct *in = &thumbnailer->in;
	jpeg_create_decompress(in);
	jpeg_stdio_src(in, thumbnailer->file);
	jpeg_read_header(in, TRUE);
	if (in->image_width > SIDE_MAX || in->image_height > SIDE_MAX || in->num_components == 4)
		fail_with(thumbnailer, -EINVAL, "no picture for a thumbnail");
	if (jpeg_has_multiple_scans(in) && in->image_width * in->image_height > 16U << 20)
		fail_with(thumbnailer, -EINVAL, "a progressive picture that is too large for a thumbnail");
	in->out_color_space = JCS_RGB;
	in->dct_method = JDCT_IFAST;
	in->scale_denom = SCALE_PARTS;
	for (in->scale_num = 1; in->scale_num < SCALE_PARTS; in->scale_num++) {
		jpeg_calc_output_dimensions(in);
		if (in->output_width >= (JDIMENSION)width)
			break;
	}
	jpeg_start_decompress(in);
}

static void start_out(struct thumbnailer *thumbnailer)
{
	struct jpeg_compress_struct *out = &thumbnailer->out;
	jpeg_create_compress(out);
	thumbnailer->has_out = true;
	jpeg_mem_dest(out, &thumbnailer->jpeg, &thumbnailer->length);
	out->image_width = thumbnailer->in.output_width;
	out->image_height = thumbnailer->in.output_height;
	out->input_components = 3;
	out->in_color_space = JCS_RGB;
	jpeg_set_defaults(out);
	jpeg_set_quality(out, QUALITY, TRUE);
	jpeg_start_compress(out, TRUE);
}

static void copy_rows(struct thumbnailer *thumbnailer)
{
	thumbnailer->row = malloc((size_t)thumbnailer->in.output_width * 3);
	if (!thumbnailer->row)
		fail_with(thumbnailer, -ENOMEM, "no memory for a thumbnail");
	while (thumbnailer->in.output_scanline < thumbnailer->in.output_height) {
		jpeg_read_scanlines(&thumbnailer->in, &thumbnailer->row, 1);
		jpeg_write_scanlines(&thumbnailer->out, &thumbnailer->row, 1);
	}
	jpeg_finish_compress(&thumbnailer->out);
}

static void run(struct thumbnailer *thumbnailer, int width)
{
	thumbnailer->in.err = thumbnailer->out.err = jpeg_std_error(&thumbnailer->errors);
	thumbnailer->in.client_data = thumbnailer->out.client_data = thumbnailer;
	thumbnailer->errors.error_exit = fail;
	thumbnailer->errors.output_message = say_nothing;
	if (setjmp(thumbnailer->failed) == 0) {
		start_in(thumbnailer, width);
		start_out(thumbnailer);
		copy_rows(thumbnailer);
	}
	jpeg_destroy_decompress(&thumbnailer->in);
	if (thumbnailer->has_out)
		jpeg_destroy_compress(&thumbnailer->out);
	free(thumbnailer->row);
}

int thumbnail_make(int fd, int width, struct thumbnail *thumbnail, struct error *error)
{
	struct thumbnailer *thumbnailer = calloc(1, sizeof *thumbnailer);
	int copy = dup(fd);
	if (thumbnailer && copy >= 0)
		thumbnailer->file = fdopen(copy, "rb");
	if (!thumbnailer || !thumbnailer->file) {
		if (copy >= 0)
			close(copy);
		free(thumbnailer);
		return error_set(error, -ENOMEM, "no memory for a thumbnail");
	}
	thumbnailer->error = error;
	run(thumbnailer, width);
	fclose(thumbnailer->file);
	int code = thumbnailer->code;
	*thumbnail = (struct thumbnail){ .jpeg = thumbnailer->jpeg, .length = thumbnailer->length };
	if (code < 0) {
		free(thumbnailer->jpeg);
		thumbnail->jpeg = NULL;
	}
	free(thumbnailer);
	return code;
}
