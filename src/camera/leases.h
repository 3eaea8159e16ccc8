/* The leases of one camera. Private to src/camera. */
#ifndef PASTCAM_CAMERA_LEASES_H
#define PASTCAM_CAMERA_LEASES_H

#include <stdatomic.h>

#include "camera_buffer.h"

struct lease_holder {
	struct camera_lease lease;
	struct camera_buffer *buffer;
	atomic_bool out;
};

struct camera_leases {
	struct lease_holder holders[CAMERA_LEASES_MAX];
};

/* NULL when most are out. Capture thread. */
struct camera_lease *leases_take(struct camera_leases *leases, int most, const struct camera_frame *frame);

int leases_out(const struct camera_leases *leases);

#endif
