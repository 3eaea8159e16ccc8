#include "dma_buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Cached memory first: the CPU reads every pixel, and uncached reads are many times slower. */
static const char *const heaps[] = { "/dev/dma_heap/vidbuf_cached", "/dev/dma_heap/linux,cma", "/dev/dma_heap/system" };

static int from_heap(const char *path, size_t bytes)
{
	struct dma_heap_allocation_data request = { .len = bytes, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open(path, O_RDWR | O_CLOEXEC);

	if (heap < 0)
		return -errno;
	int rc = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &request) < 0 ? -errno : (int)request.fd;
	close(heap);
	return rc;
}

static int from_memory(size_t bytes)
{
	int fd = memfd_create("pastcam-camera", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)bytes) == 0)
		return fd;
	int rc = -errno;
	close(fd);
	return rc;
}

static int allocate(size_t bytes, bool *is_dma_buf)
{
	*is_dma_buf = true;
	for (size_t i = 0; i < sizeof heaps / sizeof heaps[0]; i++) {
		int fd = from_heap(heaps[i], bytes);
		if (fd >= 0)
			return fd;
	}
	*is_dma_buf = false;
	return from_memory(bytes);
}

int dma_buffer_map(struct dma_buffer *buffer, int fd, size_t bytes, struct error *error)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);

	if (memory == MAP_FAILED)
		return error_set_errno(error, -errno, "cannot map a camera buffer of %zu bytes", bytes);
	*buffer = (struct dma_buffer){ .fd = fd, .memory = memory, .bytes = bytes, .is_dma_buf = true };
	return 0;
}

void dma_buffer_unmap(struct dma_buffer *buffer)
{
	if (buffer->memory)
		munmap(buffer->memory, buffer->bytes);
	*buffer = DMA_BUFFER_NULL;
}

int dma_buffer_allocate(struct dma_buffer *buffer, size_t bytes, struct error *error)
{
	bool is_dma_buf;
	int fd = allocate(bytes, &is_dma_buf);

	*buffer = DMA_BUFFER_NULL;
	if (fd < 0)
		return error_set_errno(error, fd, "no camera buffer of %zu bytes", bytes);
	int rc = dma_buffer_map(buffer, fd, bytes, error);
	if (rc < 0)
		close(fd);
	else
		buffer->is_dma_buf = is_dma_buf;
	return rc;
}

void dma_buffer_free(struct dma_buffer *buffer)
{
	int fd = buffer->fd;

	dma_buffer_unmap(buffer);
	if (fd >= 0)
		close(fd);
}

static void synchronise(const struct dma_buffer *buffer, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	if (!buffer->is_dma_buf)
		return;
	while (ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync) < 0 && (errno == EINTR || errno == EAGAIN))
		;
}

void dma_buffer_begin_read(const struct dma_buffer *buffer)
{
	synchronise(buffer, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
}

void dma_buffer_end_read(const struct dma_buffer *buffer)
{
	synchronise(buffer, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
}
