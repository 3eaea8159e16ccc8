/* Median of many sources, a block of bytes at a time. Private to src/image. */
#ifndef PASTCAM_MEDIAN_H
#define PASTCAM_MEDIAN_H

#include <stddef.h>
#include <stdint.h>

enum { MEDIAN_BLOCK = 256 };

/* Median of sources[…][begin … begin + bytes) into out, at the same place. bytes: at most MEDIAN_BLOCK. */
void median_block(const uint8_t *const sources[], size_t count, size_t begin, size_t bytes, uint8_t *out);

#endif
