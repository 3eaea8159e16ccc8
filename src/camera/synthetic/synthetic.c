/* A camera made of arithmetic: the scene (scene.h) in a light (light.h), exposed by a shutter (shutter.h), with faults
 * on request (faults.h). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../camera_backend.h"
#include "../settings.h"
#include "base/clock.h"
#include "camera/light.h"
#include "layout.h"
#include "preparation.h"
#include "scene.h"
#include "second.h"
#include "shutter.h"
#include "stage.h"
#include "synthetic_buffer.h"
#include "synthetic_state.h"

enum { BUFFERS = 4, SLOW_FACTOR = 5 };
static const double WHITE_MEAN = 1e6;

struct synthetic {
	const struct camera_params *params;
	const struct layout *layout;
	struct preparation preparation;
	struct scene *scene; /* drawn once that is done */
	struct synthetic_buffer *buffers[BUFFERS];
	struct second second;
	struct stage stage;
	struct light_trace trace;
	size_t trace_cursor;
	struct shutter shutter;
	struct synthetic_state *state;
	bool started, gone, looked_at;
	bool unread; /* nobody looks at the image */
	int timer;
};

static double lux_between(struct synthetic *camera, int64_t from_ns, int64_t to_ns)
{
	if (camera->trace.count == 0)
		return camera->params->lux;
	double begin_s = camera->trace.points[0].t_s;
	return light_trace_mean(&camera->trace, &camera->trace_cursor,
	                        begin_s + synthetic_state_seconds(camera->state, from_ns),
	                        begin_s + synthetic_state_seconds(camera->state, to_ns));
}

static int open_trace(struct synthetic *camera, const char *path, struct error *error)
{
	if (!path || *path == '\0')
		return 0;
	FILE *file = fopen(path, "re");
	if (!file)
		return error_set_errno(error, -errno, "the light trace %s cannot be read", path);
	int result = light_trace_read(file, path, &camera->trace, error);
	fclose(file);
	return result;
}

static int open_scene(struct synthetic *camera, struct error *error)
{
	camera->scene = scene_create(camera->params->width, camera->params->height);
	return camera->scene ? 0 : error_set(error, -ENOMEM, "no memory for the synthetic camera's scene");
}

static int open_buffers(struct synthetic *camera, struct error *error)
{
	bool complete = true;
	for (unsigned i = 0; i < BUFFERS && complete; i++) {
		camera->buffers[i] = synthetic_buffer_create(camera->layout, camera->params->width, camera->params->height,
		                                             second_bytes(&camera->second), i, stage_is_still(&camera->stage));
		complete = camera->buffers[i];
	}
	return complete ? 0 : error_set(error, -ENOMEM, "no memory for the synthetic camera's buffers");
}

static int open_parts(struct synthetic *camera, struct error *error)
{
	int result;
	camera->state = synthetic_state_open(camera->params->faults ? camera->params->faults : "", &result, error);
	if (result < 0)
		return result;
	if (synthetic_state_has(camera->state, FAULT_VANISH)) {
		/* Without a length it is away for this one attempt. */
		synthetic_state_heal(camera->state, FAULT_VANISH);
		synthetic_state_run(camera->state, camera->state->begun_ns);
		return error_set(error, -ENODEV, "the synthetic camera has vanished, as camera.synthetic.faults asks");
	}
	result = open_trace(camera, camera->params->lux_trace, error);
	if (result == 0)
		result = stage_open(&camera->stage, camera->params, error);
	if (result == 0)
		result = open_buffers(camera, error);
	if (result == 0)
		result = open_scene(camera, error);
	if (result == 0)
		result = preparation_start(&camera->preparation, camera->scene, camera->buffers, BUFFERS, error);
	if (result < 0)
		return result;
	camera->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return camera->timer >= 0 ? 0 : error_set_errno(error, -errno, "no timer for the synthetic camera");
}

static int describe(struct synthetic *camera, struct camera_description *description, struct error *error)
{
	size_t bytes = frame_bytes(camera->params->width, camera->params->height);
	if (camera->layout->format != PIXEL_RGB)
		bytes += layout_bytes(camera->layout, camera->params->width, camera->params->height);
	*description = (struct camera_description){
		.model = "synthetic",
		.id = "synthetic",
		.width = camera->params->width,
		.height = camera->params->height,
		.turned = camera->params->turned,
		.region = camera->params->region,
		.exposure_min_us = LIGHT_EXPOSURE_MIN_US,
		.exposure_max_us = LIGHT_EXPOSURE_MAX_US,
		.gain_min = LIGHT_GAIN_MIN,
		.gain_max = LIGHT_GAIN_MAX,
		.buffer_bytes =
		    BUFFERS * bytes + frame_bytes(camera->params->width, camera->params->height), /* and the scene */
	};
	strncpy(description->format, camera->layout->name, sizeof description->format - 1);
	camera_settings_refuse(&camera->params->settings, "synthetic", description);
	const int result = second_open(&camera->second, camera->params, description, error);
	description->buffer_bytes += BUFFERS * second_bytes(&camera->second);
	description->touched_bytes = frame_bytes(camera->params->width, camera->params->height); /* the scene */
	return result;
}

static void synthetic_close(void *state)
{
	struct synthetic *camera = state;
	if (!camera)
		return;
	preparation_end(&camera->preparation);
	if (camera->timer >= 0)
		close(camera->timer);
	for (int i = 0; i < BUFFERS; i++)
		synthetic_buffer_drop(camera->buffers[i]);
	light_trace_free(&camera->trace);
	second_close(&camera->second);
	stage_close(&camera->stage);
	scene_destroy(camera->scene);
	free(camera);
}

static int synthetic_open(const struct camera_params *params, void **state, struct camera_description *description,
                          struct error *error)
{
	struct synthetic *camera = calloc(1, sizeof *camera);
	if (!camera)
		return error_set(error, -ENOMEM, "no memory for the synthetic camera");
	camera->params = params;
	camera->timer = -1;
	camera->layout = layout_of(params->synthetic_format);
	int result = describe(camera, description, error);
	if (result == 0)
		result = open_parts(camera, error);
	if (result < 0) {
		synthetic_close(camera);
		return result;
	}
	int64_t now_ns = clock_now_ns();
	shutter_init(&camera->shutter, params->framerate, lux_between(camera, now_ns, now_ns));
	*state = camera;
	return 0;
}

static void arm(struct synthetic *camera)
{
	const int64_t due_ns = camera->shutter.due_ns;
	struct itimerspec when = { .it_value = { .tv_sec = due_ns / CLOCK_NS_PER_S, .tv_nsec = due_ns % CLOCK_NS_PER_S } };
	timerfd_settime(camera->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int gone(struct synthetic *camera, struct error *error)
{
	camera->gone = true;
	return error_set(error, -ENODEV, "the synthetic camera has vanished, as camera.synthetic.faults asks");
}

static int synthetic_start(void *state, const struct camera_mode *mode, struct error *error)
{
	struct synthetic *camera = state;
	if (camera->gone || synthetic_state_has(camera->state, FAULT_VANISH))
		return gone(camera, error);
	synthetic_state_heal(camera->state, FAULT_STALL);
	synthetic_state_heal(camera->state, FAULT_ERROR);
	synthetic_state_heal(camera->state, FAULT_SLOW);
	char note[256];
	shutter_set_mode(&camera->shutter, mode, note);
	shutter_open(&camera->shutter, clock_now_ns());
	camera->started = true;
	camera->looked_at = false;
	arm(camera);
	return 0;
}

static int synthetic_fd(void *state)
{
	return ((struct synthetic *)state)->timer;
}

static struct synthetic_buffer *free_buffer(struct synthetic *camera)
{
	for (uint64_t i = 0; i < BUFFERS; i++) {
		struct synthetic_buffer *buffer = camera->buffers[(camera->state->sequence + i) % BUFFERS];
		if (atomic_load(&buffer->ready) && !buffer->lent && camera_buffer_is_free(&buffer->shared))
			return buffer;
	}
	return NULL;
}

/* Returns the mean of the picture. */
static double draw(struct synthetic *camera, struct scene_canvas *canvas, double mean)
{
	const uint32_t number = (uint32_t)camera->state->sequence;
	if (!camera->stage.painter) {
		scene_draw(camera->scene, canvas, mean, number);
		return fmin(mean, 255);
	}
	/* At the middle of the exposure. */
	const struct shutter *shutter = &camera->shutter;
	const double at_s = synthetic_state_seconds(camera->state, (shutter->start_ns + shutter->due_ns) / 2);
	stage_tell_truth(&camera->stage, at_s, camera->state->sequence, shutter->start_ns);
	return stage_draw(&camera->stage, camera->scene, canvas, mean, at_s, shutter->gain, number);
}

static void show(struct synthetic *camera, struct synthetic_buffer *buffer, struct camera_frame *frame)
{
	struct shutter *shutter = &camera->shutter;
	double mean =
	    light_mean(lux_between(camera, shutter->start_ns, shutter->due_ns), shutter->exposure_us, shutter->gain);
	if (synthetic_state_spoils_frame(camera->state, FAULT_BLACK))
		mean = 0;
	if (synthetic_state_spoils_frame(camera->state, FAULT_WHITE))
		mean = WHITE_MEAN;
	int width = camera->params->width, height = camera->params->height;
	mean = camera->unread ? fmin(mean, 255) : draw(camera, &buffer->canvas, mean);
	if (!shutter->still)
		light_auto_step(&shutter->automatic, mean);
	if (camera->unread)
		return;
	frame->image = (struct image){ .format = PIXEL_RGB,
		                           .width = width,
		                           .height = height,
		                           .plane = { buffer->canvas.rgb },
		                           .stride = { (size_t)width * FRAME_CHANNELS } };
	second_make(&camera->second, &frame->image, buffer->second_pixels, &frame->second);
	if (buffer->pixels)
		layout_fill(camera->layout, buffer->canvas.rgb, width, height, buffer->pixels, &frame->image);
}

static int deliver(struct synthetic *camera, struct camera_frame *frame)
{
	struct synthetic_buffer *buffer = free_buffer(camera);
	if (!buffer) {
		preparation_end(&camera->preparation);
		buffer = free_buffer(camera);
	}
	if (!buffer)
		return 0;
	const struct shutter *shutter = &camera->shutter;
	*frame = (struct camera_frame){
		.timestamp_ns = shutter->start_ns,
		.exposure_end_ns = shutter->start_ns + shutter_exposure_ns(shutter),
		.sequence = camera->state->sequence,
		.exposure_us = shutter->exposure_us,
		.gain = shutter->gain,
		.unread = camera->unread,
		.handle = buffer,
		.buffer = &buffer->shared,
	};
	show(camera, buffer, frame);
	if (synthetic_state_spoils_frame(camera->state, FAULT_GARBAGE)) {
		frame->image.width = frame->image.width / 2 + 1;
		frame->image.height = frame->image.height / 2 + 1;
	}
	buffer->lent = true;
	return 1;
}

static bool is_due(const struct synthetic *camera, int64_t now_ns)
{
	return camera->started && !camera->gone && now_ns >= camera->shutter.due_ns;
}

/* Before the first picture is drawn, and its time looked at: what passes meanwhile, nobody loses, and no fault is
 * played to nobody. Of what was there before anybody looked, which has no number, only the newest: to draw more keeps
 * from it who asks. */
static void look_first(struct synthetic *camera)
{
	struct shutter *shutter = &camera->shutter;
	const double lux = lux_between(camera, shutter->start_ns, shutter->start_ns);
	const double mean = light_mean(lux, shutter->exposure_us, shutter->gain);
	preparation_await(&camera->preparation, camera->stage.painter ? -1 : mean);
	shutter_skip_missed(shutter, clock_now_ns(), 1);
	synthetic_state_run(camera->state, shutter->start_ns);
	camera->looked_at = true;
}

static int synthetic_acquire(void *state, struct camera_frame *frame, struct error *error)
{
	struct synthetic *camera = state;
	struct shutter *shutter = &camera->shutter;
	if (!camera->looked_at && is_due(camera, clock_now_ns()))
		look_first(camera);
	const int64_t now_ns = clock_now_ns();
	if (camera->gone || synthetic_state_has(camera->state, FAULT_VANISH))
		return gone(camera, error);
	if (!is_due(camera, now_ns))
		return 0;
	if (synthetic_state_has(camera->state, FAULT_ERROR))
		return error_set(error, -EIO, "the synthetic camera fails, as camera.synthetic.faults asks");
	shutter->slowness = synthetic_state_has(camera->state, FAULT_SLOW) ? SLOW_FACTOR : 1;
	/* Frames wait for a consumer that comes late as long as there are buffers; beyond that the oldest are lost. */
	camera->state->sequence += shutter_skip_missed(shutter, now_ns, BUFFERS);
	int result = 0;
	if (!synthetic_state_has(camera->state, FAULT_STALL)) {
		result = deliver(camera, frame);
		camera->state->sequence++;
	}
	shutter_next(shutter);
	arm(camera);
	return result;
}

static void synthetic_release(void *state, struct camera_frame *frame)
{
	(void)state;
	((struct synthetic_buffer *)frame->handle)->lent = false;
	frame->handle = NULL;
}

static int synthetic_set_mode(void *state, const struct camera_mode *mode, char note[256])
{
	struct synthetic *camera = state;
	shutter_set_mode(&camera->shutter, mode, note);
	return 0;
}

static void synthetic_stop(void *state)
{
	struct synthetic *camera = state;
	camera->started = false;
	struct itimerspec never = { 0 };
	timerfd_settime(camera->timer, 0, &never, NULL);
	for (int i = 0; i < BUFFERS; i++)
		camera->buffers[i]->lent = false;
}

static void synthetic_set_unread(void *state, bool unread)
{
	((struct synthetic *)state)->unread = unread;
}

static int synthetic_check(const struct camera_params *params, struct error *error)
{
	struct fault_plan plan;
	return params->faults ? faults_parse(params->faults, &plan, error) : 0;
}

const struct camera_backend camera_backend_synthetic = {
	.name = "synthetic",
	.check = synthetic_check,
	.open = synthetic_open,
	.start = synthetic_start,
	.fd = synthetic_fd,
	.acquire = synthetic_acquire,
	.release = synthetic_release,
	.set_mode = synthetic_set_mode,
	.stop = synthetic_stop,
	.close = synthetic_close,
	.set_unread = synthetic_set_unread,
};
