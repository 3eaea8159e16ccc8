/*
 * Memory that a camera can write and we can read: a dma-buf from one of the kernel's heaps, else a memfd (good enough
 * for cameras without hardware). Capture thread.
 */
#ifndef PASTCAM_CAMERA_DMA_BUFFER_H
#define PASTCAM_CAMERA_DMA_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct dma_buffer {
	int fd;          /* -1 when there is none */
	uint8_t *memory; /* the whole of it, mapped for reading and writing */
	size_t bytes;
	bool is_dma_buf; /* false: a memfd, which needs no synchronising and counts towards our RSS */
};
#define DMA_BUFFER_NULL ((struct dma_buffer){ .fd = -1 })

/* Tries /dev/dma_heap/vidbuf_cached, linux,cma, system, then a memfd. -errno when none gives this much. */
int dma_buffer_allocate(struct dma_buffer *buffer, size_t bytes, struct error *error);
void dma_buffer_free(struct dma_buffer *buffer); /* DMA_BUFFER_NULL is fine */

/* Maps a dma-buf that somebody else made; fd stays theirs until dma_buffer_unmap, which leaves it open. */
int dma_buffer_map(struct dma_buffer *buffer, int fd, size_t bytes, struct error *error);
void dma_buffer_unmap(struct dma_buffer *buffer);

/* Around every read of what the hardware wrote; nothing for a memfd. */
void dma_buffer_begin_read(const struct dma_buffer *buffer);
void dma_buffer_end_read(const struct dma_buffer *buffer);

#endif
