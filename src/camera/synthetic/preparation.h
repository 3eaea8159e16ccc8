/*
 * What the synthetic camera makes ready on threads of its own: the scene, while its first picture is exposed; then,
 * beside the first pictures, all buffers but the first. No buffer is touched before, since the memory plan counts them
 * as still to come. Private to src/camera/synthetic.
 */
#ifndef PASTCAM_CAMERA_SYNTHETIC_PREPARATION_H
#define PASTCAM_CAMERA_SYNTHETIC_PREPARATION_H

#include <stddef.h>

#include "base/error.h"
#include "base/thread.h"
#include "scene.h"
#include "synthetic_buffer.h"

struct preparation { /* starts as all zeros; its threads use it */
	struct thread painter, helper;
	struct scene *scene;
	struct synthetic_buffer *const *buffers;
	size_t count;
	double mean;
};

/* Begins. scene and buffers are lent until preparation_end; the scene may be drawn after preparation_await, a buffer
 * drawn into when it is ready. -EAGAIN: no room for a thread. */
int preparation_start(struct preparation *preparation, struct scene *scene, struct synthetic_buffer *const *buffers,
                      size_t count, struct error *error);

/* Waits for the scene and touches the first buffer; again, returns at once. mean: what the first pictures will have, as
 * far as is known, for drawing into the others; negative: they are drawn anew each time, and are not prepared. */
void preparation_await(struct preparation *preparation, double mean);

/* Waits until all buffers are ready, or what was begun has ended. One that never started is fine; again, returns at
 * once. */
void preparation_end(struct preparation *preparation);

#endif
