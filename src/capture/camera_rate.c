#include "camera_rate.h"

bool camera_rate_update(struct camera_rate *rate, int64_t now_ns, bool stirs)
{
	const bool was_idle = rate->idle;
	if (rate->framerate <= 0)
		return false;
	if (stirs || rate->stirred_ns == 0)
		rate->stirred_ns = now_ns;
	rate->idle = now_ns - rate->stirred_ns > rate->after_ns;
	return rate->idle != was_idle;
}
