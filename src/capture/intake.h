/* How a camera's pictures become frames of the rings, and what that takes. Capture thread. */
#ifndef PASTCAM_CAPTURE_INTAKE_H
#define PASTCAM_CAPTURE_INTAKE_H

#include <stdbool.h>

#include "camera/camera.h"
#include "media/ingest.h"
#include "store/frame_ring.h"

struct intake {
	struct frame_ring *ring, *full_ring; /* full_ring: NULL without */
	enum fit fit;
	struct ingest *ingest, *full_ingest; /* for pictures of width x height */
	int width, height;                   /* 0: to be prepared anew */
	bool plain;                          /* frames show all of a picture, unturned: so do its smaller versions */
};

/* Nothing is prepared yet. */
void intake_init(struct intake *intake, struct frame_ring *ring, struct frame_ring *full_ring, enum fit fit);
void intake_finish(struct intake *intake);

/* For pictures of the size that the camera says. False: no memory. */
bool intake_prepare(struct intake *intake, const struct camera_description *camera);

/* The camera came back: it may turn its pictures by itself now, or no longer. */
void intake_forget(struct intake *intake);

/* Is this a picture that can be taken in? Follows the camera when it came back with another size. */
bool intake_fits(struct intake *intake, const struct camera_description *camera, const struct image *image);

/* Takes the picture into a slot of ring by into, and into luma where that is not NULL. NULL only when no slot is free.
 */
struct frame *intake_frame(struct frame_ring *ring, struct ingest *into, const struct camera_frame *from, uint64_t id,
                           struct luma_grid *luma);

#endif
