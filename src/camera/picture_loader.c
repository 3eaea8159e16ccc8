#include "picture_loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "media/decode.h"
#include "media/frame.h"

enum { ROOM_FRAMES_MOST = 4 };

struct picture_loader {
	uint8_t *file; /* the last file's bytes */
	size_t capacity;
	struct decode_room room;
	uint8_t *fitted;               /* a picture that was turned or had another size */
	struct ingest *ingest;         /* NULL at first */
	struct ingest_params prepared; /* what it was made for */
};

struct picture_loader *picture_loader_create(int width, int height, enum fit fit)
{
	struct picture_loader *loader = calloc(1, sizeof *loader);

	if (!loader)
		return NULL;
	loader->prepared = (struct ingest_params){ .out_width = width, .out_height = height, .fit = fit };
	loader->fitted = malloc(frame_bytes(width, height));
	if (loader->fitted)
		return loader;
	picture_loader_destroy(loader);
	return NULL;
}

void picture_loader_destroy(struct picture_loader *loader)
{
	if (!loader)
		return;
	ingest_destroy(loader->ingest);
	free(loader->file);
	free(loader->room.rgb);
	free(loader->fitted);
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
	if (!S_ISREG(status.st_mode))
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
	return rc < 0 ? error_set_errno(error, rc, "cannot read the picture %.*s", utf8_fit(name, 160), name) : 0;
}

static bool is_prepared_for(const struct picture_loader *loader, const struct decoded *from)
{
	return loader->ingest && loader->prepared.in_width == from->width && loader->prepared.in_height == from->height &&
	       loader->prepared.turned == from->turned;
}

static int prepare(struct picture_loader *loader, const struct decoded *from)
{
	if (is_prepared_for(loader, from))
		return 0;
	ingest_destroy(loader->ingest);
	loader->prepared.in_width = from->width;
	loader->prepared.in_height = from->height;
	loader->prepared.turned = from->turned;
	loader->ingest = ingest_create_for(&loader->prepared);
	return loader->ingest ? 0 : -ENOMEM;
}

static bool fits(const struct picture_loader *loader, const struct decoded *from)
{
	return from->width == loader->prepared.out_width && from->height == loader->prepared.out_height &&
	       from->turned == ORIENTATION_NORMAL;
}

static int fit(struct picture_loader *loader, const struct decoded *from)
{
	struct image image = {
		.format = PIXEL_RGB,
		.width = from->width,
		.height = from->height,
		.plane = { from->rgb },
		.stride = { frame_bytes(from->width, 1) },
	};
	struct frame frame = { .pixels = loader->fitted,
		                   .width = loader->prepared.out_width,
		                   .height = loader->prepared.out_height };
	int rc = prepare(loader, from);

	if (rc == 0)
		ingest(loader->ingest, &image, &frame);
	return rc;
}

/* One huge picture among many does not take its memory for good. */
static void drop_large_room(struct picture_loader *loader)
{
	const size_t frame = frame_bytes(loader->prepared.out_width, loader->prepared.out_height);
	if (loader->room.bytes <= ROOM_FRAMES_MOST * frame)
		return;
	free(loader->room.rgb);
	loader->room = (struct decode_room){ 0 };
}

int picture_loader_load(struct picture_loader *loader, int folder, const char *name, const uint8_t **rgb,
                        struct error *error)
{
	struct decoded decoded = { 0 };
	struct error reason = { 0 };
	size_t bytes = 0;
	int rc = read_name(loader, folder, name, &bytes, error);

	if (rc < 0)
		return rc;
	rc = decode_picture_into(loader->file, bytes, &loader->room, &decoded, &reason);
	if (rc < 0)
		return error_set(error, rc, "cannot show the picture %.*s: %.*s", utf8_fit(name, 120), name,
		                 utf8_fit(reason.text, 100), reason.text);
	if (fits(loader, &decoded)) { /* no copy */
		*rgb = decoded.rgb;
		return 0;
	}
	rc = fit(loader, &decoded);
	*rgb = loader->fitted;
	drop_large_room(loader);
	return rc < 0 ? error_set(error, rc, "no memory to scale the picture %.*s", utf8_fit(name, 160), name) : 0;
}
