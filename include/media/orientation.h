/* The eight ways to turn and mirror a picture. Pure. */
#ifndef PASTCAM_MEDIA_ORIENTATION_H
#define PASTCAM_MEDIA_ORIENTATION_H

#include <stdbool.h>

/* A set of flags, that tells where the turned picture's pixel (X, Y) comes from: (X, Y), or (Y, X) with
 * ORIENTATION_TRANSPOSE, and from there mirrored within the source. */
enum {
	ORIENTATION_NORMAL = 0,
	ORIENTATION_MIRROR_X = 1, /* x becomes width - 1 - x, the source's */
	ORIENTATION_MIRROR_Y = 2, /* y becomes height - 1 - y */
	ORIENTATION_TRANSPOSE = 4,
	ORIENTATION_TURNED = ORIENTATION_MIRROR_X | ORIENTATION_MIRROR_Y, /* by 180 degrees */
	ORIENTATION_COUNT = 8,
};
typedef unsigned orientation;

/* Turned clockwise by quarters x 90 degrees, then mirrored left to right (hflip) and upside down (vflip). */
orientation orientation_of(int quarters, bool hflip, bool vflip);

/* What EXIF's tag Orientation asks for: 1 to 8; anything else is ORIENTATION_NORMAL. */
orientation orientation_of_exif(int tag);

/* first, then second. */
orientation orientation_then(orientation first, orientation second);

/* What undoes it. */
orientation orientation_inverse(orientation turned);

/* True when width and height change places. */
static inline bool orientation_swaps(orientation turned)
{
	return (turned & ORIENTATION_TRANSPOSE) != 0;
}

#endif
