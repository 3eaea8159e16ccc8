/*
 * Sums of bytes, in lines of a cache, and copies that are summed while a line is in registers. Private
 * to src/media.
 */
#ifndef PASTCAM_MEDIA_BYTE_SUM_H
#define PASTCAM_MEDIA_BYTE_SUM_H

#include <stddef.h>
#include <stdint.h>

enum { BYTE_SUM_LINE = 64 };

uint64_t byte_sum_lines(const uint8_t *bytes, size_t lines);

uint64_t byte_sum_copy_lines(const uint8_t *from, size_t lines, uint8_t *to);

#endif
