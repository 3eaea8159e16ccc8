/* PNG's row filters for R,G,B pictures; see docs/png.md for the choice. Pure. */
#ifndef PASTCAM_EXPORT_PNG_FILTER_H
#define PASTCAM_EXPORT_PNG_FILTER_H

#include <stddef.h>
#include <stdint.h>

/* Writes 1 + bytes bytes: the filter's number and the filtered row. above: the row before, NULL for the first. Paeth
 * (PNG specification, 9.4); the first row, where Paeth comes to the same, as Sub. */
void png_filter_row(const uint8_t *row, const uint8_t *above, size_t bytes, uint8_t *filtered);

#endif
