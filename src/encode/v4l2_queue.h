/* One of the two queues of a V4L2 memory-to-memory device, its buffers mapped. Buffers come back in any order. Private
 * to the encoders. */
#ifndef PASTCAM_ENCODE_V4L2_QUEUE_H
#define PASTCAM_ENCODE_V4L2_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { V4L2_QUEUE_BUFFERS = 8 };

struct v4l2_queue {
	int fd;
	uint32_t type; /* V4L2_BUF_TYPE_… */
	size_t count;
	struct {
		uint8_t *data;
		size_t bytes;
		bool queued; /* it is the device's */
	} buffers[V4L2_QUEUE_BUFFERS];
};

/* Asks for count buffers (a device may give more or fewer) and maps them. 0, or -errno. */
int v4l2_queue_create(struct v4l2_queue *queue, int fd, uint32_t type, size_t count, struct error *error);
void v4l2_queue_destroy(struct v4l2_queue *queue); /* not created is fine */

int v4l2_queue_start(struct v4l2_queue *queue); /* 0, or -errno */
void v4l2_queue_stop(struct v4l2_queue *queue); /* all buffers are ours again */

/* A buffer that is not the device's; -1: none. */
int v4l2_queue_free_buffer(const struct v4l2_queue *queue);

/* Gives the device a buffer of which bytes are filled. 0, or -errno. */
int v4l2_queue_put(struct v4l2_queue *queue, size_t index, size_t bytes, int64_t timestamp_us);

struct v4l2_taken {
	size_t index, bytes;
	int64_t timestamp_us;
	bool damaged, last; /* last: of the stream; bytes may be 0 */
};

/* Takes a buffer that the device is done with. 1; 0: there is none yet; -errno, -EPIPE after the last. */
int v4l2_queue_take(struct v4l2_queue *queue, struct v4l2_taken *taken);

#endif
