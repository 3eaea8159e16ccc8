#include "picture_loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/decode.h"
#include "media/frame.h"
#include "media/ingest.h"

struct picture_loader {
	int width, height;
	uint8_t *file; /* the last file's bytes */
	size_t capacity;
	struct ingest *shrink; /* for pictures of shrink_width x shrink_height */
	int shrink_width, shrink_height;
};

struct picture_loader *picture_loader_create(int width, int height)
{
	struct picture_loader *loader = calloc(1, sizeof *loader);

	if (loader) {
		loader->width = width;
		loader->height = height;
	}
	return loader;
}

void picture_loader_destroy(struct picture_loader *loader)
{
	if (!loader)
		return;
	ingest_destroy(loader->shrink);
	free(loader->file);
	free(loader);
}

static int reserve(struct picture_loader *loader, size_t bytes)
{
	if (bytes <= loader->capacity)
		return 0;
	uint8_t *file = realloc(loader->file, bytes);
	if (!file)
		return -ENOMEM;
	loader->file = file;
	loader->capacity = bytes;
	return 0;
}

static int read_all(int fd, uint8_t *data, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t got = read(fd, data + done, bytes - done);
		if (got == 0)
			return -EINVAL;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			done += (size_t)got;
	}
	return 0;
}

static int read_file(struct picture_loader *loader, int fd, size_t *bytes)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_size == 0)
		return -EINVAL;
	if (status.st_size > PICTURE_FILE_BYTES_MAX)
		return -EFBIG;
	*bytes = (size_t)status.st_size;
	int rc = reserve(loader, *bytes);
	return rc < 0 ? rc : read_all(fd, loader->file, *bytes);
}

static int read_name(struct picture_loader *loader, int folder, const char *name, size_t *bytes, struct error *error)
{
	/* Non-blocking, so that a pipe with a picture's name cannot hold the camera up. */
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = fd < 0 ? -errno : read_file(loader, fd, bytes);

	if (fd >= 0)
		close(fd);
	return rc < 0 ? error_set_errno(error, rc, "cannot read the picture %s", name) : 0;
}

static int shrink(struct picture_loader *loader, const struct decoded *from, uint8_t *rgb)
{
	if (!loader->shrink || loader->shrink_width != from->width || loader->shrink_height != from->height) {
		ingest_destroy(loader->shrink);
		loader->shrink = ingest_create(from->width, from->height, loader->width, loader->height);
		loader->shrink_width = from->width;
		loader->shrink_height = from->height;
	}
	if (!loader->shrink)
		return -ENOMEM;
	struct image image = {
		.format = PIXEL_RGB,
		.width = from->width,
		.height = from->height,
		.plane = { from->rgb },
		.stride = { (size_t)from->width * FRAME_CHANNELS },
	};
	struct frame frame = { .pixels = rgb, .width = loader->width, .height = loader->height };
	ingest(loader->shrink, &image, &frame);
	return 0;
}

enum { FRACTION_BITS = 8, FRACTION_ONE = 1 << FRACTION_BITS };

/* Where an output pixel's centre falls between two input pixels. */
struct tap {
	size_t first, second;
	unsigned weight; /* of second, in FRACTION_ONE */
};

static struct tap tap_at(int out, int out_size, int in_size)
{
	double at = (out + 0.5) * in_size / out_size - 0.5;

	if (at < 0)
		at = 0;
	size_t first = (size_t)at, last = (size_t)in_size - 1;
	if (first >= last)
		return (struct tap){ last, last, 0 };
	return (struct tap){ first, first + 1, (unsigned)((at - (double)first) * FRACTION_ONE) };
}

static unsigned blend(unsigned first, unsigned second, unsigned weight)
{
	return first * (FRACTION_ONE - weight) + second * weight;
}

static void stretch(const struct picture_loader *loader, const struct decoded *from, uint8_t *rgb)
{
	size_t stride = (size_t)from->width * FRAME_CHANNELS;

	for (int y = 0; y < loader->height; y++) {
		struct tap row = tap_at(y, loader->height, from->height);
		const uint8_t *above = from->rgb + row.first * stride, *below = from->rgb + row.second * stride;

		for (int x = 0; x < loader->width; x++) {
			struct tap column = tap_at(x, loader->width, from->width);
			size_t left = column.first * FRAME_CHANNELS, right = column.second * FRAME_CHANNELS;

			for (size_t channel = 0; channel < FRAME_CHANNELS; channel++) {
				unsigned upper = blend(above[left + channel], above[right + channel], column.weight);
				unsigned lower = blend(below[left + channel], below[right + channel], column.weight);
				unsigned half = 1u << (2 * FRACTION_BITS - 1);
				*rgb++ = (uint8_t)((blend(upper, lower, row.weight) + half) >> (2 * FRACTION_BITS));
			}
		}
	}
}

static int fit(struct picture_loader *loader, const struct decoded *from, uint8_t *rgb)
{
	if (from->width == loader->width && from->height == loader->height) {
		memcpy(rgb, from->rgb, frame_bytes(from->width, from->height));
		return 0;
	}
	if (from->width >= loader->width && from->height >= loader->height)
		return shrink(loader, from, rgb);
	stretch(loader, from, rgb);
	return 0;
}

int picture_loader_load(struct picture_loader *loader, int folder, const char *name, uint8_t *rgb, struct error *error)
{
	struct decoded decoded = { 0 };
	size_t bytes = 0;
	int rc = read_name(loader, folder, name, &bytes, error);

	if (rc < 0)
		return rc;
	rc = decode_picture(loader->file, bytes, &decoded, error);
	if (rc < 0)
		return rc;
	rc = fit(loader, &decoded, rgb);
	free(decoded.rgb);
	return rc < 0 ? error_set(error, rc, "no memory to scale the picture %s", name) : 0;
}
