/* The supervisor's own, shared by its two halves: camera.c gets frames and tells what happened, camera_ladder.c gets
 * the camera back. */
#ifndef PASTCAM_CAMERA_CAMERA_PRIVATE_H
#define PASTCAM_CAMERA_CAMERA_PRIVATE_H

#include "camera_backend.h"
#include "leases.h"

struct camera {
	const struct camera_backend *backend;
	int64_t (*now_ns)(void);
	struct camera_params params;
	struct camera_mode mode;
	struct camera_status status;
	struct camera_leases leases;
	int epoll, timer;
	void *open; /* the backend's state; NULL: closed */

	int64_t deadline_ns;     /* open: when silence becomes a stall; closed: when to open again */
	int64_t backoff_ns;      /* before the next reopening; 0: the first rung, a restart, is still to be tried */
	int64_t recovered_ns;    /* when frames came again; 0: backoff_ns has been reset since, or there was no trouble */
	int64_t trouble_ns;      /* since when it is in trouble; 0: it is not */
	double last_exposure_us; /* of the last frame */
	uint64_t last_sequence;
	bool has_sequence; /* false for the first frame after a start: its number follows nothing */
	bool worked;       /* there was a frame once */
	int failed;        /* -errno of what is still to be answered by a rung of the ladder */
	bool announce;     /* CAMERA_TROUBLE is due */
	bool lost;         /* CAMERA_LOST was given in this outage */
	int burst;         /* events in a row since the last CAMERA_NOTHING */
	bool more;         /* the backend has more to do at once */
	bool fresh;        /* there was a frame since the last CAMERA_NOTHING */
	bool has_pending;  /* pending waits behind CAMERA_RECOVERED */
	struct camera_frame pending;
};

/* What changes the state. */
enum camera_happening {
	CAMERA_HAPPENED_START,   /* the stream was started */
	CAMERA_HAPPENED_FRAME,   /* a frame came */
	CAMERA_HAPPENED_FAILURE, /* frames stopped, or the camera says that it failed */
	CAMERA_HAPPENED_CLOSE,   /* it was closed */
};
void camera_step(struct camera *camera, enum camera_happening happening);

int64_t camera_ns_of(double seconds);

/* Silence counts from now. */
void camera_expect_frame(struct camera *camera);

/* Opens and starts. */
int camera_open_backend(struct camera *camera, struct error *error);
void camera_close_backend(struct camera *camera);

/* Remembers why, and that it must be told unless it is known already. */
void camera_note_trouble(struct camera *camera, const char *reason);

/* Closes, until it is time to open again. */
void camera_give_up_until_later(struct camera *camera);

/* It is told before it is answered: stopping a camera that hangs may take long, or for ever. */
void camera_fail(struct camera *camera, int code, const char *reason);
void camera_stalled(struct camera *camera);

/* Answers a failure: one rung up. Restart the stream once, from then on close and open again with back-off. */
void camera_climb(struct camera *camera);
void camera_reopen(struct camera *camera);

#endif
