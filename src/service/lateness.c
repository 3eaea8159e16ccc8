#include "lateness.h"

#include <math.h>

enum { BUCKET_NS = 100000 };

void lateness_add(struct lateness *lateness, int64_t delay_ns)
{
	int64_t bucket = delay_ns > 0 ? delay_ns / BUCKET_NS : 0;
	lateness->buckets[bucket < LATENESS_BUCKETS ? bucket : LATENESS_BUCKETS - 1]++;
	lateness->count++;
}

double lateness_percentile_ms(const struct lateness *lateness, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)lateness->count), seen = 0;
	for (size_t i = 0; i < LATENESS_BUCKETS && lateness->count > 0; i++) {
		seen += lateness->buckets[i];
		if (seen >= wanted)
			return (double)(i + 1) * BUCKET_NS / 1e6;
	}
	return 0;
}
