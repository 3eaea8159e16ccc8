#include "v4l2_queue.h"

#include <errno.h>
#include <sys/mman.h>

#include <linux/videodev2.h>

#include "base/number.h"
#include "v4l2_device.h"

static int map_buffer(struct v4l2_queue *queue, size_t index)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = {
		.index = (uint32_t)index, .type = queue->type, .memory = V4L2_MEMORY_MMAP, .m.planes = &plane, .length = 1
	};
	int result = v4l2_device_ioctl(queue->fd, VIDIOC_QUERYBUF, &buffer);
	if (result < 0)
		return result;
	void *data = mmap(NULL, plane.length, PROT_READ | PROT_WRITE, MAP_SHARED, queue->fd, (off_t)plane.m.mem_offset);
	if (data == MAP_FAILED)
		return -errno;
	queue->buffers[index].data = data;
	queue->buffers[index].bytes = plane.length;
	return 0;
}

int v4l2_queue_create(struct v4l2_queue *queue, int fd, uint32_t type, size_t count, struct error *error)
{
	struct v4l2_requestbuffers request = { .count = (uint32_t)count, .type = type, .memory = V4L2_MEMORY_MMAP };
	*queue = (struct v4l2_queue){ .fd = fd, .type = type };
	int result = v4l2_device_ioctl(fd, VIDIOC_REQBUFS, &request);
	if (result == 0 && request.count == 0)
		result = -ENOMEM;
	size_t given = min_size(request.count, V4L2_QUEUE_BUFFERS);
	for (; result == 0 && queue->count < given; queue->count++)
		result = map_buffer(queue, queue->count);
	return result == 0 ? 0 : error_set_errno(error, result, "the hardware gives no buffers");
}

void v4l2_queue_destroy(struct v4l2_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		if (queue->buffers[i].data)
			munmap(queue->buffers[i].data, queue->buffers[i].bytes);
	queue->count = 0;
}

int v4l2_queue_start(struct v4l2_queue *queue)
{
	int type = (int)queue->type;
	return v4l2_device_ioctl(queue->fd, VIDIOC_STREAMON, &type);
}

void v4l2_queue_stop(struct v4l2_queue *queue)
{
	int type = (int)queue->type;
	if (queue->count > 0)
		v4l2_device_ioctl(queue->fd, VIDIOC_STREAMOFF, &type);
	for (size_t i = 0; i < queue->count; i++)
		queue->buffers[i].queued = false;
}

int v4l2_queue_free_buffer(const struct v4l2_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		if (!queue->buffers[i].queued)
			return (int)i;
	return -1;
}

int v4l2_queue_put(struct v4l2_queue *queue, size_t index, size_t bytes, int64_t timestamp_us)
{
	struct v4l2_plane plane = { .bytesused = (uint32_t)bytes, .length = (uint32_t)queue->buffers[index].bytes };
	struct v4l2_buffer buffer = { .index = (uint32_t)index,
		                          .type = queue->type,
		                          .memory = V4L2_MEMORY_MMAP,
		                          .field = V4L2_FIELD_NONE,
		                          .m.planes = &plane,
		                          .length = 1 };
	buffer.timestamp.tv_sec = timestamp_us / 1000000;
	buffer.timestamp.tv_usec = timestamp_us % 1000000;
	int result = v4l2_device_ioctl(queue->fd, VIDIOC_QBUF, &buffer);
	queue->buffers[index].queued |= result == 0;
	return result;
}

int v4l2_queue_take(struct v4l2_queue *queue, struct v4l2_taken *taken)
{
	struct v4l2_plane plane = { 0 };
	struct v4l2_buffer buffer = { .type = queue->type, .memory = V4L2_MEMORY_MMAP, .m.planes = &plane, .length = 1 };
	int result = v4l2_device_ioctl(queue->fd, VIDIOC_DQBUF, &buffer);
	if (result == -EAGAIN)
		return 0;
	if (result < 0)
		return result;
	if (buffer.index >= queue->count)
		return -EPROTO;
	queue->buffers[buffer.index].queued = false;
	*taken = (struct v4l2_taken){
		.index = buffer.index,
		.bytes = min_size(plane.bytesused, queue->buffers[buffer.index].bytes),
		.timestamp_us = (int64_t)buffer.timestamp.tv_sec * 1000000 + buffer.timestamp.tv_usec,
		.damaged = buffer.flags & V4L2_BUF_FLAG_ERROR,
		.last = buffer.flags & V4L2_BUF_FLAG_LAST,
	};
	return 1;
}
