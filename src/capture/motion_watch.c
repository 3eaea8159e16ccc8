#include "capture/motion_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/thread.h"

/* Leases, and stops of the camera between them. */
enum { LOOKS_MOST = CAMERA_LEASES_MAX + 4 };

/* What the thread is to do: look at lease's second picture, or, where that is NULL, note that the camera stopped. */
struct look {
	struct camera_lease *lease;
	struct frame_info info;
};

struct motion_watch {
	struct luma_grid grid; /* the capture thread's, as the next */
	bool is_filling;       /* the grid, from the next frame */
	struct event_log *events;
	motion_listener listener; /* or NULL, as the next */
	motion_switch_listener on_switch;
	void *listener_data;

	/* For smaller pictures; looks is NULL without: */
	struct luma_grid second_grid; /* the thread's */
	struct mailbox *looks;
	struct thread thread;
	atomic_bool stopping;
	atomic_ullong missed;
	atomic_bool stirs, off;

	pthread_mutex_t looking; /* what follows; the capture thread never waits for it */
	struct motion *motion;
	struct motion_watch_status status; /* what others see is a copy: */
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
	lock_init(&watch->looking);
	watch->events = events;
	watch->motion = motion_create(&setup->params, &setup->zones, error);
	if (watch->motion && !luma_grid_init(&watch->grid, frame_width, frame_height, setup->params.block))
		error_set(error, -ENOMEM, "no memory for motion detection");
	if (!watch->motion || !watch->grid.cells) {
		motion_watch_destroy(watch);
		return NULL;
	}
	watch->status.enabled = watch->status.on = true;
	watch->status.settling = true;
	watch->status.zones = setup->zones.count;
	for (int i = 0; i < setup->zones.count; i++)
		memcpy(watch->status.zone[i].name, setup->zones.zone[i].name, sizeof watch->status.zone[i].name);
	watch->published = watch->status;
	return watch;
}

/* What was lent after the thread's last look is given back here. */
static void end_thread(struct motion_watch *watch)
{
	struct look look;
	if (!watch->looks)
		return;
	atomic_store(&watch->stopping, true);
	mailbox_wake(watch->looks);
	thread_join(&watch->thread);
	while (mailbox_take(watch->looks, &look))
		camera_lease_release(look.lease);
	mailbox_destroy(watch->looks);
}

void motion_watch_destroy(struct motion_watch *watch)
{
	if (!watch)
		return;
	end_thread(watch);
	motion_destroy(watch->motion);
	luma_grid_finish(&watch->grid);
	luma_grid_finish(&watch->second_grid);
	pthread_mutex_destroy(&watch->looking);
	pthread_mutex_destroy(&watch->publish);
	free(watch);
}

void motion_watch_listen(struct motion_watch *watch, motion_listener listener, motion_switch_listener on_switch,
                         void *data)
{
	watch->listener = listener;
	watch->on_switch = on_switch;
	watch->listener_data = data;
}

size_t motion_watch_bytes(const struct motion_setup *setup, bool use_second)
{
	const size_t cells = (size_t)setup->params.width * (size_t)setup->params.height;
	const size_t grid = cells * (sizeof(uint16_t) + FRAME_CHANNELS);
	return sizeof(struct motion_watch) + motion_bytes(setup->params.width, setup->params.height) + grid +
	       (use_second ? grid + THREAD_STACK_BYTES : 0);
}

struct luma_grid *motion_watch_grid(struct motion_watch *watch)
{
	if (!watch)
		return NULL;
	watch->is_filling = !atomic_load(&watch->off);
	return watch->is_filling ? &watch->grid : NULL;
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
	status->on = !atomic_load(&watch->off);
	status->moving = false;
	bool stirs = status->settling || !status->on;
	for (int i = 0; i < status->zones; i++) {
		motion_zone(watch->motion, i, &status->zone[i].now);
		status->moving |= status->zone[i].now.moving;
		stirs |= status->zone[i].now.moving || status->zone[i].now.score > 0;
	}
	atomic_store(&watch->stirs, stirs);
	pthread_mutex_lock(&watch->publish);
	watch->published = *status;
	pthread_mutex_unlock(&watch->publish);
}

/* Under the lock looking, as what follows. */
static void look_at(struct motion_watch *watch, const struct luma_grid *grid, const struct frame_info *info,
                    int64_t begun_ns)
{
	struct motion_event events[MOTION_EVENTS_MAX];
	const size_t count = motion_frame(watch->motion, grid->cells, info, events);
	watch->looked_ns += clock_now_ns() - begun_ns;
	watch->status.frames++;
	watch->status.mean_ms = (double)watch->looked_ns / (double)watch->status.frames / CLOCK_NS_PER_MS;
	for (size_t i = 0; i < count; i++)
		tell(watch, &events[i]);
	publish(watch);
}

static void note_stop(struct motion_watch *watch)
{
	struct motion_event events[MOTION_EVENTS_MAX];
	const size_t count = motion_stop(watch->motion, clock_now_ns(), events);
	for (size_t i = 0; i < count; i++)
		tell(watch, &events[i]);
	publish(watch);
}

void motion_watch_frame(struct motion_watch *watch, const struct frame_info *info)
{
	if (!watch || !watch->is_filling)
		return;
	if (pthread_mutex_trylock(&watch->looking) != 0) {
		atomic_fetch_add(&watch->missed, 1);
		return;
	}
	watch->status.second = false;
	if (!atomic_load(&watch->off))
		look_at(watch, &watch->grid, info, clock_now_ns());
	pthread_mutex_unlock(&watch->looking);
}

void motion_watch_stop(struct motion_watch *watch)
{
	if (!watch)
		return;
	if (watch->looks) { /* after what is still to be looked at */
		mailbox_put(watch->looks, &(struct look){ .lease = NULL });
		return;
	}
	pthread_mutex_lock(&watch->looking);
	note_stop(watch);
	pthread_mutex_unlock(&watch->looking);
}

void motion_watch_switch(struct motion_watch *watch, bool on)
{
	if (on != atomic_load(&watch->off))
		return;
	pthread_mutex_lock(&watch->looking);
	atomic_store(&watch->off, !on);
	note_stop(watch);
	pthread_mutex_unlock(&watch->looking);
	event_log_publish(watch->events, &(struct event){ .type = on ? EVENT_MOTION_ON : EVENT_MOTION_OFF });
	log_info("Motion is %s", on ? "on again" : "off, until `motion on` or the next start");
	if (watch->on_switch)
		watch->on_switch(watch->listener_data, on);
}

bool motion_watch_stirs(const struct motion_watch *watch)
{
	return watch && atomic_load(&watch->stirs);
}

bool motion_watch_takes(const struct motion_watch *watch, const struct image *second)
{
	return watch && watch->looks && !atomic_load(&watch->off) && luma_grid_scale(&watch->second_grid, second) != 0;
}

void motion_watch_lend(struct motion_watch *watch, struct camera_lease *lease, const struct frame_info *info)
{
	if (lease && mailbox_put(watch->looks, &(struct look){ .lease = lease, .info = *info }))
		return;
	camera_lease_release(lease);
	atomic_fetch_add(&watch->missed, 1);
}

/* --- the thread for smaller pictures --- */

static void take_look(struct motion_watch *watch, const struct look *look)
{
	const int64_t begun_ns = clock_now_ns();
	if (look->lease)
		luma_grid_fill(&watch->second_grid, &look->lease->second);
	camera_lease_release(look->lease); /* the camera gets it back before motion is judged */
	pthread_mutex_lock(&watch->looking);
	watch->status.second = look->lease;
	if (look->lease && !atomic_load(&watch->off))
		look_at(watch, &watch->second_grid, &look->info, begun_ns);
	else if (!look->lease)
		note_stop(watch);
	pthread_mutex_unlock(&watch->looking);
}

static void run(void *data)
{
	struct motion_watch *watch = data;
	struct look look;
	for (;;) {
		while (mailbox_take(watch->looks, &look))
			take_look(watch, &look);
		/* The last take has quietened the mailbox, a wake-up included. */
		if (atomic_load(&watch->stopping))
			return;
		mailbox_wait(watch->looks);
	}
}

int motion_watch_use_second(struct motion_watch *watch, struct error *error)
{
	const struct luma_grid *grid = &watch->grid;
	const int width = grid->width * grid->block, height = grid->height * grid->block;
	if (!luma_grid_init(&watch->second_grid, width, height, grid->block))
		return error_set(error, -ENOMEM, "no memory for motion detection");
	watch->looks = mailbox_create(LOOKS_MOST, sizeof(struct look), error);
	if (!watch->looks)
		return -ENOMEM;
	const int result = thread_start(&watch->thread, "motion", THREAD_STREAM, run, watch);
	return result < 0 ? error_set_errno(error, result, "cannot start the thread for motion") : 0;
}

void motion_watch_status(struct motion_watch *watch, struct motion_watch_status *status)
{
	*status = (struct motion_watch_status){ 0 };
	if (!watch)
		return;
	pthread_mutex_lock(&watch->publish);
	*status = watch->published;
	pthread_mutex_unlock(&watch->publish);
	status->missed = atomic_load(&watch->missed);
}
