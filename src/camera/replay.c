/* A folder of pictures as a camera: in natural order, for ever, at the frame rate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "camera_backend.h"
#include "picture_loader.h"
#include "replay_list.h"
#include "second_picture.h"
#include "settings.h"

/* As a camera with this many buffers: a capture loop that is late gets so many frames in a row and loses the rest. */
enum { BACKLOG_FRAMES = 4 };

struct replay {
	int width, height;
	int64_t interval_ns;
	int timer;
	struct replay_list list;
	struct picture_loader *loader;
	char reason[160];   /* why the last bad picture is bad */
	const uint8_t *rgb; /* the frame on loan, the loader's */
	int64_t start_ns;
	uint64_t ticks; /* frame times that have passed since start */
	bool unread;    /* nobody looks at the image */
	uint64_t shown; /* of these, delivered or lost */
};

static void replay_close(void *state)
{
	struct replay *replay = state;

	if (!replay)
		return;
	replay_list_close(&replay->list);
	picture_loader_destroy(replay->loader);
	if (replay->timer >= 0)
		close(replay->timer);
	free(replay);
}

static int make_resources(struct replay *replay, enum fit fit, struct error *error)
{
	replay->loader = picture_loader_create(replay->width, replay->height, fit);
	replay->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (!replay->loader)
		return error_set(error, -ENOMEM, "no memory for the replay camera");
	return replay->timer < 0 ? error_set_errno(error, -errno, "cannot make a timer") : 0;
}

static void describe(const struct replay *replay, const struct camera_params *params,
                     struct camera_description *description)
{
	*description = (struct camera_description){
		.model = "replay",
		.plays_files = true,
		.format = "RGB",
		.width = replay->width,
		.height = replay->height,
		.turned = params->turned,
		.region = params->region,
		/* The frame and a decoded picture of the same size. */
		.buffer_bytes = 2 * frame_bytes(replay->width, replay->height),
	};
	snprintf(description->id, sizeof description->id, "%s", params->replay_path);
	utf8_repair(description->id);
	camera_settings_refuse(&params->settings, "replay", description);
	second_picture_refuse(params, "the replay camera", description);
}

static int replay_open(const struct camera_params *params, void **state, struct camera_description *description,
                       struct error *error)
{
	struct replay *replay = calloc(1, sizeof *replay);

	if (!replay)
		return error_set(error, -ENOMEM, "no memory for the replay camera");
	replay->timer = -1;
	replay->list = REPLAY_LIST_NULL;
	replay->width = params->width;
	replay->height = params->height;
	replay->interval_ns = (int64_t)((double)CLOCK_NS_PER_S / params->framerate);
	int rc = replay_list_open(&replay->list, params->replay_path, error);
	if (rc == 0)
		rc = make_resources(replay, params->fit, error);
	if (rc < 0) {
		replay_close(replay);
		return rc;
	}
	describe(replay, params, description);
	*state = replay;
	return 0;
}

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / CLOCK_NS_PER_S, .tv_nsec = ns % CLOCK_NS_PER_S };
}

static int replay_start(void *state, const struct camera_mode *mode, struct error *error)
{
	struct replay *replay = state;

	(void)mode;
	replay->start_ns = clock_now_ns();
	replay->ticks = replay->shown = 0;
	struct itimerspec when = {
		.it_value = timespec_of(replay->start_ns + replay->interval_ns),
		.it_interval = timespec_of(replay->interval_ns),
	};
	if (timerfd_settime(replay->timer, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		return error_set_errno(error, -errno, "cannot start the replay timer");
	return 0;
}

static void replay_stop(void *state)
{
	struct replay *replay = state;
	struct itimerspec never = { 0 };

	timerfd_settime(replay->timer, 0, &never, NULL);
	replay->shown = replay->ticks;
}

static int replay_fd(void *state)
{
	return ((struct replay *)state)->timer;
}

/* What the file holds will not change by itself; what the system says may. */
static bool is_lasting(int code)
{
	return code == -EINVAL || code == -EFBIG;
}

/* One picture a call: however many are bad, the caller gets around to the rest of its work. */
static int load_next(struct replay *replay, struct error *error)
{
	struct replay_picture *picture = replay_list_next(&replay->list);
	struct error reason = { 0 };

	if (!picture)
		return error_set(error, -EINVAL, "none of the %zu pictures to replay can be read; the last: %s",
		                 replay->list.count, replay->reason);
	int rc = picture_loader_load(replay->loader, replay->list.folder, picture->name, &replay->rgb, &reason);
	if (rc == 0) {
		replay_list_look_again(&replay->list);
		return CAMERA_ACQUIRED_FRAME;
	}
	snprintf(replay->reason, sizeof replay->reason, "%.*s", utf8_fit(reason.text, sizeof replay->reason - 1),
	         reason.text);
	if (replay_list_leave_out(&replay->list, picture, is_lasting(rc)))
		error_set(error, rc, "%s", reason.text);
	return CAMERA_ACQUIRED_UNREADABLE;
}

static void count_ticks(struct replay *replay)
{
	uint64_t expirations;

	if (read(replay->timer, &expirations, sizeof expirations) == sizeof expirations)
		replay->ticks += expirations;
	if (replay->ticks - replay->shown > BACKLOG_FRAMES)
		replay->shown = replay->ticks - BACKLOG_FRAMES;
}

static int replay_acquire(void *state, struct camera_frame *frame, struct error *error)
{
	struct replay *replay = state;

	count_ticks(replay);
	if (replay->shown == replay->ticks)
		return CAMERA_ACQUIRED_NOTHING;
	int rc = replay->unread ? CAMERA_ACQUIRED_FRAME : load_next(replay, error);
	if (rc != CAMERA_ACQUIRED_FRAME)
		return rc;
	replay->shown++;
	*frame = (struct camera_frame){
		.image = {
			.format = PIXEL_RGB,
			.width = replay->width,
			.height = replay->height,
			.plane = { replay->rgb },
			.stride = { (size_t)replay->width * FRAME_CHANNELS },
		},
		.timestamp_ns = replay->start_ns + (int64_t)replay->shown * replay->interval_ns,
		.sequence = replay->shown,
		.unread = replay->unread,
	};
	frame->exposure_end_ns = frame->timestamp_ns;
	return CAMERA_ACQUIRED_FRAME;
}

static void replay_release(void *state, struct camera_frame *frame)
{
	(void)state;
	(void)frame;
}

static int replay_set_mode(void *state, const struct camera_mode *mode, char note[256])
{
	(void)state;
	snprintf(note, 256, "%s", mode->still ? "replayed pictures keep their exposure" : "");
	return 0;
}

static void replay_set_unread(void *state, bool unread)
{
	((struct replay *)state)->unread = unread;
}

static int replay_check(const struct camera_params *params, struct error *error)
{
	if (params->replay_path && params->replay_path[0])
		return 0;
	return error_set(error, -EINVAL, "set camera.replay.path to a folder of JPEG or PNG pictures");
}

const struct camera_backend camera_backend_replay = {
	.name = "replay",
	.check = replay_check,
	.open = replay_open,
	.start = replay_start,
	.fd = replay_fd,
	.acquire = replay_acquire,
	.release = replay_release,
	.set_mode = replay_set_mode,
	.stop = replay_stop,
	.close = replay_close,
	.set_unread = replay_set_unread,
};
