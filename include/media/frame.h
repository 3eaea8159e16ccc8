/*
 * What an image is. Two kinds: struct image is a view of what a camera delivers, in its own layout; struct frame is
 * what pastcam keeps and hands out, always tightly packed R,G,B bytes.
 */
#ifndef PASTCAM_MEDIA_FRAME_H
#define PASTCAM_MEDIA_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Layouts a camera may deliver, named by the order of the bytes in memory. In brackets libcamera's (DRM's) names, which
 * read a little-endian word from its high end. */
enum pixel_format {
	PIXEL_RGB,    /* R,G,B [BGR888] */
	PIXEL_BGR,    /* B,G,R [RGB888] */
	PIXEL_RGBX,   /* R,G,B,x [XBGR8888] */
	PIXEL_BGRX,   /* B,G,R,x [XRGB8888] */
	PIXEL_NV12,   /* plane 0 Y; plane 1 U,V pairs at half width and height */
	PIXEL_YUV420, /* plane 0 Y; 1 U; 2 V, both at half width and height */
	PIXEL_YUYV,   /* Y,U,Y,V */
};

enum colour_matrix { COLOUR_BT601, COLOUR_BT709 };

/* A view; owns nothing. Chroma planes of odd-sized images are rounded up. */
struct image {
	enum pixel_format format;
	int width, height; /* pixels, 1 and up */
	const uint8_t *plane[3];
	size_t stride[3];          /* bytes from one row to the next */
	enum colour_matrix matrix; /* YUV only */
	bool full_range;           /* YUV only: Y and chroma span 0-255 instead of 16-235 and 16-240 */
};

enum { FRAME_CHANNELS = 3 };

/*
 * What is known about a frame besides its pixels.
 *
 * A frame is an interval: [timestamp_ns, exposure_end_ns), the exposure of its first row on the monotonic clock. What
 * the backends know of it:
 * - libcamera: SensorTimestamp is taken when the first row begins to be read out, which is the end of that row's
 *   exposure (the frame start event of the Raspberry Pi's receivers), so the start is worked out from the reported
 *   exposure. A rolling shutter exposes the last row up to one readout (10 to 60 ms) later; that is not in it. Without
 *   a plausible stamp the time of arrival stands for it.
 * - synthetic: exact.
 * - replay: the time at which the picture is shown.
 * Where the exposure is unknown the interval is empty: both times are the one that is known.
 */
struct frame_info {
	uint64_t id;             /* counts from 1 for the life of the process; 0 is no frame */
	int64_t timestamp_ns;    /* monotonic: start of the exposure; rises from frame to frame */
	int64_t exposure_end_ns; /* at or after timestamp_ns */
	double exposure_us;      /* as measured, or as a camera that obeys was told; 0: unknown */
	double gain;             /* analogue x digital; 0: unknown */
	double mean;             /* of all bytes of the frame, 0-255 */
	bool night;              /* taken with the night's fixed exposure */
	bool settling;           /* taken while automatic exposure settles after a night: white, as a rule */
};

struct frame {
	uint8_t *pixels; /* R,G,B; rows of width * FRAME_CHANNELS bytes, no padding */
	int width, height;
	struct frame_info info;
};

static inline size_t frame_bytes(int width, int height)
{
	return (size_t)width * (size_t)height * FRAME_CHANNELS;
}

#endif
