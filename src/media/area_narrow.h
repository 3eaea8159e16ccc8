/*
 * Averages by weights (area_weighted.h) whose products add up to a power of two, at most 256: sums fit 16 bits, and an
 * average is its sum times a whole number. 1024x768 to 640x480 is of these: 8 by 8. Private to src/media.
 */
#ifndef PASTCAM_MEDIA_AREA_NARROW_H
#define PASTCAM_MEDIA_AREA_NARROW_H

#include "area_weighted.h"

bool area_is_narrow(const struct area_columns *columns, uint32_t rows_total);

/* As area_weigh_rows and area_average_columns, of such weights. */
void area_narrow_rows(const uint8_t *row, size_t stride, const struct area_span *span, size_t bytes, uint16_t *sums);
void area_narrow_columns(const struct area_columns *columns, const uint16_t *sums, size_t unit_bytes, size_t count,
                         uint32_t rows_total, uint16_t *lanes, uint16_t *const averages[AREA_LANES]);

#endif
