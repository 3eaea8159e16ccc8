#include "camera/light.h"

#include <math.h>

static const double MEAN_AT_ONE_LUX = 20, DAY_EXPOSURE_US = 1e5, DAY_GAIN = 8;
static const double CLIPPED_FROM = 250;
static const double AUTO_SPEED = 0.6, AUTO_STEP_MAX = 4;

double light_mean(double lux, double exposure_us, double gain)
{
	return MEAN_AT_ONE_LUX * lux * (exposure_us / DAY_EXPOSURE_US) * (gain / DAY_GAIN);
}

double light_clipped_share(double mean)
{
	return mean > CLIPPED_FROM / 2 ? 1 - CLIPPED_FROM / (2 * mean) : 0;
}

static void auto_set(struct light_auto *automatic, double product)
{
	double exposure_us = fmin(fmax(product, LIGHT_EXPOSURE_MIN_US), automatic->exposure_max_us);
	automatic->exposure_us = exposure_us;
	automatic->gain = fmin(fmax(product / exposure_us, LIGHT_GAIN_MIN), LIGHT_AUTO_GAIN_MAX);
}

void light_auto_init(struct light_auto *automatic, double framerate, double lux)
{
	automatic->exposure_max_us = fmin(1e6 / framerate, LIGHT_EXPOSURE_MAX_US);
	auto_set(automatic, LIGHT_AUTO_MEAN / fmax(light_mean(lux, 1, 1), 1e-9));
}

void light_auto_step(struct light_auto *automatic, double mean)
{
	double step = pow(LIGHT_AUTO_MEAN / fmax(mean, 1), AUTO_SPEED);
	step = fmin(fmax(step, 1 / AUTO_STEP_MAX), AUTO_STEP_MAX);
	auto_set(automatic, automatic->exposure_us * automatic->gain * step);
}
