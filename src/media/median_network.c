#include "median_network.h"

/* As many groups as it takes, a power of two: places that are so far apart are a group. */
static size_t groups_of(size_t count)
{
	size_t groups = 1;
	while (groups * MEDIAN_FEW < count)
		groups *= 2;
	return groups;
}

static void add_steps(struct median_network *network, size_t count, size_t p, size_t r, size_t distance)
{
	for (size_t i = 0; i + distance < count; i++)
		if ((i & p) == r)
			network->steps[network->count++] = (struct median_step){
				(uint16_t)(network->rows[i] * MEDIAN_BLOCK_BYTES),
				(uint16_t)(network->rows[i + distance] * MEDIAN_BLOCK_BYTES),
			};
}

/* Batcher's merge exchange for any count (Knuth, The Art of Computer Programming, volume 3, algorithm 5.2.2M), but for
 * its first rounds, after which places that are groups apart are in order. */
void median_network_make(struct median_network *network, size_t count)
{
	size_t top = 1;
	network->groups = groups_of(count);
	network->count = 0;
	for (size_t i = 0; i < count; i++)
		network->rows[i] = (uint8_t)(i % network->groups * MEDIAN_FEW + i / network->groups);
	while (2 * top < count)
		top *= 2;
	for (size_t p = network->groups / 2; p > 0; p /= 2) {
		add_steps(network, count, p, 0, p);
		for (size_t q = top; q > p; q /= 2)
			add_steps(network, count, p, p, q - p);
	}
}
