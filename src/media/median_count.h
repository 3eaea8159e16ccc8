/*
 * Medians of many, found bit by bit: the median is the largest level that at most half of the sources lie below, which
 * takes eight counts whatever they are. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_MEDIAN_COUNT_H
#define PASTCAM_MEDIA_MEDIAN_COUNT_H

#include <stddef.h>
#include <stdint.h>

/* As stack_range. */
void median_count_range(const uint8_t *const sources[], size_t count, size_t begin, size_t end, uint8_t *out);

#endif
