/*
 * What other settings of motion would have told of the past that is in the ring: one try at a time, on a thread of its
 * own, which pins one frame after the other, so that it takes nothing from exports and capture.
 */
#ifndef PASTCAM_SERVICE_MOTION_TRY_H
#define PASTCAM_SERVICE_MOTION_TRY_H

#include "detect/motion.h"
#include "store/frame_ring.h"

struct motion_try;

struct motion_try_params {
	struct frame_ring *ring; /* outlives it */
	/* From assignments (KEY=VALUE, of the section motion, with or without its name) upon the configuration to a setup.
	 * -EINVAL with what is wrong. Thread of motion_try_start. */
	int (*compose)(void *data, const char *const *assignments, size_t count, struct motion_setup *setup,
	               struct error *error);
	void *data;
};

struct motion_try *motion_try_create(const struct motion_try_params *params, struct error *error);
void motion_try_destroy(struct motion_try *attempt); /* what is under way is cut short and answered; NULL is fine */

/* On the thread of the try, once. text: `TRIED frames=N seconds=S events=N`, and a line of JSON for each event, with
 * `at`, the seconds before now that a request takes; the callee's to keep until it returns. NULL: no memory. */
typedef void (*motion_try_done)(void *data, uint64_t ticket, const char *text);

/* -EBUSY while another is under way, -EINVAL as compose, -EAGAIN without a thread; done is not called then. One thread
 * at a time. */
int motion_try_start(struct motion_try *attempt, const char *const *assignments, size_t count, motion_try_done done,
                     void *data, uint64_t ticket, struct error *error);

#endif
