#include "base/random.h"

#include <sys/random.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"

uint64_t random_draw(void)
{
	uint64_t random;
	if (getrandom(&random, sizeof random, GRND_INSECURE) != (ssize_t)sizeof random)
		random = (uint64_t)clock_wall_ns() ^ (uint64_t)getpid() << 32;
	return random;
}
