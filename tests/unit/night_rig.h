/* A night controller and the frames it is fed. Light in the tests is scene light, in the thresholds' unit: "as dark as
 * a day frame of this mean". */
#ifndef PASTCAM_TEST_NIGHT_RIG_H
#define PASTCAM_TEST_NIGHT_RIG_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "detect/night.h"

static const int64_t SECOND = 1000000000;

static const struct night_params PARAMS = {
	.enable = true,
	.metric = NIGHT_METRIC_SCENE,
	.dark_threshold = 35,
	.bright_threshold = 55,
	.min_dark_frames = 20,
	.min_bright_frames = 5,
	.min_dwell_s = 60,
	.exposure_us = 2000000,
	.gain = 6,
	.day_exposure_us = 100000,
	.day_gain = 8,
};

/* A camera that does at once what it is asked, by day always at its longest exposure. */
struct rig {
	struct night night;
	int64_t now_ns;
	double clipped; /* share of the scene that is clipped whatever the exposure */
};

static inline struct rig rig_with(struct night_params params)
{
	struct rig rig = { .now_ns = 1000 * SECOND };
	night_init(&rig.night, &params);
	return rig;
}

static inline double asked_us(const struct rig *rig)
{
	return (double)(rig->night.active ? rig->night.exposure_us : rig->night.params.day_exposure_us);
}

/* How much brighter than by day, at its longest, a frame of this exposure is. */
static inline double factor(const struct rig *rig, double exposure_us)
{
	double gain = rig->night.active ? rig->night.params.gain : rig->night.params.day_gain;
	return exposure_us * gain / (1e5 * 8);
}

static inline enum night_event feed(struct rig *rig, double light)
{
	double exposure_us = asked_us(rig), mean = light * factor(rig, exposure_us);
	struct night_sample sample = {
		.timestamp_ns = rig->now_ns,
		.mean = fmin(mean, 255),
		.clipped = fmax(mean > 255, rig->clipped),
		.exposure_us = exposure_us,
		.gain = rig->night.active ? rig->night.params.gain : rig->night.params.day_gain,
	};
	rig->now_ns += (int64_t)(fmax(exposure_us, 1e5) * 1000);
	return night_update(&rig->night, &sample);
}

static inline int feed_frames(struct rig *rig, double light, int frames, enum night_event counted)
{
	int count = 0;
	for (int i = 0; i < frames; i++)
		count += feed(rig, light) == counted;
	return count;
}

/* Switches, not steps, in that time. */
static inline int feed_seconds(struct rig *rig, double light, double seconds)
{
	int switches = 0;
	for (int64_t end_ns = rig->now_ns + (int64_t)(seconds * 1e9); rig->now_ns < end_ns;) {
		enum night_event event = feed(rig, light);
		switches += event == NIGHT_ENTER || event == NIGHT_EXIT;
	}
	return switches;
}

static inline struct rig at_night(double light)
{
	struct rig rig = rig_with(PARAMS);
	assert_int_equal(feed_seconds(&rig, light, 300), 1);
	assert_true(rig.night.active);
	return rig;
}

#endif
