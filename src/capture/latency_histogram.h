/* Histograms of delays, for percentiles without memory of each one. Pure. */
#ifndef PASTCAM_CAPTURE_LATENCY_HISTOGRAM_H
#define PASTCAM_CAPTURE_LATENCY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum { LATENCY_HISTOGRAM_BUCKETS = 192 };

/* Bucket i ends at 0.1 ms x 2^(i/8), each 9 % above the one before; the last at 25 minutes, and holds what is later. */
struct latency_histogram {
	uint64_t count;
	uint32_t buckets[LATENCY_HISTOGRAM_BUCKETS];
};

void latency_histogram_add(struct latency_histogram *histogram, int64_t delay_ns);

/* The delay, in ms, that share (0-1) of all stay within; an upper bound of its bucket. 0 without any. */
double latency_histogram_percentile_ms(const struct latency_histogram *histogram, double share);

/* Of late only: the last five to ten minutes, since what was slow once is of no interest for ever. */
#define LATENCY_WINDOW_NS (300 * CLOCK_NS_PER_S)

struct latency_window { /* starts as all zeros */
	struct latency_histogram now, before;
	int64_t begun_ns; /* the one of now */
};

void latency_window_add(struct latency_window *window, int64_t at_ns, int64_t delay_ns);
double latency_window_percentile_ms(const struct latency_window *window, double share);

#endif
