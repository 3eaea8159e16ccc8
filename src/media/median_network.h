/* The rows of a sorted list of a few sources' bytes. Private to src/media. */
#ifndef PASTCAM_MEDIA_MEDIAN_NETWORK_H
#define PASTCAM_MEDIA_MEDIAN_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "median_sort.h"

/* Of more sources counting takes less time, on x86-64 with AVX2 and without. On ARM with 64 bits it takes more
 * instructions until about there. Rows: of so many groups as a list has, a power of two. */
#ifdef __aarch64__
enum { MEDIAN_SORT_MAX = 192, MEDIAN_ROWS = 128, MEDIAN_STEPS_MAX = 679 };
#else
enum { MEDIAN_SORT_MAX = 66, MEDIAN_ROWS = 64, MEDIAN_STEPS_MAX = 200 };
#endif

enum { MEDIAN_LIST_MAX = MEDIAN_SORT_MAX / 2 };

/* Puts the smaller of two rows at low, the larger at high: bytes from the first row on. */
struct median_step {
	uint16_t low, high;
};

/* First each group, of places that are groups apart, is put in order, group k from row k * MEDIAN_FEW on; then come the
 * steps. */
struct median_network {
	size_t groups;
	size_t count; /* of steps */
	struct median_step steps[MEDIAN_STEPS_MAX];
	uint8_t rows[MEDIAN_LIST_MAX]; /* of the list, the smallest first */
};

/* For a list of count, 1 to MEDIAN_LIST_MAX. */
void median_network_make(struct median_network *network, size_t count);

#endif
