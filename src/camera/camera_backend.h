/*
 * What a kind of camera must be able to do. Three exist: libcamera, replay, synthetic. All calls come from the capture
 * thread, in the order open, start, (acquire, release, set_mode)*, stop, close; stop and start may repeat. A backend
 * never logs and never exits; it fills struct error.
 */
#ifndef PASTCAM_CAMERA_CAMERA_BACKEND_H
#define PASTCAM_CAMERA_CAMERA_BACKEND_H

#include "camera/camera.h"
#include "camera_buffer.h"

/* What acquire found. */
enum camera_acquired {
	CAMERA_ACQUIRED_NOTHING = 0,
	CAMERA_ACQUIRED_FRAME = 1,      /* *frame is filled and on loan */
	CAMERA_ACQUIRED_UNREADABLE = 2, /* a picture came that cannot be shown. error says why; without a text it has been
	                                   told before. There may be more at once. */
};

struct camera_backend {
	const char *name;

	/* Finds and configures the camera and its buffers. *state is the backend's own. -ENODEV: not there (now); -EINVAL:
	 * the parameters can never work. Fills description. params stays valid until close. */
	int (*open)(const struct camera_params *params, void **state, struct camera_description *description,
	            struct error *error);

	/* Starts the stream; the first frame already has the mode. */
	int (*start)(void *state, const struct camera_mode *mode, struct error *error);

	/* Readable when a frame or an event waits. Constant between open and close. */
	int (*fd)(void *state);

	/* One of camera_acquired; -errno: the camera failed (vanished, cancelled everything). Does the work of one picture
	 * at most. The newest frame always comes; older ones that wait may be dropped by the backend only if it counts them
	 * in sequence. */
	int (*acquire)(void *state, struct camera_frame *frame, struct error *error);

	/* The caller is done with it. Where frame->buffer is not NULL, others may still hold the buffer (camera_buffer.h):
	 * the camera must not write to it before camera_buffer_is_free, through stop, start and close. */
	void (*release)(void *state, struct camera_frame *frame);

	/* Changes the exposure without stopping. note: as camera_set_mode. */
	int (*set_mode)(void *state, const struct camera_mode *mode, char note[256]);

	void (*stop)(void *state);  /* gives every frame back; safe when not started */
	void (*close)(void *state); /* NULL is fine */

	/* What the text of the parameters decides: 0 or -EINVAL. NULL: nothing. */
	int (*check)(const struct camera_params *params, struct error *error);

	/* From the next frame on, nobody looks at images (true), or somebody does: those that cost work need not be made.
	 * NULL: it makes no difference. */
	void (*set_unread)(void *state, bool unread);
};

/* NULL when built without libcamera. */
extern const struct camera_backend *const camera_backend_libcamera;
extern const struct camera_backend camera_backend_replay;
extern const struct camera_backend camera_backend_synthetic;

/* camera_create on a backend and a clock of the caller's choice (tests). It is the awake clock (clock.h): while this
 * process does not run, neither do a backend's threads, and their silence means nothing. */
struct camera *camera_create_on(const struct camera_backend *backend, int64_t (*now_ns)(void),
                                const struct camera_params *params, const struct camera_mode *mode,
                                struct error *error);

#endif
