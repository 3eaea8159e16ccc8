#include "detect/settling.h"

#include <math.h>

static const double AIM_MEAN = 110, SATURATED_MEAN = 245;
static const double MEAN_ALIKE = 0.1, SENSITIVITY_ALIKE = 0.05, SHORTEST_US = 100;

void settling_begin(struct settling *settling, int64_t now_ns)
{
	*settling = (struct settling){ .active = true, .until_ns = now_ns + SETTLING_MAX_NS, .mean = -1 };
}

static bool are_alike(double one, double other, double share)
{
	return fabs(one - other) <= share * fmax(one, other);
}

bool settling_update(struct settling *settling, int64_t timestamp_ns, double mean, double sensitivity)
{
	if (!settling->active)
		return false;
	const bool steady = settling->mean >= 0 && mean < SATURATED_MEAN && are_alike(mean, settling->mean, MEAN_ALIKE) &&
	                    are_alike(sensitivity, settling->sensitivity, SENSITIVITY_ALIKE);
	settling->mean = mean;
	settling->sensitivity = sensitivity;
	settling->active = !steady && timestamp_ns < settling->until_ns;
	return settling->active;
}

void settling_start_exposure(double light, double longest_us, double highest_gain, double *exposure_us, double *gain)
{
	const double wanted_us = AIM_MEAN / fmax(light, 1e-3) * longest_us * highest_gain; /* at gain 1 */
	*exposure_us = fmin(fmax(wanted_us, SHORTEST_US), longest_us);
	*gain = fmin(fmax(wanted_us / *exposure_us, 1), highest_gain);
}
