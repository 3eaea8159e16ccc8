/* Deflate (RFC 1951) for filtered pictures: Huffman codes and runs of one byte, nothing else. docs/png.md tells why
 * this and not zlib's. Pure; a few KiB of stack. */
#ifndef PASTCAM_EXPORT_PNG_DEFLATE_H
#define PASTCAM_EXPORT_PNG_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PNG_DEFLATE_BYTES_MAX = 256 * 1024 };

/* The most that png_deflate may write for this many bytes (at most PNG_DEFLATE_BYTES_MAX). */
size_t png_deflate_bound(size_t bytes);

/* Writes data (1 to PNG_DEFLATE_BYTES_MAX bytes) as one block of a deflate stream, ending on a byte, so that the next
 * one can be made apart from it and put behind. last: ends the stream. Returns the bytes written. */
size_t png_deflate(const uint8_t *data, size_t bytes, bool last, uint8_t *out);

#endif
