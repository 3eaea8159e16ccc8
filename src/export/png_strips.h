/*
 * The picture in a PNG: one zlib stream (RFC 1950) that all cores make. Strips of rows are filtered and deflated side
 * by side, each with its own codes and no reference to the strip before, and put one behind the other.
 */
#ifndef PASTCAM_EXPORT_PNG_STRIPS_H
#define PASTCAM_EXPORT_PNG_STRIPS_H

#include "export/export.h"
#include "sink.h"

/* What stands before the first strip: deflate, window of 32 KiB, no dictionary, fastest method. */
extern const uint8_t png_zlib_head[2];

/* Writes the strips to sink, each as an IDAT chunk. adler gets the checksum that ends the stream, after the last strip.
 * pool may be NULL. -errno of the disk, -ENOMEM, -EINVAL for rows too long. */
int png_strips_write(const struct picture *picture, struct pool *pool, struct sink *sink, uint32_t *adler);

/* The most that png_strips_write allocates. */
size_t png_strips_scratch_bytes(int width, int height, size_t pool_width);

#endif
