#include "camera_private.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "base/clock.h"

#define BACKOFF_FIRST_NS CLOCK_NS_PER_S
#define BACKOFF_LAST_NS (30 * CLOCK_NS_PER_S)
/* A camera that fails again sooner than this after it came back goes on climbing where it was, so that one that works
 * for a moment at a time is not restarted in a tight loop. */
#define STEADY_NS (10 * CLOCK_NS_PER_S)

/* Pipelines keep the first frames after a start to themselves, while exposure and colours settle. */
enum { START_FRAMES = 8 };
/* A camera that was just made is taken to run until it turns out otherwise. */
void camera_step(struct camera *camera, enum camera_happening happening)
{
	static const enum camera_state next[][4] = {
		/* start, frame, failure, close */
		[CAMERA_ABSENT] = { CAMERA_RECOVERING, CAMERA_RUNNING, CAMERA_RECOVERING, CAMERA_ABSENT },
		[CAMERA_RUNNING] = { CAMERA_RUNNING, CAMERA_RUNNING, CAMERA_RECOVERING, CAMERA_ABSENT },
		[CAMERA_RECOVERING] = { CAMERA_RECOVERING, CAMERA_RUNNING, CAMERA_RECOVERING, CAMERA_ABSENT },
	};
	camera->status.state = next[camera->status.state][happening];
}

int64_t camera_ns_of(double seconds)
{
	return (int64_t)(seconds * (double)CLOCK_NS_PER_S);
}

/* How long the camera may be silent: frames already under way still have the exposure that was asked before. */
static int64_t silence_ns(const struct camera *camera)
{
	const double slowest = camera->params.slowest_framerate;
	double longest_us = 1e6 / (slowest > 0 ? slowest : camera->params.framerate);

	if (camera->mode.still && (double)camera->mode.exposure_us > longest_us)
		longest_us = (double)camera->mode.exposure_us;
	if (camera->last_exposure_us > longest_us)
		longest_us = camera->last_exposure_us;
	return camera_ns_of(camera->params.capture_timeout_s +
	                    (camera->has_sequence ? 1 : START_FRAMES) * longest_us / 1e6);
}

void camera_expect_frame(struct camera *camera)
{
	camera->deadline_ns = camera->now_ns() + silence_ns(camera);
}

void camera_close_backend(struct camera *camera)
{
	if (!camera->open)
		return;
	epoll_ctl(camera->epoll, EPOLL_CTL_DEL, camera->backend->fd(camera->open), NULL);
	camera->backend->stop(camera->open);
	camera->backend->close(camera->open);
	camera->open = NULL;
	camera_step(camera, CAMERA_HAPPENED_CLOSE);
}

static int start_backend(struct camera *camera, struct error *error)
{
	int rc = camera->backend->start(camera->open, &camera->mode, error);

	if (rc < 0)
		return rc;
	camera->has_sequence = false;
	camera->last_exposure_us = 0;
	camera_step(camera, CAMERA_HAPPENED_START);
	camera_expect_frame(camera);
	return 0;
}

int camera_open_backend(struct camera *camera, struct error *error)
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
		camera_close_backend(camera);
	return rc;
}

void camera_note_trouble(struct camera *camera, const char *reason)
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

void camera_give_up_until_later(struct camera *camera)
{
	camera_close_backend(camera);
	camera_step(camera, CAMERA_HAPPENED_CLOSE);
	if (camera->backoff_ns == 0)
		camera->backoff_ns = BACKOFF_FIRST_NS;
	camera->deadline_ns = camera->now_ns() + camera->backoff_ns;
	camera->backoff_ns *= 2;
	if (camera->backoff_ns > BACKOFF_LAST_NS)
		camera->backoff_ns = BACKOFF_LAST_NS;
}

void camera_fail(struct camera *camera, int code, const char *reason)
{
	camera_note_trouble(camera, reason);
	camera_step(camera, CAMERA_HAPPENED_FAILURE);
	camera->failed = code;
}

void camera_climb(struct camera *camera)
{
	struct error error = { 0 };
	int code = camera->failed;

	camera->failed = 0;
	if (code == -ENODEV || camera->backoff_ns != 0) {
		camera_give_up_until_later(camera);
		return;
	}
	camera->backoff_ns = BACKOFF_FIRST_NS;
	camera->status.restarts++;
	camera->backend->stop(camera->open);
	if (start_backend(camera, &error) < 0) {
		camera->status.failures++;
		camera_note_trouble(camera, error.text);
		camera_give_up_until_later(camera);
	}
}

void camera_reopen(struct camera *camera)
{
	struct error error = { 0 };

	camera->status.reopens++;
	if (camera_open_backend(camera, &error) == 0)
		return;
	camera->status.failures++;
	camera_note_trouble(camera, error.text);
	camera_give_up_until_later(camera);
}

void camera_stalled(struct camera *camera)
{
	char reason[128];

	snprintf(reason, sizeof reason, "no frame for %.1f s", (double)silence_ns(camera) / (double)CLOCK_NS_PER_S);
	camera->status.stalls++;
	camera_fail(camera, -ETIMEDOUT, reason);
}
