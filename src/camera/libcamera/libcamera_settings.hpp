/* What people set on a camera (struct camera_settings, orientation, zoom), told to a libcamera camera as far as it
 * can. */
#ifndef PASTCAM_CAMERA_LIBCAMERA_SETTINGS_HPP
#define PASTCAM_CAMERA_LIBCAMERA_SETTINGS_HPP

#include <libcamera/libcamera.h>

extern "C" {
#include "camera/camera.h"
}

struct LibcameraSettings {
	libcamera::ControlList controls{ libcamera::controls::controls };
	char taken[256] = "";   /* "ev 1, awb daylight" */
	char refused[256] = ""; /* a sentence, or "" */
};

/* Only what the camera has, within its limits and its lists. */
LibcameraSettings libcamera_settings(const libcamera::ControlInfoMap &known, const camera_settings &settings);

/* Asks for the orientation before validate(). One that needs a transposition is left to others. */
void libcamera_orient(libcamera::CameraConfiguration &configuration, orientation turned);

/* What is left to be done by others, after validate(). */
orientation libcamera_orientation_left(const libcamera::CameraConfiguration &configuration, orientation turned);

/* The part of a sensor's pixels that shows region, of the proportions of the picture (width x height). */
libcamera::Rectangle libcamera_crop(const libcamera::Rectangle &sensor, const region &part, int width, int height);

#endif
