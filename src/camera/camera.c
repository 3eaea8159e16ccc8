#include "camera/camera.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "camera_backend.h"

#define BACKOFF_FIRST_NS CLOCK_NS_PER_S
#define BACKOFF_LAST_NS (30 * CLOCK_NS_PER_S)
/* A camera that fails again sooner than this after it came back goes on climbing where it was, so that one that works
 * for a moment at a time is not restarted in a tight loop. */
#define STEADY_NS (10 * CLOCK_NS_PER_S)

/* Pipelines keep the first frames after a start to themselves, while exposure and colours settle. */
enum { START_FRAMES = 8 };
/* So many frames in a row, then CAMERA_NOTHING once, so that a caller whom the camera outruns gets around to the rest.
 */
enum { BURST_FRAMES = 4 };

struct camera {
	const struct camera_backend *backend;
	int64_t (*now_ns)(void);
	struct camera_params params;
	struct camera_mode mode;
	struct camera_status status;
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
	bool has_pending;  /* pending waits behind CAMERA_RECOVERED */
	struct camera_frame pending;
};

static int64_t ns_of(double seconds)
{
	return (int64_t)(seconds * (double)CLOCK_NS_PER_S);
}

/* How long the camera may be silent: frames already under way still have the exposure that was asked before. */
static int64_t silence_ns(const struct camera *camera)
{
	double longest_us = 1e6 / camera->params.framerate;

	if (camera->mode.still && (double)camera->mode.exposure_us > longest_us)
		longest_us = (double)camera->mode.exposure_us;
	if (camera->last_exposure_us > longest_us)
		longest_us = camera->last_exposure_us;
	return ns_of(camera->params.capture_timeout_s + (camera->has_sequence ? 1 : START_FRAMES) * longest_us / 1e6);
}

static void expect_frame(struct camera *camera)
{
	camera->deadline_ns = camera->now_ns() + silence_ns(camera);
}

static void close_backend(struct camera *camera)
{
	if (!camera->open)
		return;
	epoll_ctl(camera->epoll, EPOLL_CTL_DEL, camera->backend->fd(camera->open), NULL);
	camera->backend->stop(camera->open);
	camera->backend->close(camera->open);
	camera->open = NULL;
	camera->status.state = CAMERA_ABSENT;
}

static int start_backend(struct camera *camera, struct error *error)
{
	int rc = camera->backend->start(camera->open, &camera->mode, error);

	if (rc < 0)
		return rc;
	camera->has_sequence = false;
	camera->last_exposure_us = 0;
	expect_frame(camera);
	return 0;
}

static int open_backend(struct camera *camera, struct error *error)
{
	struct camera_description description = { 0 };
	void *state = NULL;
	int rc = camera->backend->open(&camera->params, &state, &description, error);

	if (rc < 0)
		return rc;
	camera->open = state;
	camera->status.description = description;
	struct epoll_event event = { .events = EPOLLIN };
	if (epoll_ctl(camera->epoll, EPOLL_CTL_ADD, camera->backend->fd(state), &event) < 0)
		rc = error_set_errno(error, -errno, "cannot watch the camera's descriptor");
	else
		rc = start_backend(camera, error);
	if (rc < 0)
		close_backend(camera);
	return rc;
}

/* Remembers why, and that it must be told unless it is known already. */
static void note_trouble(struct camera *camera, const char *reason)
{
	snprintf(camera->status.trouble, sizeof camera->status.trouble, "%s", reason);
	if (camera->trouble_ns)
		return;
	camera->trouble_ns = camera->now_ns();
	camera->announce = true;
	camera->lost = false;
	if (camera->recovered_ns && camera->trouble_ns - camera->recovered_ns >= STEADY_NS)
		camera->backoff_ns = 0;
}

static void give_up_until_later(struct camera *camera)
{
	close_backend(camera);
	camera->status.state = CAMERA_ABSENT;
	if (camera->backoff_ns == 0)
		camera->backoff_ns = BACKOFF_FIRST_NS;
	camera->deadline_ns = camera->now_ns() + camera->backoff_ns;
	camera->backoff_ns *= 2;
	if (camera->backoff_ns > BACKOFF_LAST_NS)
		camera->backoff_ns = BACKOFF_LAST_NS;
}

/* It is told before it is answered: stopping a camera that hangs may take long, or for ever. */
static void fail(struct camera *camera, int code, const char *reason)
{
	note_trouble(camera, reason);
	camera->status.state = CAMERA_RECOVERING;
	camera->failed = code;
}

/* One rung up: restart the stream once, from then on close and open again with back-off. */
static void climb(struct camera *camera)
{
	struct error error = { 0 };
	int code = camera->failed;

	camera->failed = 0;
	if (code == -ENODEV || camera->backoff_ns != 0) {
		give_up_until_later(camera);
		return;
	}
	camera->backoff_ns = BACKOFF_FIRST_NS;
	camera->status.restarts++;
	camera->backend->stop(camera->open);
	if (start_backend(camera, &error) < 0) {
		camera->status.failures++;
		note_trouble(camera, error.text);
		give_up_until_later(camera);
	}
}

static void reopen(struct camera *camera)
{
	struct error error = { 0 };

	camera->status.reopens++;
	if (open_backend(camera, &error) == 0) {
		camera->status.state = CAMERA_RECOVERING;
		return;
	}
	camera->status.failures++;
	note_trouble(camera, error.text);
	give_up_until_later(camera);
}

static void stalled(struct camera *camera)
{
	char reason[128];

	snprintf(reason, sizeof reason, "no frame for %.1f s", (double)silence_ns(camera) / (double)CLOCK_NS_PER_S);
	camera->status.stalls++;
	fail(camera, -ETIMEDOUT, reason);
}

static void count_frame(struct camera *camera, const struct camera_frame *frame)
{
	if (camera->has_sequence && frame->sequence > camera->last_sequence)
		camera->status.lost += frame->sequence - camera->last_sequence - 1;
	camera->last_sequence = frame->sequence;
	camera->has_sequence = true;
	camera->last_exposure_us = frame->exposure_us;
	camera->status.frames++;
	camera->status.last_frame_ns = frame->timestamp_ns;
	camera->worked = true;
	expect_frame(camera);
}

static enum camera_event got_frame(struct camera *camera, struct camera_frame *frame)
{
	count_frame(camera, frame);
	camera->status.state = CAMERA_RUNNING;
	if (!camera->trouble_ns)
		return CAMERA_FRAME;
	camera->trouble_ns = 0;
	camera->status.trouble[0] = '\0';
	camera->recovered_ns = camera->now_ns();
	camera->pending = *frame;
	camera->has_pending = true;
	return CAMERA_RECOVERED;
}

/* The camera is alive, but this picture is not for showing. The caller's loop turns to other things before the next. */
static enum camera_event got_unreadable(struct camera *camera, const struct error *reason)
{
	expect_frame(camera);
	camera->more = true;
	if (!reason->text[0])
		return CAMERA_NOTHING;
	camera->status.unreadable++;
	snprintf(camera->status.unreadable_reason, sizeof camera->status.unreadable_reason, "%s", reason->text);
	camera->burst = BURST_FRAMES;
	return CAMERA_UNREADABLE;
}

static enum camera_event poll_open(struct camera *camera, struct camera_frame *frame)
{
	struct error error = { 0 };
	int rc = camera->backend->acquire(camera->open, frame, &error);

	if (rc == CAMERA_ACQUIRED_FRAME)
		return got_frame(camera, frame);
	if (rc == CAMERA_ACQUIRED_UNREADABLE)
		return got_unreadable(camera, &error);
	if (rc < 0) {
		camera->status.failures++;
		fail(camera, rc, error.text);
	} else if (camera->now_ns() >= camera->deadline_ns) {
		stalled(camera);
	}
	return CAMERA_NOTHING;
}

/* When time alone makes camera_poll do something; lost_ns is 0 when the camera cannot become lost. */
static int64_t lost_ns(const struct camera *camera)
{
	if (!camera->worked || !camera->trouble_ns || camera->lost || camera->params.lost_after_s <= 0)
		return 0;
	return camera->trouble_ns + ns_of(camera->params.lost_after_s);
}

/* more: there may be another event at once. */
static void arm_timer(struct camera *camera, bool more)
{
	int64_t wake_ns = camera->deadline_ns, lost = lost_ns(camera);

	if (lost && lost < wake_ns)
		wake_ns = lost;
	int64_t left_ns = wake_ns - camera->now_ns();
	if (more || left_ns < 1)
		left_ns = 1;
	struct itimerspec when = {
		.it_value = { .tv_sec = left_ns / CLOCK_NS_PER_S, .tv_nsec = left_ns % CLOCK_NS_PER_S },
	};
	timerfd_settime(camera->timer, 0, &when, NULL);
}

static enum camera_event next_event(struct camera *camera, struct camera_frame *frame)
{
	enum camera_event event = CAMERA_NOTHING;

	if (camera->has_pending) {
		camera->has_pending = false;
		*frame = camera->pending;
		return CAMERA_FRAME;
	}
	if (camera->open && !camera->failed)
		event = poll_open(camera, frame);
	if (camera->announce) {
		camera->announce = false;
		return CAMERA_TROUBLE;
	}
	if (camera->failed)
		climb(camera);
	else if (!camera->open && camera->now_ns() >= camera->deadline_ns)
		reopen(camera);
	int64_t lost = lost_ns(camera);
	if (event == CAMERA_NOTHING && lost && camera->now_ns() >= lost) {
		camera->lost = true;
		return CAMERA_LOST;
	}
	return event;
}

enum camera_event camera_poll(struct camera *camera, struct camera_frame *frame)
{
	uint64_t expirations;
	ssize_t ignored = read(camera->timer, &expirations, sizeof expirations);
	(void)ignored;
	bool pause = camera->burst >= BURST_FRAMES && !camera->has_pending;
	enum camera_event event = pause ? CAMERA_NOTHING : next_event(camera, frame);

	camera->burst = event == CAMERA_NOTHING ? 0 : camera->burst + 1;
	arm_timer(camera, pause || camera->more || event != CAMERA_NOTHING);
	camera->more = false;
	return event;
}

void camera_release(struct camera *camera, struct camera_frame *frame)
{
	assert(camera->open);
	camera->backend->release(camera->open, frame);
}

int camera_set_mode(struct camera *camera, const struct camera_mode *mode, char note[256])
{
	note[0] = '\0';
	camera->mode = *mode;
	if (!camera->open)
		return -ENODEV;
	int rc = camera->backend->set_mode(camera->open, mode, note);
	expect_frame(camera);
	arm_timer(camera, true);
	return rc;
}

int camera_fd(const struct camera *camera)
{
	return camera->epoll;
}

void camera_status(const struct camera *camera, struct camera_status *status)
{
	*status = camera->status;
}

static int open_descriptors(struct camera *camera, struct error *error)
{
	camera->epoll = epoll_create1(EPOLL_CLOEXEC);
	camera->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN };
	if (camera->epoll < 0 || camera->timer < 0 || epoll_ctl(camera->epoll, EPOLL_CTL_ADD, camera->timer, &event) < 0)
		return error_set_errno(error, -errno, "cannot make descriptors for the camera");
	return 0;
}

/* Only parameters that can never work are an error here; anything else is trouble, to be told by the first poll. */
static int first_opening(struct camera *camera, struct error *error)
{
	int rc = open_backend(camera, error);

	if (rc == -EINVAL)
		return rc;
	if (rc == 0) {
		camera->status.state = CAMERA_RUNNING;
	} else {
		camera->status.failures++;
		note_trouble(camera, error->text);
		give_up_until_later(camera);
	}
	arm_timer(camera, camera->announce);
	return 0;
}

struct camera *camera_create_on(const struct camera_backend *backend, int64_t (*now_ns)(void),
                                const struct camera_params *params, const struct camera_mode *mode, struct error *error)
{
	struct camera *camera = calloc(1, sizeof *camera);
	struct error reason = { 0 };

	if (!camera) {
		error_set(error, -ENOMEM, "no memory for the camera");
		return NULL;
	}
	*camera = (struct camera){
		.backend = backend, .now_ns = now_ns, .params = *params, .mode = *mode, .epoll = -1, .timer = -1
	};
	if (open_descriptors(camera, &reason) < 0 || first_opening(camera, &reason) < 0) {
		error_set(error, reason.code, "%s", reason.text);
		camera_destroy(camera);
		return NULL;
	}
	return camera;
}

void camera_destroy(struct camera *camera)
{
	if (!camera)
		return;
	if (camera->has_pending)
		camera->backend->release(camera->open, &camera->pending);
	close_backend(camera);
	if (camera->timer >= 0)
		close(camera->timer);
	if (camera->epoll >= 0)
		close(camera->epoll);
	free(camera);
}
