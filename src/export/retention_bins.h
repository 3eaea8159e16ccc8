/*
 * Finds which of many pictures are the oldest N bytes, in passes over a folder and in little memory: a histogram over
 * their age is narrowed down, with each pass, to the bin in which the limit lies. In the first pass its range grows
 * with what comes, each later one makes it a BINS_COUNT'th, so that two or three do for any number of pictures. Pure.
 * Private to src/export.
 */
#ifndef PASTCAM_EXPORT_RETENTION_BINS_H
#define PASTCAM_EXPORT_RETENTION_BINS_H

#include <stdbool.h>
#include <stdint.h>

enum { BINS_COUNT = 1024 };

struct bins {
	int64_t cut;           /* what lies before is among the oldest that must go */
	int64_t begin, end;    /* the range that is looked at, end not in it; begin == end: none */
	uint64_t width;        /* of a bin */
	bool grows;            /* the range, to hold all that is added */
	int64_t least, newest; /* of what was added since bins_clear, in the range or not; least > newest: nothing was */
	int64_t bytes[BINS_COUNT];
};

/* Nothing is known: no cut, and a range that grows. */
void bins_start(struct bins *bins);

/* Before each pass: empties the bins and keeps the cut, and a range that does not grow. */
void bins_clear(struct bins *bins);

/* age_order: the smaller, the older (scan_age_order), and within the half of what an int64_t holds. */
void bins_add(struct bins *bins, int64_t age_order, int64_t bytes);

/* After a pass that ended with so many bytes too many, more than 0: puts the cut where what lies before it is no more
 * than that, and narrows the range to the bin after it. Among pictures of the very same age no order is left, and the
 * cut takes all of them. False: there is nothing left to look for. */
bool bins_narrow(struct bins *bins, int64_t bytes);

#endif
