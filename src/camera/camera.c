#include "camera_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"

/* So many frames in a row, then CAMERA_NOTHING once, so that a caller whom the camera outruns gets around to the rest.
 */
enum { BURST_FRAMES = 4, READING_LATEST_TICKS = 8 };

static void count_frame(struct camera *camera, const struct camera_frame *frame)
{
	if (camera->has_sequence && frame->sequence > camera->last_sequence)
		camera->status.lost += frame->sequence - camera->last_sequence - 1;
	camera->last_sequence = frame->sequence;
	camera->has_sequence = true;
	camera->last_exposure_us = frame->exposure_us;
	camera->status.frames++;
	camera->status.last_frame_ns = frame->timestamp_ns;
	camera->worked = camera->fresh = true;
	camera_expect_frame(camera);
}

static enum camera_event got_frame(struct camera *camera, struct camera_frame *frame)
{
	count_frame(camera, frame);
	camera_step(camera, CAMERA_HAPPENED_FRAME);
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
	camera_expect_frame(camera);
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
		camera_fail(camera, rc, error.text);
	} else if (camera->now_ns() >= camera->deadline_ns) {
		camera_stalled(camera);
	}
	return CAMERA_NOTHING;
}

/* When time alone makes camera_poll do something; lost_ns is 0 when the camera cannot become lost. */
static int64_t lost_ns(const struct camera *camera)
{
	if (!camera->worked || !camera->trouble_ns || camera->lost || camera->params.lost_after_s <= 0)
		return 0;
	return camera->trouble_ns + camera_ns_of(camera->params.lost_after_s);
}

/* The clock may be one that must be read in time (clock_awake_ns): each frame does that, and where none comes the timer
 * does. Until a frame is late by half of its interval that is not needed, and a wake-up costs as much as a small frame.
 */
static int64_t next_reading_ns(const struct camera *camera)
{
	const int64_t interval_ns = camera_ns_of(1 / camera->params.framerate);
	const int64_t late_ns = min_i64(interval_ns + interval_ns / 2, READING_LATEST_TICKS * CLOCK_AWAKE_TICK_NS);
	return camera->fresh ? max_i64(late_ns, CLOCK_AWAKE_TICK_NS) : CLOCK_AWAKE_TICK_NS;
}

/* more: there may be another event at once. What has run out is forgotten. */
static void arm_timer(struct camera *camera, bool more)
{
	int64_t wake_ns = camera->deadline_ns, lost = lost_ns(camera);

	if (lost && lost < wake_ns)
		wake_ns = lost;
	int64_t left_ns = min_i64(wake_ns - camera->now_ns(), next_reading_ns(camera));
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
		camera_climb(camera);
	else if (!camera->open && camera->now_ns() >= camera->deadline_ns)
		camera_reopen(camera);
	int64_t lost = lost_ns(camera);
	if (event == CAMERA_NOTHING && lost && camera->now_ns() >= lost) {
		camera->lost = true;
		return CAMERA_LOST;
	}
	return event;
}

enum camera_event camera_poll(struct camera *camera, struct camera_frame *frame)
{
	const bool pause = camera->burst >= BURST_FRAMES && !camera->has_pending;
	enum camera_event event = pause ? CAMERA_NOTHING : next_event(camera, frame);

	camera->burst = event == CAMERA_NOTHING ? 0 : camera->burst + 1;
	if (event != CAMERA_NOTHING)
		return event;
	arm_timer(camera, pause || camera->more);
	camera->more = false;
	camera->fresh &= pause;
	return event;
}

void camera_release(struct camera *camera, struct camera_frame *frame)
{
	assert(camera->open);
	camera->backend->release(camera->open, frame);
}

struct camera_lease *camera_lease(struct camera *camera, const struct camera_frame *frame)
{
	return leases_take(&camera->leases, camera->params.leases, frame);
}

void camera_set_unread(struct camera *camera, bool unread)
{
	if (camera->open && camera->backend->set_unread)
		camera->backend->set_unread(camera->open, unread);
}

int camera_set_mode(struct camera *camera, const struct camera_mode *mode, char note[256])
{
	note[0] = '\0';
	camera->mode = *mode;
	if (!camera->open)
		return -ENODEV;
	int rc = camera->backend->set_mode(camera->open, mode, note);
	camera_expect_frame(camera);
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
	int rc = camera_open_backend(camera, error);

	if (rc == -EINVAL)
		return rc;
	if (rc < 0) {
		camera->status.failures++;
		camera_note_trouble(camera, error->text);
		camera_give_up_until_later(camera);
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
	*camera = (struct camera){ .status.state = CAMERA_RUNNING,
		                       .backend = backend,
		                       .now_ns = now_ns,
		                       .params = *params,
		                       .mode = *mode,
		                       .epoll = -1,
		                       .timer = -1 };
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
	assert(leases_out(&camera->leases) == 0);
	if (camera->has_pending)
		camera->backend->release(camera->open, &camera->pending);
	camera_close_backend(camera);
	if (camera->timer >= 0)
		close(camera->timer);
	if (camera->epoll >= 0)
		close(camera->epoll);
	free(camera);
}
