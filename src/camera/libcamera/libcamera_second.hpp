/* What a libcamera stream delivers, and how a camera is asked for a second, smaller one. */
#ifndef PASTCAM_CAMERA_LIBCAMERA_SECOND_HPP
#define PASTCAM_CAMERA_LIBCAMERA_SECOND_HPP

#include <string>

#include <libcamera/libcamera.h>

extern "C" {
#include "media/frame.h"
#include "media/orientation.h"
#include "plane_layout.h"
}

/* The pictures of a stream, as they were agreed. */
struct LibcameraPictures {
	plane_layout planes{};
	image layout{}; /* of each, but for the plane pointers; width 0: there are none */
};

LibcameraPictures libcamera_pictures(const libcamera::StreamConfiguration &stream, pixel_format format, bool mjpeg);

/*
 * Makes both, a configuration of two streams as the camera generated it, ask for pictures of that size in YUV420 beside
 * first, which the camera has agreed to alone. Returns "" when it takes them and leaves the first stream as it was,
 * else why not. NV12 is taken too, since the luma is the same; the size must be that one.
 *
 * The Raspberry Pi's pipelines: vc4 and pisp give two streams beside raw; the second may not be larger in any
 * direction, and on vc4 must be YUV; all share a colour space; widths are even and rows padded as the stride says
 * (pisp: 64 bytes, 128 of luma in YUV420); pisp shrinks by 64 at most. Pipelines without a second output cut both to
 * one stream.
 */
std::string libcamera_ask_second(libcamera::CameraConfiguration &both, const libcamera::StreamConfiguration &first,
                                 orientation turned, libcamera::Size size);

/* Of a stream that libcamera_ask_second got. */
pixel_format libcamera_second_format(const libcamera::StreamConfiguration &second);

#endif
