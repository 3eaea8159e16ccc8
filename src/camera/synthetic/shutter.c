#include "shutter.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"

void shutter_init(struct shutter *shutter, double framerate, double lux)
{
	*shutter = (struct shutter){ .framerate = framerate, .slowness = 1 };
	light_auto_init(&shutter->automatic, framerate, lux);
}

static void prime_automatic(struct light_auto *automatic, const struct camera_mode *mode)
{
	automatic->exposure_us = fmin((double)mode->start_exposure_us, automatic->exposure_max_us);
	automatic->gain = fmin(fmax(mode->start_gain, LIGHT_GAIN_MIN), LIGHT_AUTO_GAIN_MAX);
}

static void clamp_still(struct camera_mode *mode, char note[256])
{
	const struct camera_mode asked = *mode;
	if (mode->exposure_us < LIGHT_EXPOSURE_MIN_US)
		mode->exposure_us = LIGHT_EXPOSURE_MIN_US;
	if (mode->exposure_us > LIGHT_EXPOSURE_MAX_US)
		mode->exposure_us = LIGHT_EXPOSURE_MAX_US;
	mode->gain = fmin(fmax(mode->gain, LIGHT_GAIN_MIN), LIGHT_GAIN_MAX);
	if (mode->exposure_us != asked.exposure_us || mode->gain < asked.gain || mode->gain > asked.gain)
		snprintf(note, 256, "the camera exposes %d us to %d us at gain %d to %d: exposure %lld us, gain %g taken",
		         LIGHT_EXPOSURE_MIN_US, LIGHT_EXPOSURE_MAX_US, LIGHT_GAIN_MIN, LIGHT_GAIN_MAX,
		         (long long)mode->exposure_us, mode->gain);
}

void shutter_set_mode(struct shutter *shutter, const struct camera_mode *mode, char note[256])
{
	note[0] = '\0';
	shutter->mode = *mode;
	if (mode->still)
		clamp_still(&shutter->mode, note);
	else if (mode->start_exposure_us > 0)
		prime_automatic(&shutter->automatic, mode);
}

static void choose_exposure(struct shutter *shutter)
{
	const bool still = shutter->mode.still;
	shutter->still = still;
	shutter->exposure_us = still ? (double)shutter->mode.exposure_us : shutter->automatic.exposure_us;
	shutter->gain = still ? shutter->mode.gain : shutter->automatic.gain;
}

int64_t shutter_exposure_ns(const struct shutter *shutter)
{
	return (int64_t)(shutter->exposure_us * CLOCK_NS_PER_US);
}

static int64_t interval_ns(const struct shutter *shutter)
{
	const double framerate = shutter->mode.framerate > 0 ? shutter->mode.framerate : shutter->framerate;
	const double interval = (double)CLOCK_NS_PER_S / framerate;
	return (int64_t)(shutter->slowness * fmax(interval, (double)shutter_exposure_ns(shutter)));
}

void shutter_open(struct shutter *shutter, int64_t now_ns)
{
	choose_exposure(shutter);
	const int64_t ready_ns = shutter->still ? now_ns : now_ns - shutter_exposure_ns(shutter);
	shutter->start_ns = ready_ns > shutter->ended_ns ? ready_ns : shutter->ended_ns;
	shutter->due_ns = shutter->start_ns + shutter_exposure_ns(shutter);
}

void shutter_next(struct shutter *shutter)
{
	choose_exposure(shutter);
	shutter->ended_ns = shutter->due_ns;
	shutter->due_ns += interval_ns(shutter);
	shutter->start_ns = shutter->due_ns - shutter_exposure_ns(shutter);
}

uint64_t shutter_skip_missed(struct shutter *shutter, int64_t now_ns, int buffers)
{
	const int64_t interval = interval_ns(shutter), missed = (now_ns - shutter->due_ns) / interval - (buffers - 1);
	if (missed <= 0)
		return 0;
	shutter->start_ns += missed * interval;
	shutter->due_ns += missed * interval;
	return (uint64_t)missed;
}
