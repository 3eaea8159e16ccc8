#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "compose.h"
#include "compose_motion.h"
#include "compose_seal.h"
#include "daemon_parts.h"

enum { POOL_THREADS_MAX = 3, ZONE_EVERY_S = 5 };

/* The night's longer exposures reach further back; what is configured should hold by day. */
static void warn_of_short_past(const struct config *config, size_t slots)
{
	double ring_s = (double)slots / config->camera.framerate;
	if (config->export.save_before_s > ring_s)
		log_warning(
		    "export.save_before_s is %g s, and the ring holds %.1f s (%zu frames, %g a second): without at=, past "
		    "and pastStack give the oldest there is. Make ring.size larger, or export.save_before_s smaller",
		    config->export.save_before_s, ring_s, slots, config->camera.framerate);
}

static int make_rings(struct daemon *daemon, struct error *error)
{
	const struct config *config = daemon->config;
	int width, height, result = daemon_make_budget(daemon, error);
	if (result < 0)
		return result;
	size_t slots = budget_claim_of(&daemon->budget, BUDGET_FRAME_RING)->granted;
	compose_ring_size(config, &width, &height);
	daemon->ring = frame_ring_create(slots, width, height, error);
	warn_of_short_past(config, slots);
	compose_full_size(config, &width, &height);
	if (daemon->ring && config->ring.downscale)
		daemon->full_ring = frame_ring_create(COMPOSE_FULL_SLOTS, width, height, error);
	return daemon->ring && (!config->ring.downscale || daemon->full_ring) ? 0 : -ENOMEM;
}

static int make_pool(struct daemon *daemon, struct error *error)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t threads = cores > 1 ? (size_t)cores - 1 : 0;
	daemon->pool = pool_create(threads < POOL_THREADS_MAX ? threads : POOL_THREADS_MAX, error);
	return daemon->pool ? 0 : -ENOMEM;
}

static int make_camera(struct daemon *daemon, struct error *error)
{
	static struct camera_params params;
	params = compose_camera(daemon->config);
	daemon->camera = camera_create(&params, &(struct camera_mode){ .still = false }, error);
	return daemon->camera ? 0 : error->code;
}

static int make_recipients(struct daemon *daemon, struct error *error)
{
	int result = compose_seal(daemon->config, &daemon->recipients, error);
	if (result == 0 && daemon->recipients.count > 0)
		log_info("Pictures and clips are sealed for %zu recipient%s", daemon->recipients.count,
		         daemon->recipients.count > 1 ? "s" : "");
	if (result < 0 || !daemon->config->seal.sign_key_file[0])
		return result;
	daemon->manifest = &daemon->manifest_of;
	return compose_manifest(daemon->config, daemon->base_dir, daemon->manifest, error);
}

static int make_jobs(struct daemon *daemon, struct error *error)
{
	struct retention_params retention = compose_retention(daemon->config, daemon->base_dir);
	retention.events = daemon->events;
	retention.manifest = daemon->manifest;
	daemon->retention = retention_create(&retention, error);
	if (!daemon->retention)
		return -ENOMEM;
	int width, height;
	compose_ring_size(daemon->config, &width, &height);
	const struct jobs_params params = {
		.export = { .base_dir = daemon->base_dir,
		            .camera = daemon->config->name,
		            .seal = &daemon->recipients,
		            .manifest = daemon->manifest,
		            .jpg_quality = daemon->config->export.jpg_quality },
		.pool = daemon->pool,
		.most = compose_jobs_most(daemon->config),
		.frame_bytes = frame_bytes(width, height),
		.events = daemon->events,
		.gate = retention_gate,
		.gate_data = daemon->retention,
	};
	daemon->jobs = jobs_create(&params, error);
	return daemon->jobs ? 0 : -ENOMEM;
}

static int make_motion(struct daemon *daemon, struct error *error)
{
	static struct motion_setup setup;
	const struct config *config = daemon->config;
	int width, height;
	compose_ring_size(config, &width, &height);
	const struct motion_try_params try = {
		.ring = daemon->ring,
		.compose = compose_motion_other,
		.data = (void *)config,
	};
	daemon->motion_try = motion_try_create(&try, error);
	if (!daemon->motion_try || !config->motion.enable)
		return daemon->motion_try ? 0 : -ENOMEM;
	int result = compose_daemon_motion(config, &setup, error);
	if (result < 0)
		return result;
	daemon->motion = motion_watch_create(&setup, width, height, daemon->events, error);
	if (!daemon->motion)
		return error->code;
	return config->camera.second ? motion_watch_use_second(daemon->motion, error) : 0;
}

static int make_capture(struct daemon *daemon, struct error *error)
{
	const struct capture_params params = {
		.loop = daemon->loop,
		.camera = daemon->camera,
		.jobs = daemon->jobs,
		.ring = daemon->ring,
		.full_ring = daemon->full_ring,
		.motion = daemon->motion,
		.video = daemon->video,
		.events = daemon->events,
		.fit = (enum fit)daemon->config->camera.fit,
		.night = compose_night(daemon->config),
		.framerate = daemon->config->camera.framerate,
		.idle_framerate = compose_idle_framerate(daemon->config),
		.idle_after_s = daemon->config->camera.idle_after_s,
		.frame_timeout_s = daemon->config->camera.capture_timeout_s,
		.camera_lost = daemon->camera_lost,
		.data = daemon,
	};
	daemon->capture = capture_create(&params, error);
	return daemon->capture ? 0 : -ENOMEM;
}

static int make_requests(struct daemon *daemon, struct error *error)
{
	daemon->requests = (struct requests){
		.jobs = daemon->jobs,
		.capture = daemon->capture,
		.ring = daemon->ring,
		.full_ring = daemon->full_ring,
		.packets = daemon_decoded_packets(daemon),
		.video_interval_ns = compose_video_interval_ns(daemon->config),
		.framerate = compose_slowest_framerate(daemon->config),
		.memory_limit = compose_replies_bytes(daemon->config),
	};
	daemon->pins = pins_create(&daemon->requests, daemon->events, error);
	return daemon->pins ? 0 : -ENOMEM;
}

/* On the capture thread. */
static void on_motion(void *data, const struct motion_event *event, const char *zone)
{
	struct daemon *daemon = data;
	daemon->zones_moving += event->start ? 1 : -1;
	video_motion(daemon->video, daemon->zones_moving > 0);
	motion_export_event(daemon->motion_export, event);
	motion_clips_event(daemon->motion_clips, event, zone);
}

/* What nobody looks at may move: all of it becomes video. */
static void on_motion_switch(void *data, bool on)
{
	struct daemon *daemon = data;
	video_motion(daemon->video, !on);
}

static int make_motion_clips(struct daemon *daemon, struct error *error)
{
	if (!daemon->config->clip.on_motion)
		return 0;
	if (!daemon->motion || !daemon->recorder) {
		log_warning("clip.on_motion is set, but there will be no clips of motion: %s",
		            daemon->motion ? "there is no video" : "motion.enable is false");
		return 0;
	}
	daemon->motion_clips = motion_clips_create(daemon->control, daemon->recorder, error);
	return daemon->motion_clips ? 0 : -ENOMEM;
}

static int make_motion_export(struct daemon *daemon, struct error *error)
{
	struct motion_export_params params = compose_motion_export(daemon->config);
	params.loop = daemon->control;
	params.requests = &daemon->requests;
	if (params.kind == MOTION_EXPORT_NONE || !daemon->motion)
		return 0;
	daemon->motion_export = motion_export_create(&params, error);
	return daemon->motion_export ? 0 : -ENOMEM;
}

static int make_motion_listeners(struct daemon *daemon, struct error *error)
{
	int result = make_motion_export(daemon, error);
	if (result == 0)
		result = make_motion_clips(daemon, error);
	if (result == 0 && daemon->motion)
		motion_watch_listen(daemon->motion, on_motion, on_motion_switch, daemon);
	return result;
}

static int make_autosave(struct daemon *daemon, struct error *error)
{
	if (daemon->config->export.auto_save_interval_s <= 0)
		return 0;
	const struct schedule_params params = {
		.interval_s = daemon->config->export.auto_save_interval_s,
		.use_ring = daemon->config->export.auto_save_use_ring,
		.loop = daemon->loop,
		.requests = &daemon->requests,
	};
	daemon->autosave = schedule_create(&params, error);
	return daemon->autosave ? 0 : -ENOMEM;
}

/* The port first: a port in use is the commonest reason not to start, and should not cost a camera's start-up. */
static int make_server(struct daemon *daemon, struct error *error)
{
	daemon->loop = loop_create(error);
	daemon->control = daemon->loop ? loop_create(error) : NULL;
	if (!daemon->control)
		return -ENOMEM;
	char socket_path[FSIO_PATH_BYTES];
	const struct server_params params =
	    compose_server(daemon->config, compose_socket_path(daemon->config, socket_path));
	daemon->server = server_create(&params, daemon->control, commands_run, &daemon->commands, error);
	return daemon->server ? 0 : -EINVAL;
}

static int make_events(struct daemon *daemon, struct error *error)
{
	daemon->events = event_log_create(EVENT_LOG_CAPACITY, daemon->config->name, error);
	event_log_publish(daemon->events, &(struct event){ .type = EVENT_BOOT, .label = PASTCAM_VERSION });
	return daemon->events ? 0 : -ENOMEM;
}

static void run_control(void *data)
{
	struct daemon *daemon = data;
	int result = loop_run(daemon->control);
	if (result < 0)
		log_error("The trigger port stopped working: %s", strerror(-result));
}

static void on_zone_timer(void *data, uint32_t times)
{
	(void)data;
	(void)times;
	clock_follow_zone();
}

static int start_control(struct daemon *daemon, struct error *error)
{
	daemon->zone_timer = loop_add_timer(daemon->control, on_zone_timer, NULL);
	if (!daemon->zone_timer ||
	    loop_set_timer(daemon->zone_timer, ZONE_EVERY_S * CLOCK_NS_PER_S, ZONE_EVERY_S * CLOCK_NS_PER_S) < 0)
		return error_set_errno(error, -errno, "cannot watch the time zone");
	struct commands *commands = &daemon->commands;
	commands->loop = daemon->control;
	commands->server = daemon->server;
	commands->requests = &daemon->requests;
	commands->pins = daemon->pins;
	commands->events = daemon->events;
	commands->motion = daemon->motion;
	commands->motion_try = daemon->motion_try;
	commands->status = &daemon->status;
	if (commands_start(commands, error) < 0)
		return error->code;
	daemon->started_ns = clock_now_ns();
	daemon_fill_status(daemon);
	int result = thread_start(&daemon->control_thread, "control", THREAD_CONTROL, run_control, daemon);
	return result < 0 ? error_set_errno(error, result, "cannot start the control thread") : 0;
}

int daemon_make(struct daemon *daemon, void (*camera_lost)(void *data), struct error *error)
{
	int (*const steps[])(struct daemon *, struct error *) = {
		make_events,   make_recipients, make_server,       make_pool,    make_camera,   make_rings,
		make_jobs,     make_motion,     daemon_make_video, make_capture, make_requests, make_motion_listeners,
		make_autosave, start_control,
	};
	daemon->camera_lost = camera_lost;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		int result = steps[i](daemon, error);
		if (result < 0)
			return result;
	}
	return 0;
}

void daemon_stop_control(struct daemon *daemon)
{
	if (!daemon->control_thread.running)
		return;
	loop_stop(daemon->control);
	thread_join(&daemon->control_thread);
}

void daemon_unmake(struct daemon *daemon)
{
	/* Commands use what follows, so they end first; replies that become due now are sent by server_destroy. */
	daemon_stop_control(daemon);
	motion_try_destroy(daemon->motion_try);
	commands_stop(&daemon->commands);
	capture_destroy(daemon->capture);
	motion_watch_destroy(daemon->motion);
	motion_clips_destroy(daemon->motion_clips);
	recorder_destroy(daemon->recorder);
	jobs_destroy(daemon->jobs);
	motion_export_destroy(daemon->motion_export);
	schedule_destroy(daemon->autosave);
	server_destroy(daemon->server);
	commands_finish(&daemon->commands);
	pins_destroy(daemon->pins);
	daemon_unmake_video(daemon);
	retention_destroy(daemon->retention);
	frame_ring_destroy(daemon->full_ring);
	frame_ring_destroy(daemon->ring);
	camera_destroy(daemon->camera);
	pool_destroy(daemon->pool);
	loop_destroy(daemon->control);
	loop_destroy(daemon->loop);
	event_log_destroy(daemon->events);
	free(daemon->base_dir);
}
