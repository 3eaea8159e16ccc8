/*
 * For LD_PRELOAD, or for a test to include: a V4L2 memory-to-memory device at /dev/video11 that encodes H.264, as a
 * Pi's bcm2835-codec does, with OpenH264 and a thread of its own. $SHIM_V4L2 says how it behaves, in words; unset:
 * there is no such device.
 *
 *   align      rounds heights up to 16 and wants to be told the crop (older drivers)
 *   shuffle    gives buffers back in another order than they came
 *   eagain     says EAGAIN each second time although something is ready
 *   eintr      says EINTR each third time
 *   apart      gives parameter sets in a buffer of their own
 *   hang=N     gives nothing after N frames            end=N     ends its stream after N frames: EPIPE
 *   damaged=N  the Nth picture is damaged              refuse    does not start streaming
 *   busy       cannot be opened                        no-key    makes no key frames on demand
 *   sleep=MS   takes so long for a frame               burn=MS   takes so much of a core for a frame
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "v4l2_device.h"

enum { V4L2_FDS = 1024, V4L2_SIDE_MIN = 32, V4L2_SIDE_MAX = 1920, V4L2_STRIDE = 64 };

static struct v4l2_device *v4l2_devices[V4L2_FDS];

int shim_open(const char *path, int flags, ...) __asm__("open");
int shim_open64(const char *path, int flags, ...) __asm__("open64");
int shim_close(int fd) __asm__("close");
int shim_ioctl(int fd, unsigned long request, ...) __asm__("ioctl");
void *shim_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) __asm__("mmap");
void *shim_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset) __asm__("mmap64");

/* --- what it answers; under the lock, but for streaming --- */

static int v4l2_query(struct v4l2_capability *able)
{
	memset(able, 0, sizeof *able);
	snprintf((char *)able->driver, sizeof able->driver, "bcm2835-codec");
	snprintf((char *)able->card, sizeof able->card, "bcm2835-codec-encode");
	able->device_caps = V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING;
	able->capabilities = able->device_caps | V4L2_CAP_DEVICE_CAPS;
	return 0;
}

static int v4l2_enumerate(struct v4l2_fmtdesc *format)
{
	static const uint32_t raw[] = { V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_NV12 }, coded[] = { V4L2_PIX_FMT_H264 };
	bool is_raw = format->type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	if (format->index >= (is_raw ? 2U : 1U))
		return -EINVAL;
	format->pixelformat = is_raw ? raw[format->index] : coded[format->index];
	return 0;
}

static uint32_t v4l2_clamp(uint32_t side)
{
	return side < V4L2_SIDE_MIN ? V4L2_SIDE_MIN : side > V4L2_SIDE_MAX ? V4L2_SIDE_MAX : side;
}

static struct v4l2_side *v4l2_side_of(struct v4l2_device *device, uint32_t type)
{
	if (type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE)
		return &device->frames;
	return type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE ? &device->packets : NULL;
}

static int v4l2_set_format(struct v4l2_device *device, struct v4l2_format *format)
{
	struct v4l2_pix_format_mplane *pixels = &format->fmt.pix_mp;
	struct v4l2_plane_pix_format *plane = &pixels->plane_fmt[0];
	struct v4l2_side *side = v4l2_side_of(device, format->type);
	if (!side)
		return -EINVAL;
	if (side->count > 0)
		return -EBUSY;
	pixels->width = v4l2_clamp(pixels->width);
	pixels->height = v4l2_clamp(pixels->height);
	pixels->num_planes = 1;
	if (side == &device->packets) {
		pixels->pixelformat = V4L2_PIX_FMT_H264;
		plane->bytesperline = 0;
		plane->sizeimage = plane->sizeimage < 512 << 10 ? 512 << 10 : plane->sizeimage;
	} else {
		pixels->pixelformat = V4L2_PIX_FMT_YUV420;
		if (v4l2_has("align"))
			pixels->height = (pixels->height + 15) & ~15U;
		plane->bytesperline = (pixels->width + V4L2_STRIDE - 1) & ~(V4L2_STRIDE - 1U);
		plane->sizeimage = plane->bytesperline * pixels->height * 3 / 2;
		device->width = device->crop_width = pixels->width;
		device->height = device->crop_height = device->rows = pixels->height;
		device->stride = plane->bytesperline;
	}
	side->bytes = plane->sizeimage;
	return 0;
}

static int v4l2_select(struct v4l2_device *device, struct v4l2_selection *selection)
{
	if (selection->type != V4L2_BUF_TYPE_VIDEO_OUTPUT || selection->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	if (selection->r.width > device->width || selection->r.height > device->height)
		return -EINVAL;
	device->crop_width = selection->r.width;
	device->crop_height = selection->r.height;
	return 0;
}

static int v4l2_control(struct v4l2_device *device, const struct v4l2_control *control)
{
	switch (control->id) {
	case V4L2_CID_MPEG_VIDEO_BITRATE:
		device->bitrate = control->value;
		return control->value >= 25000 && control->value <= 25000000 ? 0 : -ERANGE;
	case V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME:
		device->key = true;
		return v4l2_has("no-key") ? -EINVAL : 0;
	case V4L2_CID_MPEG_VIDEO_H264_PROFILE:
	case V4L2_CID_MPEG_VIDEO_H264_LEVEL:
	case V4L2_CID_MPEG_VIDEO_H264_I_PERIOD:
	case V4L2_CID_MPEG_VIDEO_HEADER_MODE:
	case V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER:
	case V4L2_CID_MPEG_VIDEO_B_FRAMES:
		return 0;
	default:
		return -EINVAL;
	}
}

static int v4l2_request_buffers(struct v4l2_device *device, struct v4l2_requestbuffers *request)
{
	struct v4l2_side *side = v4l2_side_of(device, request->type);
	if (!side || request->memory != V4L2_MEMORY_MMAP || side->bytes == 0)
		return -EINVAL;
	if (request->count > V4L2_SLOTS)
		request->count = V4L2_SLOTS;
	off_t page = sysconf(_SC_PAGESIZE), bytes = ((off_t)side->bytes + page - 1) / page * page;
	off_t end = lseek(device->memory, 0, SEEK_END);
	if (ftruncate(device->memory, end + bytes * request->count) < 0)
		return -ENOMEM;
	side->offset = end;
	side->count = request->count;
	lseek(device->memory, 0, SEEK_SET);
	for (uint32_t i = 0; i < side->count; i++) {
		void *data = mmap(NULL, side->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device->memory, end + bytes * i);
		side->slots[i] = (struct v4l2_slot){ .data = data };
	}
	return 0;
}

static int v4l2_query_buffer(struct v4l2_device *device, struct v4l2_buffer *buffer)
{
	struct v4l2_side *side = v4l2_side_of(device, buffer->type);
	off_t page = sysconf(_SC_PAGESIZE);
	if (!side || buffer->index >= side->count || buffer->length < 1)
		return -EINVAL;
	off_t bytes = ((off_t)side->bytes + page - 1) / page * page;
	buffer->m.planes[0].length = side->bytes;
	buffer->m.planes[0].m.mem_offset = (uint32_t)(side->offset + bytes * buffer->index);
	return 0;
}

static int v4l2_queue_buffer(struct v4l2_device *device, const struct v4l2_buffer *buffer)
{
	struct v4l2_side *side = v4l2_side_of(device, buffer->type);
	if (!side || buffer->index >= side->count || buffer->memory != V4L2_MEMORY_MMAP)
		return -EINVAL;
	struct v4l2_slot *slot = &side->slots[buffer->index];
	if (slot->state != SLOT_OURS)
		return -EINVAL;
	if (side == &device->frames && buffer->m.planes[0].bytesused != side->bytes)
		return -EINVAL;
	slot->state = SLOT_QUEUED;
	slot->turn = ++device->turn;
	slot->timestamp = buffer->timestamp;
	pthread_cond_signal(&device->wake);
	return 0;
}

static int v4l2_dequeue_buffer(struct v4l2_device *device, struct v4l2_buffer *buffer)
{
	struct v4l2_side *side = v4l2_side_of(device, buffer->type);
	uint64_t one;
	if (!side || !side->streaming)
		return -EINVAL;
	struct v4l2_slot *slot = v4l2_find(side, SLOT_DONE, side == &device->frames && v4l2_has("shuffle"));
	if (!slot)
		return side == &device->packets && device->ended ? -EPIPE : -EAGAIN;
	if (v4l2_has("eagain") && ++device->dequeued % 2 != 0)
		return -EAGAIN;
	slot->state = SLOT_OURS;
	buffer->index = (uint32_t)(slot - side->slots);
	buffer->flags = slot->flags;
	buffer->timestamp = slot->timestamp;
	buffer->m.planes[0].bytesused = slot->used;
	if (side == &device->packets && read(device->ready, &one, sizeof one) < 0)
		abort();
	pthread_cond_signal(&device->wake);
	return 0;
}

static int v4l2_stream(struct v4l2_device *device, uint32_t type, bool on)
{
	struct v4l2_side *side = v4l2_side_of(device, type);
	if (!side || side->count == 0 || (on && v4l2_has("refuse")))
		return on ? -EIO : 0;
	if (!on)
		v4l2_stop_thread(device);
	pthread_mutex_lock(&device->lock);
	side->streaming = on;
	for (uint32_t i = 0; !on && i < side->count; i++)
		side->slots[i].state = SLOT_OURS;
	bool both = device->frames.streaming && device->packets.streaming;
	pthread_mutex_unlock(&device->lock);
	return both ? v4l2_start_thread(device) : 0;
}

static int v4l2_answer(struct v4l2_device *device, unsigned long request, void *argument)
{
	struct v4l2_streamparm *timing = argument;
	switch (request) {
	case VIDIOC_QUERYCAP:
		return v4l2_query(argument);
	case VIDIOC_ENUM_FMT:
		return v4l2_enumerate(argument);
	case VIDIOC_S_FMT:
		return v4l2_set_format(device, argument);
	case VIDIOC_S_SELECTION:
		return v4l2_select(device, argument);
	case VIDIOC_QUERYCTRL:
		return v4l2_has("no-key") ? -EINVAL : 0;
	case VIDIOC_S_CTRL:
		return v4l2_control(device, argument);
	case VIDIOC_S_PARM:
		device->rate =
		    (float)timing->parm.output.timeperframe.denominator / (float)timing->parm.output.timeperframe.numerator;
		return 0;
	case VIDIOC_REQBUFS:
		return v4l2_request_buffers(device, argument);
	case VIDIOC_QUERYBUF:
		return v4l2_query_buffer(device, argument);
	case VIDIOC_QBUF:
		return v4l2_queue_buffer(device, argument);
	case VIDIOC_DQBUF:
		return v4l2_dequeue_buffer(device, argument);
	default:
		return -ENOTTY;
	}
}

/* --- in place of the C library's --- */

static struct v4l2_device *v4l2_device_of(int fd)
{
	return fd >= 0 && fd < V4L2_FDS ? v4l2_devices[fd] : NULL;
}

int shim_ioctl(int fd, unsigned long request, ...)
{
	va_list more;
	va_start(more, request);
	void *argument = va_arg(more, void *);
	va_end(more);
	struct v4l2_device *device = v4l2_device_of(fd);
	if (!device)
		return ((int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl"))(fd, request, argument);
	int result;
	if (request == VIDIOC_STREAMON || request == VIDIOC_STREAMOFF) {
		result = v4l2_stream(device, *(uint32_t *)argument, request == VIDIOC_STREAMON);
	} else {
		pthread_mutex_lock(&device->lock);
		bool interrupted = v4l2_has("eintr") && ++device->asked % 3 == 0;
		result = interrupted ? -EINTR : v4l2_answer(device, request, argument);
		pthread_mutex_unlock(&device->lock);
	}
	errno = result < 0 ? -result : errno;
	return result < 0 ? -1 : result;
}

static int v4l2_open(void)
{
	struct v4l2_device *device = calloc(1, sizeof *device);
	if (v4l2_has("busy") || !device) {
		free(device);
		errno = EBUSY;
		return -1;
	}
	device->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	device->memory = memfd_create("v4l2", MFD_CLOEXEC);
	device->rate = 30;
	if (device->ready < 0 || device->ready >= V4L2_FDS || device->memory < 0)
		abort();
	pthread_mutex_init(&device->lock, NULL);
	pthread_cond_init(&device->wake, NULL);
	v4l2_devices[device->ready] = device;
	return device->ready;
}

static int v4l2_open_any(const char *symbol, const char *path, int flags, mode_t mode)
{
	if (getenv("SHIM_V4L2") && strcmp(path, "/dev/video11") == 0)
		return v4l2_open();
	return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, symbol))(path, flags, mode);
}

int shim_open(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
	va_end(more);
	return v4l2_open_any("open", path, flags, mode);
}

int shim_open64(const char *path, int flags, ...)
{
	va_list more;
	va_start(more, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
	va_end(more);
	return v4l2_open_any("open64", path, flags, mode);
}

static void v4l2_free(struct v4l2_device *device)
{
	v4l2_stop_thread(device);
	struct v4l2_side *sides[] = { &device->frames, &device->packets };
	for (int s = 0; s < 2; s++)
		for (uint32_t i = 0; i < sides[s]->count; i++)
			munmap(sides[s]->slots[i].data, sides[s]->bytes);
	if (device->encoder) {
		(*device->encoder)->Uninitialize(device->encoder);
		WelsDestroySVCEncoder(device->encoder);
	}
	pthread_cond_destroy(&device->wake);
	pthread_mutex_destroy(&device->lock);
	close(device->memory);
	free(device);
}

int shim_close(int fd)
{
	struct v4l2_device *device = v4l2_device_of(fd);
	if (device) {
		v4l2_devices[fd] = NULL;
		v4l2_free(device);
	}
	return ((int (*)(int))dlsym(RTLD_NEXT, "close"))(fd);
}

/* Sanitizers map memory before dlsym works, and before they do. */
#define V4L2_EARLY __attribute__((no_sanitize("thread")))

V4L2_EARLY static void *v4l2_map(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	const struct v4l2_device *device = fd >= 0 && fd < V4L2_FDS ? v4l2_devices[fd] : NULL;
	long result = syscall(SYS_mmap, at, bytes, protection, flags, device ? device->memory : fd, offset);
	return result == -1 ? MAP_FAILED : (void *)result; /* NOLINT(performance-no-int-to-ptr) */
}

V4L2_EARLY void *shim_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return v4l2_map(at, bytes, protection, flags, fd, offset);
}

V4L2_EARLY void *shim_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	return v4l2_map(at, bytes, protection, flags, fd, offset);
}
