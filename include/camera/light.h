/*
 * How the synthetic camera sees: from the light of a scene to the mean of its picture. Shared by the synthetic camera
 * and night-sim. Pure, except that light_trace_read reads the file it is given.
 *
 * The one constant: at 1 lux a day frame at 10 frames per second and gain 8 has a mean of 20. So the mean is
 * 20 x lux x (exposure / 100 ms) x (gain / 8), clipped at 255.
 */
#ifndef PASTCAM_CAMERA_LIGHT_H
#define PASTCAM_CAMERA_LIGHT_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum {
	LIGHT_AUTO_MEAN = 110,      /* what automatic exposure aims at */
	LIGHT_EXPOSURE_MIN_US = 20, /* the model's sensor */
	LIGHT_EXPOSURE_MAX_US = 10000000,
	LIGHT_GAIN_MIN = 1,
	LIGHT_GAIN_MAX = 16,
	LIGHT_AUTO_GAIN_MAX = 8, /* automatic exposure goes no further */
	LIGHT_TRACE_DAYS_MAX = 31,
};

/* Mean of the picture before clipping; above 255 it is saturated. */
double light_mean(double lux, double exposure_us, double gain);

/* Share of pixels at 250 and above in a picture of this mean before clipping: the model's pixels are spread evenly over
 * 0 … 2 x mean, much as the drawn scene's are. */
double light_clipped_share(double mean);

/* Automatic exposure: longer exposure first, up to a frame's time, then gain. It goes six tenths (in stops) of the way
 * with each frame, so a sudden change takes it a few frames. */
struct light_auto {
	double exposure_us, gain; /* for the next frame */
	double exposure_max_us;
};

void light_auto_init(struct light_auto *automatic, double framerate, double lux); /* converged on this light */
void light_auto_step(struct light_auto *automatic, double mean);                  /* the last frame's, clipped at 255 */

/* Light over time, straight lines between points, constant before the first and after the last. */
struct light_point {
	double t_s, lux;
};

struct light_trace {
	struct light_point *points; /* at least one, t_s strictly rising, lux >= 0 */
	size_t count;
};

/* Reads lines of `t_s,lux` to the end of the file. Blank lines, lines that begin with '#', and a header (a first line
 * that begins with a letter) are passed over. name is for messages. -EINVAL with the line's number for anything else,
 * for times that do not rise, for light below zero, for no points at all and for more than LIGHT_TRACE_DAYS_MAX. */
int light_trace_read(FILE *file, const char *name, struct light_trace *trace, struct error *error);
void light_trace_free(struct light_trace *trace); /* also zeroed and freed ones */

/* Mean light from from_s to to_s. cursor: 0 at first, then the last call's; makes a walk forward cheap, from_s may not
 * fall. */
double light_trace_mean(const struct light_trace *trace, size_t *cursor, double from_s, double to_s);

#endif
