#include "latency_histogram.h"

#include <math.h>

static const double first_ns = 100000, buckets_per_octave = 8;

void latency_histogram_add(struct latency_histogram *histogram, int64_t delay_ns)
{
	double place = delay_ns > 0 ? ceil(buckets_per_octave * log2((double)delay_ns / first_ns)) : 0;
	size_t last = LATENCY_HISTOGRAM_BUCKETS - 1;
	histogram->buckets[place <= 0 ? 0 : place < (double)last ? (size_t)place : last]++;
	histogram->count++;
}

double latency_histogram_percentile_ms(const struct latency_histogram *histogram, double share)
{
	uint64_t wanted = (uint64_t)ceil(share * (double)histogram->count), seen = 0;
	for (size_t i = 0; i < LATENCY_HISTOGRAM_BUCKETS && histogram->count > 0; i++) {
		seen += histogram->buckets[i];
		if (seen >= wanted && seen > 0)
			return first_ns * exp2((double)i / buckets_per_octave) / CLOCK_NS_PER_MS;
	}
	return 0;
}

void latency_window_add(struct latency_window *window, int64_t at_ns, int64_t delay_ns)
{
	if (at_ns - window->begun_ns >= LATENCY_WINDOW_NS) {
		window->before =
		    at_ns - window->begun_ns < 2 * LATENCY_WINDOW_NS ? window->now : (struct latency_histogram){ 0 };
		window->now = (struct latency_histogram){ 0 };
		window->begun_ns = at_ns;
	}
	latency_histogram_add(&window->now, delay_ns);
}

double latency_window_percentile_ms(const struct latency_window *window, double share)
{
	struct latency_histogram both = window->now;
	both.count += window->before.count;
	for (size_t i = 0; i < LATENCY_HISTOGRAM_BUCKETS; i++)
		both.buckets[i] += window->before.buckets[i];
	return latency_histogram_percentile_ms(&both, share);
}
