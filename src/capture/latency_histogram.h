/* A histogram of delays, for percentiles without memory of each one. Pure. */
#ifndef PASTCAM_CAPTURE_LATENCY_HISTOGRAM_H
#define PASTCAM_CAPTURE_LATENCY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { LATENCY_HISTOGRAM_BUCKETS = 256 };

/* Buckets of 0.1 ms; the last holds all that is later. */
struct latency_histogram {
	uint64_t count;
	uint32_t buckets[LATENCY_HISTOGRAM_BUCKETS];
};

void latency_histogram_add(struct latency_histogram *histogram, int64_t delay_ns);

/* The delay, in ms, that share (0-1) of all stay within; an upper bound of its bucket. 0 without any. */
double latency_histogram_percentile_ms(const struct latency_histogram *histogram, double share);

#endif
