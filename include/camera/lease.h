/*
 * A camera's own buffer, kept beyond the poll that delivered it, so that an encoder or a detector can read it without a
 * copy.
 *
 * Two holders share a buffer: the camera, for as long as it is open, and at most one lease. The memory stays where it
 * is, and is not written to, until the lease is given back, even if the camera is restarted or closed meanwhile; the
 * last holder frees it. A camera has more buffers than it leases, so it goes on however long leases are kept:
 * camera_lease refuses the next one instead.
 */
#ifndef PASTCAM_CAMERA_LEASE_H
#define PASTCAM_CAMERA_LEASE_H

#include <stddef.h>
#include <stdint.h>

#include "media/frame.h"

enum { CAMERA_LEASES_MAX = 2, CAMERA_PLANES = 3 };

/* Where a plane lies, for hardware that reads dma-bufs. */
struct camera_plane {
	int fd;        /* a dma-buf, the lease's: duplicate it to keep it; -1 where the memory is none */
	size_t offset; /* of the plane within it */
	size_t bytes;
};

struct camera_lease {
	struct image image;  /* for the CPU: dma-bufs are mapped and may be read */
	struct image second; /* the smaller picture; width 0: there is none */
	struct camera_plane plane[CAMERA_PLANES], second_plane[CAMERA_PLANES];
	int64_t timestamp_ns, exposure_end_ns; /* see media/frame.h */
	uint64_t sequence;
	void *holder; /* the camera's */
};

struct camera;
struct camera_frame;

/* Keeps frame's buffer. Capture thread, between CAMERA_FRAME and camera_release, which still follows. NULL: as many as
 * camera_params.leases are out, or the camera's pictures are not in buffers of its own (MJPEG, replay: they are
 * decoded, and nearest at hand in the frame ring). */
struct camera_lease *camera_lease(struct camera *camera, const struct camera_frame *frame);

/* Gives it back: the camera uses the buffer again from its next frame on. Any thread, until camera_destroy. NULL is
 * fine. */
void camera_lease_release(struct camera_lease *lease);

#endif
