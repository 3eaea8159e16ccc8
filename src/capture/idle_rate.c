#include "idle_rate.h"

#include "base/clock.h"

/* The oldest part of the frame ring, in which what is to be encoded must be done before it is gone. */
enum { LATE_SHARE = 8 };

static int64_t step_of(double framerate)
{
	return framerate > 0 ? (int64_t)((double)CLOCK_NS_PER_S / framerate) : 0;
}

void idle_rate_init(struct idle_rate *rate, double framerate)
{
	*rate = (struct idle_rate){ .step_ns = step_of(framerate) };
}

void idle_rate_rest(struct idle_rate *rate)
{
	if (rate->step_ns == 0)
		return;
	rate->full_from_ns = INT64_MAX;
	rate->key_wanted = false;
}

bool idle_rate_rests(const struct idle_rate *rate)
{
	return rate->full_from_ns == INT64_MAX;
}

bool idle_rate_wake(struct idle_rate *rate, int64_t from_ns)
{
	const bool rested = idle_rate_rests(rate);
	if (from_ns < rate->full_from_ns)
		rate->full_from_ns = from_ns;
	rate->key_wanted |= rested;
	return rested;
}

int64_t idle_rate_after(const struct idle_rate *rate, int64_t taken_ns)
{
	if (rate->step_ns == 0 || taken_ns <= 0 || taken_ns >= rate->full_from_ns - 1)
		return taken_ns;
	/* The first frame of each step, so that there are as many as steps, however frames and steps lie. */
	const int64_t after_ns = (taken_ns / rate->step_ns + 1) * rate->step_ns - 1;
	return after_ns < rate->full_from_ns ? after_ns : rate->full_from_ns - 1;
}

bool idle_rate_waits(const struct idle_rate *rate, int64_t after_ns, int64_t oldest_ns, int64_t newest_ns)
{
	return idle_rate_rests(rate) && after_ns > oldest_ns + (newest_ns - oldest_ns) / LATE_SHARE;
}

bool idle_rate_key(const struct idle_rate *rate, int64_t after_ns)
{
	return rate->key_wanted && after_ns >= rate->full_from_ns - 1;
}

/* The later one is then the first of its step. */
bool idle_rate_left_out(double framerate, const struct frame_info *before, const struct frame_info *after)
{
	const int64_t step_ns = step_of(framerate), gap_ns = after->timestamp_ns - before->timestamp_ns;
	if (step_ns == 0 || after->id <= before->id)
		return false;
	const int64_t step_begin_ns = after->timestamp_ns / step_ns * step_ns;
	const int64_t interval_ns = gap_ns / (int64_t)(after->id - before->id);
	return before->timestamp_ns < step_begin_ns && after->timestamp_ns - step_begin_ns < interval_ns + interval_ns / 2;
}
