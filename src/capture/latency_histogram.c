#include "latency_histogram.h"

#include <math.h>

enum { BUCKET_NS = 100000 };

void latency_histogram_add(struct latency_histogram *histogram, int64_t delay_ns)
{
	int64_t bucket = delay_ns > 0 ? delay_ns / BUCKET_NS : 0;
	histogram->buckets[bucket < LATENCY_HISTOGRAM_BUCKETS ? bucket : LATENCY_HISTOGRAM_BUCKETS - 1]++;
	histogram->count++;
}

double latency_histogram_percentile_ms(const struct latency_histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count), seen = 0;
	for (size_t i = 0; i < LATENCY_HISTOGRAM_BUCKETS && histogram->count > 0; i++) {
		seen += histogram->buckets[i];
		if (seen >= wanted)
			return (double)(i + 1) * BUCKET_NS / 1e6;
	}
	return 0;
}
