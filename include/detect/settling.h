/*
 * From night to day: the first frames of automatic exposure are white, or dark, until it has settled. Pure, fed with
 * one frame at a time.
 *
 * It has settled when two frames in a row are alike (mean within a tenth, exposure x gain, where known, within a
 * twentieth) and not saturated, and at the latest SETTLING_MAX_NS after the switch: a scene may be white.
 */
#ifndef PASTCAM_DETECT_SETTLING_H
#define PASTCAM_DETECT_SETTLING_H

#include <stdbool.h>
#include <stdint.h>

#define SETTLING_MAX_NS INT64_C(3000000000)

struct settling {
	bool active;
	int64_t until_ns;
	double mean, sensitivity; /* of the frame before; mean -1: none */
};

/* The exposure was handed to the camera's automatics at now_ns. */
void settling_begin(struct settling *settling, int64_t now_ns);

/* True when this frame is one that nobody should be given. sensitivity: exposure x gain, 0 where unknown. */
bool settling_update(struct settling *settling, int64_t timestamp_ns, double mean, double sensitivity);

/* Where automatic exposure should begin for a light (night.h's, per longest exposure and highest gain), so that it has
 * little left to do: a mean of 110, by exposure first, then by gain. */
void settling_start_exposure(double light, double longest_us, double highest_gain, double *exposure_us, double *gain);

#endif
