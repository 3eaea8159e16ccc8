/* A V4L2 memory-to-memory device that encodes H.264: how it is found and told what to do. Private to the encoders.
 * After the kernel's "Memory-to-Memory Stateful Video Encoder Interface". */
#ifndef PASTCAM_ENCODE_V4L2_DEVICE_H
#define PASTCAM_ENCODE_V4L2_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "encode/encoder.h"

/* ioctl that is not ended by signals. 0, or -errno. */
int v4l2_device_ioctl(int fd, unsigned long request, void *argument);

/* path: "" for the first one that can. Returns a descriptor that never blocks and fills name in, or -errno. */
int v4l2_device_open(const char *path, char name[64], struct error *error);

/* How pictures lie in the device's buffers: planes Y, U, V one after another, U and V with half the stride. */
struct v4l2_layout {
	int width, height;          /* of the picture, even */
	size_t stride, rows, bytes; /* of Y, and of all */
};

/* Formats, bit rate, profile and whatever else is set before there are buffers. 0, or -errno. */
int v4l2_device_configure(int fd, const struct encoder_params *params, struct v4l2_layout *layout, struct error *error);

/* Makes the next frame a key frame. 0, or -errno. */
int v4l2_device_force_key(int fd);

/* The most that the device's buffer for a compressed picture takes, bytes. */
size_t v4l2_device_packet_bytes(int width, int height);

#endif
