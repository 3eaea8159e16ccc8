/*
 * The hardware encoder of a Pi 0 to 4 (bcm2835-codec), or any V4L2 device that makes H.264 of YUV420.
 *
 * It works while we do something else: some frames are inside at once. It is never drained: each frame comes out by
 * itself. A device that ends its stream (an empty last buffer, then EPIPE), gives damaged pictures or hangs is an
 * error, after which it is closed; who called opens it again.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "base/clock.h"
#include "encoder_backend.h"
#include "i420.h"
#include "v4l2_device.h"
#include "v4l2_queue.h"

enum {
	FRAMES_INSIDE = 3,
	PACKET_BUFFERS = 4,
	EXTRA_ROOM = 256, /* for what h264_to_packet may need more than came */
	STRIDE_STEP = 64, /* the most to which a row is rounded up, and 16 rows */
	ROWS_STEP = 16,
};

struct v4l2 {
	int fd;
	const char *name;
	struct v4l2_layout layout;
	struct v4l2_queue frames, packets; /* in V4L2's words: output, capture */
	uint8_t *out;                      /* a packet; the device's own memory is slow to read twice */
	size_t out_room;
};

static void close_v4l2(void *own)
{
	struct v4l2 *v4l2 = own;
	if (!v4l2)
		return;
	v4l2_queue_stop(&v4l2->frames);
	v4l2_queue_stop(&v4l2->packets);
	v4l2_queue_destroy(&v4l2->frames);
	v4l2_queue_destroy(&v4l2->packets);
	if (v4l2->fd >= 0)
		close(v4l2->fd);
	free(v4l2->out);
	free(v4l2);
}

static int make_queues(struct v4l2 *v4l2, struct error *error)
{
	int result = v4l2_queue_create(&v4l2->frames, v4l2->fd, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, FRAMES_INSIDE, error);
	if (result == 0)
		result = v4l2_queue_create(&v4l2->packets, v4l2->fd, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, PACKET_BUFFERS, error);
	if (result < 0)
		return result;
	if (v4l2->frames.buffers[0].bytes < v4l2->layout.bytes)
		return error_set(error, -EPROTO, "the hardware's buffers are too small for its pictures");
	for (size_t i = 0; result == 0 && i < v4l2->packets.count; i++)
		result = v4l2_queue_put(&v4l2->packets, i, 0, 0);
	if (result == 0)
		result = v4l2_queue_start(&v4l2->frames);
	if (result == 0)
		result = v4l2_queue_start(&v4l2->packets);
	return result == 0 ? 0 : error_set_errno(error, result, "%s does not start", v4l2->name);
}

static int start(struct v4l2 *v4l2, const struct encoder_params *params, char name[64], struct error *error)
{
	v4l2->name = name;
	v4l2->fd = v4l2_device_open(params->device, name, error);
	if (v4l2->fd < 0)
		return v4l2->fd;
	int result = v4l2_device_configure(v4l2->fd, params, &v4l2->layout, error);
	return result == 0 ? make_queues(v4l2, error) : result;
}

static void *open_v4l2(const struct encoder_params *params, char name[64], struct error *error)
{
	struct v4l2 *v4l2 = calloc(1, sizeof *v4l2);
	if (!v4l2) {
		error_set(error, -ENOMEM, "no memory for the hardware encoder");
		return NULL;
	}
	v4l2->fd = -1;
	if (start(v4l2, params, name, error) == 0)
		return v4l2;
	close_v4l2(v4l2);
	return NULL;
}

/* Frames that the device has read. 0, or -errno. */
static int take_back_frames(struct v4l2 *v4l2, struct error *error)
{
	struct v4l2_taken taken;
	int result;
	while ((result = v4l2_queue_take(&v4l2->frames, &taken)) > 0)
		if (taken.damaged)
			return error_set(error, -EIO, "%s could not read a frame", v4l2->name);
	return result < 0 ? error_set_errno(error, result, "%s gives frames back no more", v4l2->name) : 0;
}

static void fill(const struct v4l2_layout *layout, const struct frame *frame, uint8_t *data)
{
	size_t luma = layout->stride * layout->rows;
	struct i420 picture = { .width = layout->width,
		                    .height = layout->height,
		                    .y = data,
		                    .u = data + luma,
		                    .v = data + luma + luma / 4,
		                    .stride_y = (int)layout->stride,
		                    .stride_uv = (int)layout->stride / 2 };
	i420_from_frame(frame, &picture);
}

static int send_v4l2(void *own, const struct frame *frame, const struct frame *next, int64_t timestamp_us, bool key,
                     struct error *error)
{
	struct v4l2 *v4l2 = own;
	(void)next; /* the device converts nothing, and works beside this thread */
	int result = take_back_frames(v4l2, error);
	if (result < 0)
		return result;
	int index = v4l2_queue_free_buffer(&v4l2->frames);
	if (index < 0)
		return 1;
	if (key && (result = v4l2_device_force_key(v4l2->fd)) < 0)
		return error_set_errno(error, result, "%s makes no key frame", v4l2->name);
	fill(&v4l2->layout, frame, v4l2->frames.buffers[index].data);
	result = v4l2_queue_put(&v4l2->frames, (size_t)index, v4l2->layout.bytes, timestamp_us);
	return result < 0 ? error_set_errno(error, result, "%s takes no frame", v4l2->name) : 0;
}

static bool make_room(struct v4l2 *v4l2, size_t bytes)
{
	if (bytes <= v4l2->out_room)
		return true;
	uint8_t *grown = realloc(v4l2->out, bytes * 2);
	if (!grown)
		return false;
	v4l2->out = grown;
	v4l2->out_room = bytes * 2;
	return true;
}

/* 1: output is set; 0: the buffer was empty; -errno. */
static int keep(struct v4l2 *v4l2, const struct v4l2_taken *taken, struct encoder_output *output, struct error *error)
{
	if (taken->last)
		return error_set(error, -EPIPE, "%s has ended its video", v4l2->name);
	if (taken->damaged)
		return error_set(error, -EIO, "%s gave a damaged picture", v4l2->name);
	if (taken->bytes == v4l2->packets.buffers[taken->index].bytes)
		return error_set(error, -EMSGSIZE, "%s made a picture larger than its buffer", v4l2->name);
	if (!make_room(v4l2, taken->bytes + EXTRA_ROOM))
		return error_set(error, -ENOMEM, "no memory for a packet of %zu bytes", taken->bytes);
	memcpy(v4l2->out, v4l2->packets.buffers[taken->index].data, taken->bytes);
	int result = v4l2_queue_put(&v4l2->packets, taken->index, 0, 0);
	if (result < 0)
		return error_set_errno(error, result, "%s takes no buffer back", v4l2->name);
	*output = (struct encoder_output){
		.data = v4l2->out, .bytes = taken->bytes, .room = v4l2->out_room, .timestamp_us = taken->timestamp_us
	};
	return taken->bytes > 0;
}

static int take_packet(struct v4l2 *v4l2, struct encoder_output *output, struct error *error)
{
	struct v4l2_taken taken;
	int result = v4l2_queue_take(&v4l2->packets, &taken);
	if (result < 0)
		return error_set_errno(error, result, "%s gives no more video", v4l2->name);
	return result > 0 ? keep(v4l2, &taken, output, error) : 0;
}

/* 1: there may be a packet; 0: none before end_ns; -errno. */
static int wait_for_packet(const struct v4l2 *v4l2, int64_t end_ns, struct error *error)
{
	struct pollfd wanted = { .fd = v4l2->fd, .events = POLLIN };
	int64_t left_ms = (end_ns - clock_now_ns() + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS;
	if (left_ms <= 0 || poll(&wanted, 1, (int)left_ms) <= 0)
		return 0;
	if (wanted.revents & POLLIN)
		return 1;
	return error_set(error, -EIO, "%s has stopped", v4l2->name);
}

static int receive_v4l2(void *own, int timeout_ms, struct encoder_output *output, struct error *error)
{
	struct v4l2 *v4l2 = own;
	int64_t end_ns = clock_now_ns() + (int64_t)timeout_ms * CLOCK_NS_PER_MS;
	int result, waited = 1;
	while ((result = take_packet(v4l2, output, error)) == 0 && waited > 0)
		waited = wait_for_packet(v4l2, end_ns, error);
	return result == 0 ? waited : result;
}

static size_t v4l2_scratch_bytes(int width, int height)
{
	size_t stride = ((size_t)width + STRIDE_STEP - 1) / STRIDE_STEP * STRIDE_STEP;
	size_t rows = ((size_t)height + ROWS_STEP - 1) / ROWS_STEP * ROWS_STEP;
	return FRAMES_INSIDE * stride * rows * 3 / 2 + (PACKET_BUFFERS + 2) * v4l2_device_packet_bytes(width, height);
}

const struct encoder_backend encoder_v4l2 = { VIDEO_H264, open_v4l2,    close_v4l2,
	                                          send_v4l2,  receive_v4l2, v4l2_scratch_bytes };
