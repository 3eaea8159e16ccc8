/* What a camera can be told about exposure and pace, and how a mode of ours is told to it. */
#ifndef PASTCAM_CAMERA_LIBCAMERA_CONTROLS_HPP
#define PASTCAM_CAMERA_LIBCAMERA_CONTROLS_HPP

#include <optional>

#include <libcamera/libcamera.h>

extern "C" {
#include "camera/camera.h"
}

struct LibcameraRange {
	double min, max;
};

/* The limits of a control; none when the camera does not have it. */
std::optional<LibcameraRange> libcamera_limits(const libcamera::ControlInfoMap &known, const libcamera::ControlId &id);

struct LibcameraMode {
	libcamera::ControlList controls{ libcamera::controls::controls };
	double exposure_us = 0, gain = 0; /* that controls ask for; 0: left to the camera */
};

/* What asked means for a camera with these controls: only those that it has, within its limits. note (empty at first)
 * says what was clamped. */
LibcameraMode libcamera_mode(const libcamera::ControlInfoMap &known, double framerate, const camera_mode &asked,
                             char note[256]);

/* False when the camera cannot be told to go as slowly as framerate. */
bool libcamera_can_pace_itself(const libcamera::ControlInfoMap &known, double framerate);

#endif
