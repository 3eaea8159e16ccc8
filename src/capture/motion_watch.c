#include "capture/motion_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"

struct motion_watch {
	struct motion *motion;
	struct luma_grid grid;
	struct event_log *events;
	motion_listener listener; /* or NULL */
	void *listener_data;
	struct motion_watch_status status; /* the capture thread's own; what others see is a copy: */
	int64_t looked_ns;                 /* in all */
	pthread_mutex_t publish;
	struct motion_watch_status published;
};

struct motion_watch *motion_watch_create(const struct motion_setup *setup, int frame_width, int frame_height,
                                         struct event_log *events, struct error *error)
{
	struct motion_watch *watch = calloc(1, sizeof *watch);
	if (!watch) {
		error_set(error, -ENOMEM, "no memory for motion detection");
		return NULL;
	}
	lock_init(&watch->publish);
	watch->events = events;
	watch->motion = motion_create(&setup->params, &setup->zones, error);
	if (watch->motion && !luma_grid_init(&watch->grid, frame_width, frame_height, setup->params.block))
		error_set(error, -ENOMEM, "no memory for motion detection");
	if (!watch->motion || !watch->grid.cells) {
		motion_watch_destroy(watch);
		return NULL;
	}
	watch->status.enabled = true;
	watch->status.settling = true;
	watch->status.zones = setup->zones.count;
	for (int i = 0; i < setup->zones.count; i++)
		memcpy(watch->status.zone[i].name, setup->zones.zone[i].name, sizeof watch->status.zone[i].name);
	watch->published = watch->status;
	return watch;
}

void motion_watch_destroy(struct motion_watch *watch)
{
	if (!watch)
		return;
	motion_destroy(watch->motion);
	luma_grid_finish(&watch->grid);
	pthread_mutex_destroy(&watch->publish);
	free(watch);
}

void motion_watch_listen(struct motion_watch *watch, motion_listener listener, void *data)
{
	watch->listener = listener;
	watch->listener_data = data;
}

size_t motion_watch_bytes(const struct motion_setup *setup)
{
	const size_t cells = (size_t)setup->params.width * (size_t)setup->params.height;
	return sizeof(struct motion_watch) + motion_bytes(setup->params.width, setup->params.height) +
	       cells * (sizeof(uint16_t) + FRAME_CHANNELS);
}

struct luma_grid *motion_watch_grid(struct motion_watch *watch)
{
	return watch ? &watch->grid : NULL;
}

static void tell(struct motion_watch *watch, const struct motion_event *of)
{
	const char *zone = watch->status.zone[of->zone].name;
	struct event event = {
		.type = of->start ? EVENT_MOTION_START : EVENT_MOTION_END,
		.monotonic_ns = of->timestamp_ns,
		.frame_id = of->frame_id,
		.score = of->score,
		.duration_s = of->duration_s,
		.box = { of->box[0], of->box[1], of->box[2], of->box[3] },
	};
	event_set_text(event.zone, sizeof event.zone, zone);
	event_log_publish(watch->events, &event);
	if (watch->listener)
		watch->listener(watch->listener_data, of, zone);
	if (of->start) {
		watch->status.events++;
		watch->status.last_start_ns = of->timestamp_ns;
		log_debug("Motion in %s: %.2f %% of it, at %d,%d", zone, of->score, of->box[0], of->box[1]);
	} else {
		log_debug("Motion in %s ended after %.1f s", zone, of->duration_s);
	}
}

static void publish(struct motion_watch *watch)
{
	struct motion_watch_status *status = &watch->status;
	status->settling = motion_settling(watch->motion);
	status->moving = false;
	for (int i = 0; i < status->zones; i++) {
		motion_zone(watch->motion, i, &status->zone[i].now);
		status->moving |= status->zone[i].now.moving;
	}
	pthread_mutex_lock(&watch->publish);
	watch->published = *status;
	pthread_mutex_unlock(&watch->publish);
}

void motion_watch_frame(struct motion_watch *watch, const struct frame_info *info)
{
	if (!watch)
		return;
	struct motion_event events[MOTION_EVENTS_MAX];
	const int64_t begun_ns = clock_now_ns();
	const size_t count = motion_frame(watch->motion, watch->grid.cells, info, events);
	watch->looked_ns += clock_now_ns() - begun_ns;
	watch->status.frames++;
	watch->status.mean_ms = (double)watch->looked_ns / (double)watch->status.frames / CLOCK_NS_PER_MS;
	for (size_t i = 0; i < count; i++)
		tell(watch, &events[i]);
	publish(watch);
}

void motion_watch_stop(struct motion_watch *watch)
{
	if (!watch)
		return;
	struct motion_event events[MOTION_EVENTS_MAX];
	const size_t count = motion_stop(watch->motion, clock_now_ns(), events);
	for (size_t i = 0; i < count; i++)
		tell(watch, &events[i]);
	publish(watch);
}

void motion_watch_status(struct motion_watch *watch, struct motion_watch_status *status)
{
	*status = (struct motion_watch_status){ 0 };
	if (!watch)
		return;
	pthread_mutex_lock(&watch->publish);
	*status = watch->published;
	pthread_mutex_unlock(&watch->publish);
}
