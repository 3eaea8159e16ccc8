/* Enlarging R,G,B: between pixels' centres colours go in straight lines (bilinear), beyond the outermost they stay.
 * Private to src/media. */
#ifndef PASTCAM_MEDIA_ENLARGE_H
#define PASTCAM_MEDIA_ENLARGE_H

#include <stdint.h>

struct enlarge;

/* out is at least as large as in, in both directions. NULL: no memory. */
struct enlarge *enlarge_create(int in_width, int in_height, int out_width, int out_height);
void enlarge_destroy(struct enlarge *enlarge);

/* The memory where the smaller picture is to be put, in tight rows. */
uint8_t *enlarge_input(struct enlarge *enlarge);

/* count rows of the larger one, from row first on, into tight rows. Returns the sum of all bytes written. */
uint64_t enlarge_rows(const struct enlarge *enlarge, int first, int count, uint8_t *rgb);

#endif
