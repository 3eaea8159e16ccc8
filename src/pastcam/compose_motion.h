/* From the configuration to what motion detection needs. */
#ifndef PASTCAM_PASTCAM_COMPOSE_MOTION_H
#define PASTCAM_PASTCAM_COMPOSE_MOTION_H

#include "config/config.h"
#include "detect/motion.h"
#include "service/motion_export.h"

/* For frames of frame_width x frame_height, of a camera whose pictures are camera_width wide: the grid is as much
 * smaller than the camera's pictures as motion.scale says, or less where it would be too small. -EINVAL for a scale
 * that is none, and as zones_parse. */
int compose_motion(const struct config *config, int frame_width, int frame_height, int camera_width,
                   struct motion_setup *setup, struct error *error);

/* For the daemon's own frames. */
int compose_daemon_motion(const struct config *config, struct motion_setup *setup, struct error *error);

/* Size of the smaller picture that the camera is asked for (camera.second), zeros for none: unless the configuration
 * names one, what motion's grid can be filled from, of even width and height. */
void compose_second(const struct config *config, int *width, int *height);

/* The same with other keys: compose of motion_try.h. config: a struct config. */
int compose_motion_other(void *config, const char *const *assignments, size_t count, struct motion_setup *setup,
                         struct error *error);

/* Without the loop and the requests. */
struct motion_export_params compose_motion_export(const struct config *config);

/* Whether the keys of the section motion are good, whatever the pictures. */
int compose_motion_check(const struct config *config, struct error *error);

/* Whether they are good for the daemon's own frames, too: each zone has cells. */
int compose_daemon_motion_check(const struct config *config, struct error *error);

#endif
