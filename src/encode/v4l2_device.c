#include "v4l2_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/videodev2.h>

enum {
	DEVICES = 64,           /* numbers that are tried; a Pi's encoder is 11 unless somebody moved it */
	BLOCK = 16,             /* pixels a side */
	BLOCKS_MAX = 8192,      /* of a picture at level 4.0, which is what the Pis' hardware is: 1920x1088 */
	BITRATE_MAX = 20000000, /* of level 4.0 below the high profile; beyond it the firmware hangs */
	PACKET_MIN_BYTES = 512 * 1024,
	RATE_UNITS = 1000,
};

int v4l2_device_ioctl(int fd, unsigned long request, void *argument)
{
	int result;
	do
		result = ioctl(fd, request, argument);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

static bool has_format(int fd, uint32_t type, uint32_t wanted)
{
	struct v4l2_fmtdesc format = { .type = type };
	for (; v4l2_device_ioctl(fd, VIDIOC_ENUM_FMT, &format) == 0; format.index++)
		if (format.pixelformat == wanted)
			return true;
	return false;
}

/* 0; -ENODEV: it is something else. */
static int identify(int fd, const char *path, char name[64])
{
	struct v4l2_capability able = { 0 };
	if (v4l2_device_ioctl(fd, VIDIOC_QUERYCAP, &able) < 0)
		return -ENODEV;
	uint32_t flags = able.capabilities & V4L2_CAP_DEVICE_CAPS ? able.device_caps : able.capabilities;
	if (!(flags & V4L2_CAP_VIDEO_M2M_MPLANE) || !(flags & V4L2_CAP_STREAMING) ||
	    !has_format(fd, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, V4L2_PIX_FMT_H264) ||
	    !has_format(fd, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, V4L2_PIX_FMT_YUV420))
		return -ENODEV;
	snprintf(name, 64, "%.31s (%.24s)", (const char *)able.card, path);
	return 0;
}

/* Descriptor, or -errno. */
static int open_one(const char *path, char name[64])
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int result = identify(fd, path, name);
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

static int find_any(char name[64], struct error *error)
{
	int refused = -1;
	for (int i = 0; i < DEVICES; i++) {
		char path[32];
		snprintf(path, sizeof path, "/dev/video%d", i);
		int fd = open_one(path, name);
		if (fd >= 0)
			return fd;
		if (fd == -EACCES || fd == -EPERM)
			refused = i;
	}
	if (refused >= 0)
		return error_set(error, -EACCES, "no H.264 hardware (/dev/video%d may not be opened: group video?)", refused);
	return error_set(error, -ENODEV, "no H.264 hardware");
}

int v4l2_device_open(const char *path, char name[64], struct error *error)
{
	if (!path[0])
		return find_any(name, error);
	int fd = open_one(path, name);
	if (fd == -ENODEV)
		return error_set(error, fd, "%.100s makes no H.264 of YUV420 pictures", path);
	return fd < 0 ? error_set_errno(error, fd, "cannot open %.100s", path) : fd;
}

static int set_control(int fd, uint32_t id, int value)
{
	struct v4l2_control control = { .id = id, .value = value };
	return v4l2_device_ioctl(fd, VIDIOC_S_CTRL, &control);
}

int v4l2_device_force_key(int fd)
{
	return set_control(fd, V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME, 1);
}

size_t v4l2_device_packet_bytes(int width, int height)
{
	size_t bytes = (size_t)width * (size_t)height / 2;
	return bytes < PACKET_MIN_BYTES ? PACKET_MIN_BYTES : bytes;
}

/* No B frames; parameter sets before each key frame; key frames when asked for, and seldom without. What a device does
 * not have it needs not be told. */
static int set_controls(int fd, const struct encoder_params *params, struct error *error)
{
	struct v4l2_queryctrl key = { .id = V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME };
	double gop = params->gop_s * params->framerate * 2 + 1;
	if (v4l2_device_ioctl(fd, VIDIOC_QUERYCTRL, &key) < 0 || key.flags & V4L2_CTRL_FLAG_DISABLED)
		return error_set(error, -ENOTSUP, "the hardware makes no key frames on demand");
	int bitrate = params->bitrate < BITRATE_MAX ? params->bitrate : BITRATE_MAX;
	int result = set_control(fd, V4L2_CID_MPEG_VIDEO_BITRATE, bitrate);
	if (result < 0)
		return error_set_errno(error, result, "the hardware takes no bit rate of %d kbit/s", bitrate / 1000);
	set_control(fd, V4L2_CID_MPEG_VIDEO_B_FRAMES, 0);
	set_control(fd, V4L2_CID_MPEG_VIDEO_H264_PROFILE, V4L2_MPEG_VIDEO_H264_PROFILE_MAIN);
	set_control(fd, V4L2_CID_MPEG_VIDEO_H264_LEVEL, V4L2_MPEG_VIDEO_H264_LEVEL_4_0);
	set_control(fd, V4L2_CID_MPEG_VIDEO_HEADER_MODE, V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME);
	set_control(fd, V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER, 1);
	set_control(fd, V4L2_CID_MPEG_VIDEO_H264_I_PERIOD, gop < 1e6 ? (int)gop : 1000000);
	return 0;
}

static int set_format(int fd, uint32_t type, struct v4l2_pix_format_mplane *pixels, struct error *error)
{
	struct v4l2_format format = { .type = type, .fmt.pix_mp = *pixels };
	int result = v4l2_device_ioctl(fd, VIDIOC_S_FMT, &format);
	if (result < 0)
		return error_set_errno(error, result, "the hardware refuses pictures of %ux%u", pixels->width, pixels->height);
	bool wrong = format.fmt.pix_mp.pixelformat != pixels->pixelformat || format.fmt.pix_mp.num_planes != 1;
	bool smaller = format.fmt.pix_mp.width < pixels->width || format.fmt.pix_mp.height < pixels->height;
	if (wrong || smaller)
		return error_set(error, -EINVAL, "the hardware takes no pictures of %ux%u (but %ux%u)", pixels->width,
		                 pixels->height, format.fmt.pix_mp.width, format.fmt.pix_mp.height);
	*pixels = format.fmt.pix_mp;
	return 0;
}

/* Where the device takes only whole blocks it is told how much of them the picture is. */
static int set_crop(int fd, const struct v4l2_layout *layout, struct error *error)
{
	struct v4l2_selection crop = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
		                           .target = V4L2_SEL_TGT_CROP,
		                           .r = { .width = (uint32_t)layout->width, .height = (uint32_t)layout->height } };
	int result = v4l2_device_ioctl(fd, VIDIOC_S_SELECTION, &crop);
	if (result == 0 && crop.r.width == (uint32_t)layout->width && crop.r.height == (uint32_t)layout->height)
		return 0;
	return error_set(error, -EINVAL, "the hardware cannot crop to %dx%d", layout->width, layout->height);
}

static int set_formats(int fd, struct v4l2_layout *layout, struct error *error)
{
	struct v4l2_pix_format_mplane raw = { .width = (uint32_t)layout->width,
		                                  .height = (uint32_t)layout->height,
		                                  .pixelformat = V4L2_PIX_FMT_YUV420,
		                                  .field = V4L2_FIELD_NONE,
		                                  .colorspace = V4L2_COLORSPACE_SMPTE170M,
		                                  .num_planes = 1 };
	struct v4l2_pix_format_mplane coded = raw;
	coded.pixelformat = V4L2_PIX_FMT_H264;
	coded.plane_fmt[0].sizeimage = (uint32_t)v4l2_device_packet_bytes(layout->width, layout->height);
	int result = set_format(fd, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, &coded, error);
	if (result == 0)
		result = set_format(fd, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, &raw, error);
	if (result < 0)
		return result;
	layout->stride = raw.plane_fmt[0].bytesperline;
	layout->rows = raw.height;
	layout->bytes = raw.plane_fmt[0].sizeimage;
	if (layout->stride < raw.width || layout->bytes < layout->stride * layout->rows * 3 / 2)
		return error_set(error, -EPROTO, "the hardware's buffers are too small for its pictures");
	bool padded = raw.width != (uint32_t)layout->width || raw.height != (uint32_t)layout->height;
	return padded ? set_crop(fd, layout, error) : 0;
}

int v4l2_device_configure(int fd, const struct encoder_params *params, struct v4l2_layout *layout, struct error *error)
{
	*layout = (struct v4l2_layout){ .width = params->width & ~1, .height = params->height & ~1 };
	int blocks = (layout->width + BLOCK - 1) / BLOCK * ((layout->height + BLOCK - 1) / BLOCK);
	if (blocks > BLOCKS_MAX || blocks == 0)
		return error_set(error, -EINVAL, "the hardware takes pictures of up to 1920x1080, not %dx%d", layout->width,
		                 layout->height);
	int result = set_controls(fd, params, error);
	if (result == 0)
		result = set_formats(fd, layout, error);
	if (result < 0)
		return result;
	double rate = params->framerate < 1 ? 1 : params->framerate;
	struct v4l2_streamparm timing = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE };
	timing.parm.output.timeperframe = (struct v4l2_fract){ RATE_UNITS, (uint32_t)(rate * RATE_UNITS) };
	v4l2_device_ioctl(fd, VIDIOC_S_PARM, &timing); /* for the rate control; without it the bit rate is another */
	return 0;
}
