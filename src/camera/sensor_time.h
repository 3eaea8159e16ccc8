/*
 * Judging a camera's time stamps. Pure: the clock's readings are handed in.
 *
 * Who paces? A camera with a sensor keeps the frame rate it was told. Some do not: libcamera's virtual camera delivers
 * as fast as it is asked, a webcam knows only its own rates. The judge tells when a camera must be paced by us.
 */
#ifndef PASTCAM_CAMERA_SENSOR_TIME_H
#define PASTCAM_CAMERA_SENSOR_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* The monotonic time of a frame whose sensor reports sensor_ns (0: nothing) on CLOCK_MONOTONIC or CLOCK_BOOTTIME,
 * boot_ahead_ns being how far the latter is ahead. What cannot be true (in the future, or more than oldest_ns ago)
 * gives arrival_ns, when the frame came. */
int64_t sensor_time_monotonic(int64_t sensor_ns, int64_t arrival_ns, int64_t boot_ahead_ns, int64_t oldest_ns);

struct sensor_pace {
	int64_t interval_ns; /* as asked; the rest is private */
	int64_t last_ns;
	int fast_frames;
};

/* One more frame's time. True when three frames in a row came in less than nine tenths of the interval. */
bool sensor_pace_is_too_fast(struct sensor_pace *pace, int64_t timestamp_ns);

#endif
