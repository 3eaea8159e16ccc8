/* `pastcam night-sim`: the night controller (night.h) on the synthetic camera's model of light (light.h), over an
 * evening that was recorded or made up, as fast as the machine allows. No clock. */
#ifndef PASTCAM_PASTCAM_NIGHT_SIM_H
#define PASTCAM_PASTCAM_NIGHT_SIM_H

#include <stdio.h>

#include "base/error.h"
#include "detect/night.h"

struct night_sim_params {
	struct night_params night;
	double framerate; /* of the day; the night's frames take their exposure, if that is longer */
};

/* Reads lines of `t_s,lux` (light.h, light_trace_read) and writes what happens, one line each:
 *
 *   t_s ENTER light       night begins; the level that decided, in the thresholds' unit
 *   t_s EXPOSURE us       the night's exposure from here on; also follows each ENTER
 *   t_s EXIT light
 *   enters=N exits=N frames=N clipped=P% dark=P%
 *
 * frames: all frames. clipped, dark: of the frames of the night, those with more than 5 % of the picture clipped
 * although a shorter exposure was allowed, and those with a mean below 10 although a longer one was. As on a camera, a
 * new exposure shows from the frame after the one under way.
 *
 * 0; -EINVAL for a line that is wrong, -EIO when in or out fails, -ENOMEM. */
int night_sim_run(const struct night_sim_params *params, FILE *in, FILE *out, struct error *error);

#endif
