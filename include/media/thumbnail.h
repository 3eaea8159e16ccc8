/* A small JPEG of a JPEG file. Pure but for reading; bad input is an error. Any thread. */
#ifndef PASTCAM_MEDIA_THUMBNAIL_H
#define PASTCAM_MEDIA_THUMBNAIL_H

#include <stddef.h>

#include "base/error.h"

struct thumbnail {
	unsigned char *jpeg; /* malloc'd */
	size_t length;
};

/* Reads fd from where it stands; it stays the caller's. The picture is at least width wide, and less than twice that,
 * unless the file's is smaller. libjpeg scales while it decodes, so that a picture of 12 megapixels takes a fraction of
 * its time and memory. -EINVAL for what is no good JPEG, -ENOMEM, -errno. */
int thumbnail_make(int fd, int width, struct thumbnail *thumbnail, struct error *error);

#endif
