#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "encoder_backend.h"

enum { ROWS = 16, SIDE_MAX = 65500, INSIDE_BYTES = 256 * 1024 };

struct mjpeg {
	struct jpeg_compress_struct compress;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf failed;
	char message[JMSG_LENGTH_MAX];
	bool no_memory, has_output;
	int quality;
	uint8_t *out;
	size_t room, bytes;
	int64_t timestamp_us;
};

static void fail(j_common_ptr common)
{
	struct mjpeg *mjpeg = common->client_data;
	common->err->format_message(common, mjpeg->message);
	mjpeg->no_memory |= common->err->msg_code == JERR_OUT_OF_MEMORY;
	longjmp(mjpeg->failed, 1);
}

static void ignore(j_common_ptr common)
{
	(void)common;
}

static void ignore_level(j_common_ptr common, int level)
{
	(void)common, (void)level;
}

static void begin_output(j_compress_ptr compress)
{
	struct mjpeg *mjpeg = compress->client_data;
	mjpeg->destination.next_output_byte = mjpeg->out;
	mjpeg->destination.free_in_buffer = mjpeg->room;
}

/* Called when the buffer is full, whatever free_in_buffer says. */
static boolean grow_output(j_compress_ptr compress)
{
	struct mjpeg *mjpeg = compress->client_data;
	uint8_t *grown = realloc(mjpeg->out, mjpeg->room * 2);
	if (!grown) {
		mjpeg->no_memory = true;
		fail((j_common_ptr)compress);
	}
	mjpeg->destination.next_output_byte = grown + mjpeg->room;
	mjpeg->destination.free_in_buffer = mjpeg->room;
	mjpeg->out = grown;
	mjpeg->room *= 2;
	return TRUE;
}

static void end_output(j_compress_ptr compress)
{
	struct mjpeg *mjpeg = compress->client_data;
	mjpeg->bytes = mjpeg->room - mjpeg->destination.free_in_buffer;
}

static void close_mjpeg(void *own)
{
	struct mjpeg *mjpeg = own;
	if (!mjpeg)
		return;
	jpeg_destroy_compress(&mjpeg->compress);
	free(mjpeg->out);
	free(mjpeg);
}

static bool create(struct mjpeg *mjpeg)
{
	mjpeg->compress.err = jpeg_std_error(&mjpeg->errors);
	mjpeg->compress.client_data = mjpeg;
	mjpeg->errors.error_exit = fail;
	mjpeg->errors.output_message = ignore;
	mjpeg->errors.emit_message = ignore_level;
	if (setjmp(mjpeg->failed) != 0)
		return false;
	jpeg_create_compress(&mjpeg->compress);
	mjpeg->destination.init_destination = begin_output;
	mjpeg->destination.empty_output_buffer = grow_output;
	mjpeg->destination.term_destination = end_output;
	mjpeg->compress.dest = &mjpeg->destination;
	return true;
}

static void *open_mjpeg(const struct encoder_params *params, char name[64], struct error *error)
{
	snprintf(name, 64, "MJPEG");
	if (params->width > SIDE_MAX || params->height > SIDE_MAX) {
		error_set(error, -EINVAL, "JPEG takes no pictures of more than %d pixels a side", SIDE_MAX);
		return NULL;
	}
	struct mjpeg *mjpeg = calloc(1, sizeof *mjpeg);
	if (mjpeg) {
		mjpeg->quality = params->jpeg_quality;
		mjpeg->room = frame_bytes(params->width, params->height) / 8 + 4096;
		mjpeg->out = malloc(mjpeg->room);
	}
	if (mjpeg && mjpeg->out && create(mjpeg))
		return mjpeg;
	if (mjpeg)
		free(mjpeg->out);
	free(mjpeg);
	error_set(error, -ENOMEM, "no memory for the MJPEG encoder");
	return NULL;
}

static void compress_frame(struct mjpeg *mjpeg, const struct frame *frame)
{
	struct jpeg_compress_struct *compress = &mjpeg->compress;
	const size_t stride = frame_bytes(frame->width, 1);
	JSAMPROW rows[ROWS];
	compress->image_width = (JDIMENSION)frame->width;
	compress->image_height = (JDIMENSION)frame->height;
	compress->input_components = FRAME_CHANNELS;
	compress->in_color_space = JCS_RGB;
	jpeg_set_defaults(compress); /* with it 4:2:0 */
	jpeg_set_quality(compress, mjpeg->quality, TRUE);
	jpeg_start_compress(compress, TRUE);
	while (compress->next_scanline < compress->image_height) {
		JDIMENSION count = 0;
		for (JDIMENSION y = compress->next_scanline; count < ROWS && y < compress->image_height; y++)
			rows[count++] = frame->pixels + y * stride;
		jpeg_write_scanlines(compress, rows, count);
	}
	jpeg_finish_compress(compress);
}

static bool compress_guarded(struct mjpeg *mjpeg, const struct frame *frame)
{
	if (setjmp(mjpeg->failed) != 0) {
		jpeg_abort_compress(&mjpeg->compress);
		return false;
	}
	compress_frame(mjpeg, frame);
	return true;
}

static int send_mjpeg(void *own, const struct frame *frame, const struct frame *next, int64_t timestamp_us, bool key,
                      struct error *error)
{
	struct mjpeg *mjpeg = own;
	(void)next, (void)key; /* each is a key frame */
	if (mjpeg->has_output)
		return 1;
	if (!compress_guarded(mjpeg, frame))
		return error_set(error, mjpeg->no_memory ? -ENOMEM : -EIO, "cannot make a JPEG picture: %.120s",
		                 mjpeg->message);
	mjpeg->timestamp_us = timestamp_us;
	mjpeg->has_output = true;
	return 0;
}

static int receive_mjpeg(void *own, int timeout_ms, struct encoder_output *output, struct error *error)
{
	struct mjpeg *mjpeg = own;
	(void)timeout_ms, (void)error;
	if (!mjpeg->has_output)
		return 0;
	mjpeg->has_output = false;
	*output = (struct encoder_output){
		.data = mjpeg->out, .bytes = mjpeg->bytes, .room = mjpeg->room, .timestamp_us = mjpeg->timestamp_us
	};
	return 1;
}

/* The buffer doubles at most to what the pixels take; libjpeg's rows are small beside it. */
static size_t mjpeg_scratch_bytes(int width, int height)
{
	return frame_bytes(width, height) + INSIDE_BYTES;
}

const struct encoder_backend encoder_mjpeg = { VIDEO_MJPEG, open_mjpeg,    close_mjpeg,
	                                           send_mjpeg,  receive_mjpeg, mjpeg_scratch_bytes };
