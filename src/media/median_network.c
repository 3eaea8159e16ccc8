#include "median_network.h"

#include <stdbool.h>

/* Batcher's merge exchange for any count (Knuth, The Art of Computer Programming, volume 3, algorithm 5.2.2M). */
static void make_sort(struct median_network *network, size_t count)
{
	size_t top = 1;
	while (2 * top < count)
		top *= 2;
	network->count = 0;
	for (size_t p = top; p > 0 && count > 1; p /= 2) {
		size_t q = top, r = 0, distance = p;
		for (;;) {
			for (size_t i = 0; i + distance < count; i++)
				if ((i & p) == r)
					network->steps[network->count++] =
					    (struct median_step){ (uint8_t)i, (uint8_t)(i + distance), MEDIAN_KEEPS_BOTH };
			if (q == p)
				break;
			distance = q - p;
			q /= 2;
			r = p;
		}
	}
}

/* Goes back from the middle, and leaves out what does not reach it: a sixth of the steps, and half of a fifth. */
static void prune(struct median_network *network, size_t count)
{
	bool wanted[MEDIAN_SORT_MAX] = { 0 };
	size_t kept = network->count;
	wanted[(count - 1) / 2] = wanted[count / 2] = true;
	for (size_t i = network->count; i-- > 0;) {
		struct median_step step = network->steps[i];
		const bool low = wanted[step.low], high = wanted[step.high];
		if (!low && !high)
			continue;
		step.keeps = low && high ? MEDIAN_KEEPS_BOTH : low ? MEDIAN_KEEPS_LOW : MEDIAN_KEEPS_HIGH;
		wanted[step.low] = wanted[step.high] = true;
		network->steps[--kept] = step;
	}
	for (size_t i = kept; i < network->count; i++)
		network->steps[i - kept] = network->steps[i];
	network->count -= kept;
}

void median_network_make(struct median_network *network, size_t count)
{
	make_sort(network, count);
	prune(network, count);
}
