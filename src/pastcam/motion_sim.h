/* `pastcam motion-sim`: motion detection on a folder of pictures or a clip, as fast as the machine allows. No clock. */
#ifndef PASTCAM_PASTCAM_MOTION_SIM_H
#define PASTCAM_PASTCAM_MOTION_SIM_H

#include <stdio.h>

#include "config/config.h"

struct motion_sim_params {
	const struct config *config;
	const char *path;    /* folder of JPEG and PNG pictures, taken in natural order at camera.framerate; or a clip */
	bool scores;         /* a line for each frame and zone too */
	const char *overlay; /* folder for pictures with zones, mask and boxes drawn in; NULL: none */
};

/* Writes lines of JSON: {"event": "motion.start" or "motion.end", "t": seconds from the beginning, "zone", "score",
 * "box": [x, y, width, height] in pixels, "picture": its name, of a clip's frame "frame-" and its number}, and with
 * scores {"t", "zone", "score", "moving", "settling", "box", "picture"}. A file that is no picture, or of another size
 * than the first, is passed over with a line on standard error. -EINVAL for a folder without pictures, a file that is
 * no clip, pictures that are too small and a configuration that is wrong; -EIO when out or the overlay fails; -ENOMEM.
 */
int motion_sim_run(const struct motion_sim_params *params, FILE *out, struct error *error);

#endif
