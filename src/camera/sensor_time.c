#include "sensor_time.h"

enum { FAST_FRAMES = 3, FAST_PERCENT = 90 };

static bool is_plausible(int64_t sensor_ns, int64_t arrival_ns, int64_t oldest_ns)
{
	return sensor_ns <= arrival_ns && arrival_ns - sensor_ns <= oldest_ns;
}

int64_t sensor_time_monotonic(int64_t sensor_ns, int64_t arrival_ns, int64_t boot_ahead_ns, int64_t oldest_ns)
{
	if (is_plausible(sensor_ns, arrival_ns, oldest_ns))
		return sensor_ns;
	if (is_plausible(sensor_ns - boot_ahead_ns, arrival_ns, oldest_ns))
		return sensor_ns - boot_ahead_ns;
	return arrival_ns;
}

bool sensor_pace_is_too_fast(struct sensor_pace *pace, int64_t timestamp_ns)
{
	bool fast = pace->last_ns != 0 && timestamp_ns - pace->last_ns < pace->interval_ns / 100 * FAST_PERCENT;

	pace->last_ns = timestamp_ns;
	pace->fast_frames = fast ? pace->fast_frames + 1 : 0;
	return pace->fast_frames >= FAST_FRAMES;
}
