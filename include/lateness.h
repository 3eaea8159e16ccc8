/* A histogram of delays, for percentiles without memory of each one. Pure. */
#ifndef PASTCAM_LATENESS_H
#define PASTCAM_LATENESS_H

#include <stddef.h>
#include <stdint.h>

enum { LATENESS_BUCKETS = 256 };

/* Buckets of 0.1 ms; the last holds all that is later. */
struct lateness {
	uint64_t count;
	uint32_t buckets[LATENESS_BUCKETS];
};

void lateness_add(struct lateness *lateness, int64_t delay_ns);

/* The delay, in ms, that share (0-1) of all stay within; an upper bound of its bucket. 0 without any. */
double lateness_percentile_ms(const struct lateness *lateness, double share);

#endif
