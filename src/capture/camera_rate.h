/* When the camera itself may go slower, since nothing stirs (camera.idle_framerate); what is encoded is idle_rate.h's.
 * Pure. Private to src/capture. */
#ifndef PASTCAM_CAPTURE_CAMERA_RATE_H
#define PASTCAM_CAPTURE_CAMERA_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct camera_rate {
	double framerate; /* of the camera while idle; 0: it never is */
	int64_t after_ns; /* without anything that stirs */
	int64_t stirred_ns;
	bool idle;
};

/* At now_ns, when something stirs, or does not. True when idle changed: at once when something stirs. */
bool camera_rate_update(struct camera_rate *rate, int64_t now_ns, bool stirs);

#endif
