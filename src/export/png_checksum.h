/* The two checksums of a PNG's picture, by vectors and by the processor's own instruction where there are such, else
 * zlib's. Pure. */
#ifndef PASTCAM_EXPORT_PNG_CHECKSUM_H
#define PASTCAM_EXPORT_PNG_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Adler-32 (RFC 1950) of at most 256 KiB; of nothing, 1. */
uint32_t png_adler(const uint8_t *data, size_t bytes);

/* Of one piece of data, and of what follows it, `bytes` long: of both. */
uint32_t png_adler_combine(uint32_t first, uint32_t second, size_t bytes);

/* CRC-32 (PNG specification, annex D). */
uint32_t png_crc(const uint8_t *data, size_t bytes);

#endif
