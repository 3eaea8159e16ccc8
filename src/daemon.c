#include "daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "autosave.h"
#include "clock.h"
#include "compose.h"
#include "guard.h"
#include "log.h"
#include "memory.h"
#include "notify.h"

enum {
	POOL_THREADS_MAX = 3,
	SWAP_EVERY_S = 60,       /* how often swap is looked at */
	SWAP_EVERY_PAUSED_S = 3, /* and while capture is paused for it */
	STOP_PATIENCE_MS = 800,  /* for exports in flight when stopping */
	STOP_CHECK_MS = 5,
};

struct daemon {
	const struct config *config;
	char *base_dir; /* absolute */

	struct loop *loop; /* capture's: this thread */
	struct pool *pool;
	struct camera *camera;
	struct ring *ring, *full_ring;
	struct retention *retention;
	struct jobs *jobs;
	struct capture *capture;
	struct autosave *autosave;

	struct loop *control; /* the control thread's */
	struct server *server;
	struct commands commands;
	pthread_t control_thread;
	bool control_running;

	int signals; /* signalfd */
	struct loop_watch *signal_watch, *second_timer, *watchdog_timer, *stop_timer;
	int64_t swap_checked_ns, stop_begun_ns;
	int64_t pace_ns;
	bool stopping;
	int exit_code;
};

/* --- stopping --- */

static void on_stop_check(void *data, uint32_t events)
{
	(void)events;
	struct daemon *daemon = data;
	int64_t waited_ms = (clock_now_ns() - daemon->stop_begun_ns) / CLOCK_NS_PER_MS;
	if (jobs_idle(daemon->jobs) || waited_ms >= STOP_PATIENCE_MS)
		loop_stop(daemon->loop);
}

/* Capture goes on until the exports in flight are done, since one of them may wait for its frame. */
static void begin_stop(struct daemon *daemon, int exit_code, const char *why)
{
	if (daemon->stopping)
		return;
	daemon->stopping = true;
	daemon->exit_code = exit_code;
	daemon->stop_begun_ns = clock_now_ns();
	notify_send("STOPPING=1");
	jobs_close(daemon->jobs, why);
	autosave_destroy(daemon->autosave);
	daemon->autosave = NULL;
	loop_set_timer(daemon->stop_timer, 1, (int64_t)STOP_CHECK_MS * CLOCK_NS_PER_MS);
}

static void on_signal(void *data, uint32_t events)
{
	(void)events;
	struct daemon *daemon = data;
	struct signalfd_siginfo info;
	if (read(daemon->signals, &info, sizeof info) != (ssize_t)sizeof info)
		return;
	log_info("Stopping (%s)", strsignal((int)info.ssi_signo));
	begin_stop(daemon, EXIT_STOPPED, "pastcam is stopping");
}

static void on_camera_lost(void *data)
{
	struct daemon *daemon = data;
	log_error("The camera stays away for camera.lost_after_s: exiting with %d, so that a fresh process can try",
	          EXIT_CAMERA_LOST);
	begin_stop(daemon, EXIT_CAMERA_LOST, "the camera is lost; pastcam is restarting");
}

/* --- watching over memory and swap --- */

static void check_memory(struct daemon *daemon)
{
	uint64_t rss = memory_rss(), limit = daemon->commands.budget_request.max_rss;
	if (rss <= limit)
		return;
	log_error("RSS %.1f MiB is over memory.max_rss_mb (%.0f): exiting with %d; the next start takes a smaller ring",
	          (double)rss / (1 << 20), (double)limit / (1 << 20), EXIT_MEMORY);
	if (guard_note_exit(guard_folder()) < 0)
		log_warning("There is no runtime folder to remember this in: the next start will not know");
	begin_stop(daemon, EXIT_MEMORY, "memory ran out; pastcam is restarting");
}

static void check_swap(struct daemon *daemon)
{
	int64_t now_ns = clock_now_ns();
	int64_t every_s = daemon->pace_ns == INT64_MAX ? SWAP_EVERY_PAUSED_S : SWAP_EVERY_S;
	if (now_ns - daemon->swap_checked_ns < every_s * CLOCK_NS_PER_S)
		return;
	daemon->swap_checked_ns = now_ns;
	double swap = memory_swap_percent();
	int64_t pace_ns = guard_pace_ns(swap);
	if (pace_ns == daemon->pace_ns)
		return;
	daemon->pace_ns = pace_ns;
	if (pace_ns == INT64_MAX)
		log_error("Swap is %.1f %% full: capture pauses until it is better", swap);
	else if (pace_ns != 0)
		log_warning("Swap is %.1f %% full: capture slows down", swap);
	else
		log_info("Swap is %.1f %% full: capture goes on as usual", swap);
	capture_set_pace(daemon->capture, pace_ns);
}

static void send_status(struct daemon *daemon)
{
	struct capture_status capture;
	struct ring_status ring;
	char text[256];
	capture_status(daemon->capture, &capture);
	ring_status(daemon->ring, &ring);
	snprintf(text, sizeof text, "STATUS=Camera %s, %zu frames in the ring (%.1f s), %s",
	         camera_state_text(capture.camera.state), ring.filled,
	         (double)(ring.newest_ns - ring.oldest_ns) / (double)CLOCK_NS_PER_S, capture.night.night ? "night" : "day");
	notify_send(text);
}

static void on_second(void *data, uint32_t events)
{
	(void)events;
	struct daemon *daemon = data;
	check_memory(daemon);
	check_swap(daemon);
	send_status(daemon);
}

static void on_watchdog(void *data, uint32_t events)
{
	(void)data;
	(void)events;
	notify_send("WATCHDOG=1");
}

/* --- composing --- */

static void log_budget(const struct budget_request *request, const struct budget *budget)
{
	const double mib = 1 << 20;
	double by_cgroup = budget->by_cgroup == UINT64_MAX ? -1 : (double)budget->by_cgroup / mib;
	log_info("Ring: %zu frames of %.2f MiB (%zu asked; %s)", budget->slots, (double)request->slot_bytes / mib,
	         request->slots, budget_bound_text(budget->bound));
	log_info("Ring memory: available %.1f MiB x %.2f leaves %.1f; max_rss %.1f - RSS now %.1f leaves %.1f; cgroup "
	         "leaves %.1f "
	         "(-1: no limit); of each %.1f for exports and %.1f for full-size frames are taken off already",
	         (double)request->available / mib, request->available_fraction, (double)budget->by_available / mib,
	         (double)request->max_rss / mib, (double)request->rss_now / mib, (double)budget->by_rss / mib, by_cgroup,
	         (double)request->scratch / mib, (double)request->reserved / mib);
}

/* Code of libraries that is only touched by the first export, and threads' stacks: measured at 3 to 4 MiB. */
static const uint64_t later_bytes = 6 << 20;

static struct budget_request measure_budget(const struct daemon *daemon, const struct camera_description *camera)
{
	const struct config *config = daemon->config;
	struct budget_request request = compose_budget(config);
	struct memory_cgroup cgroup = memory_cgroup();
	request.available = memory_available();
	request.rss_now = memory_rss() + later_bytes;
	if (camera->buffer_bytes == 0) /* not open yet: four buffers of three bytes a pixel is the most that it will take */
		request.rss_now += 4 * frame_bytes(config->camera.width, config->camera.height);
	request.scratch = jobs_scratch_bytes(config->camera.width, config->camera.height, pool_width(daemon->pool));
	request.cgroup_limit = cgroup.limit;
	request.cgroup_used = cgroup.used;
	request.shrink = guard_shrink(guard_folder());
	return request;
}

static int make_rings(struct daemon *daemon, struct error *error)
{
	const struct config *config = daemon->config;
	struct camera_status camera;
	camera_status(daemon->camera, &camera);
	struct budget_request *request = &daemon->commands.budget_request;
	struct budget *budget = &daemon->commands.budget;
	*request = measure_budget(daemon, &camera.description);
	*budget = budget_slots(request);
	log_budget(request, budget);
	if (budget->slots < RING_SLOTS_MIN)
		return error_set(
		    error, -ENOMEM,
		    "only %zu frames of %.1f MiB fit into memory (%s), at least %d are needed: make the pictures smaller, "
		    "enable ring.downscale or raise memory.max_rss_mb",
		    budget->slots, (double)request->slot_bytes / (1 << 20), budget_bound_text(budget->bound), RING_SLOTS_MIN);
	int width, height;
	compose_ring_size(config, &width, &height);
	daemon->ring = ring_create(budget->slots, width, height, error);
	if (daemon->ring && config->ring.downscale)
		daemon->full_ring = ring_create(COMPOSE_FULL_SLOTS, config->camera.width, config->camera.height, error);
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

static int make_jobs(struct daemon *daemon, struct error *error)
{
	const struct retention_params retention = compose_retention(daemon->config, daemon->base_dir);
	daemon->retention = retention_create(&retention, error);
	if (!daemon->retention)
		return -ENOMEM;
	const struct jobs_params params = {
		.export = { .base_dir = daemon->base_dir, .jpg_quality = daemon->config->export.jpg_quality },
		.pool = daemon->pool,
		.gate = retention_gate,
		.gate_data = daemon->retention,
	};
	daemon->jobs = jobs_create(&params, error);
	return daemon->jobs ? 0 : -ENOMEM;
}

static int make_capture(struct daemon *daemon, struct error *error)
{
	const struct capture_params params = {
		.loop = daemon->loop,
		.camera = daemon->camera,
		.jobs = daemon->jobs,
		.ring = daemon->ring,
		.full_ring = daemon->full_ring,
		.night = compose_night(daemon->config),
		.framerate = daemon->config->camera.framerate,
		.patience_s = daemon->config->camera.capture_timeout_s,
		.camera_lost = on_camera_lost,
		.data = daemon,
	};
	daemon->capture = capture_create(&params, error);
	return daemon->capture ? 0 : -ENOMEM;
}

static int make_autosave(struct daemon *daemon, struct error *error)
{
	if (daemon->config->export.auto_save_interval_s <= 0)
		return 0;
	const struct autosave_params params = {
		.interval_s = daemon->config->export.auto_save_interval_s,
		.use_ring = daemon->config->export.auto_save_use_ring,
		.loop = daemon->loop,
		.capture = daemon->capture,
		.jobs = daemon->jobs,
		.ring = daemon->ring,
	};
	daemon->autosave = autosave_create(&params, error);
	return daemon->autosave ? 0 : -ENOMEM;
}

static int make_timers(struct daemon *daemon, struct error *error)
{
	struct loop *loop = daemon->loop;
	daemon->signal_watch = loop_add(loop, daemon->signals, EPOLLIN, on_signal, daemon);
	daemon->second_timer = loop_add_timer(loop, on_second, daemon);
	daemon->stop_timer = loop_add_timer(loop, on_stop_check, daemon);
	daemon->watchdog_timer = loop_add_timer(loop, on_watchdog, daemon);
	if (!daemon->signal_watch || !daemon->second_timer || !daemon->stop_timer || !daemon->watchdog_timer)
		return error_set(error, -ENOMEM, "cannot set up the event loop");
	loop_set_timer(daemon->second_timer, CLOCK_NS_PER_S, CLOCK_NS_PER_S);
	int64_t watchdog_ns = notify_watchdog_interval_ns();
	loop_set_timer(daemon->watchdog_timer, watchdog_ns, watchdog_ns);
	return 0;
}

/* The port first: a port in use is the commonest reason not to start, and should not cost a camera's start-up. */
static int make_server(struct daemon *daemon, struct error *error)
{
	daemon->loop = loop_create(error);
	daemon->control = daemon->loop ? loop_create(error) : NULL;
	if (!daemon->control)
		return -ENOMEM;
	const struct server_params params = compose_server(daemon->config);
	daemon->server = server_create(&params, daemon->control, commands_run, &daemon->commands, error);
	return daemon->server ? 0 : -EINVAL;
}

static void *run_control(void *data)
{
	struct daemon *daemon = data;
	pthread_setname_np(pthread_self(), "control");
	int result = loop_run(daemon->control);
	if (result < 0)
		log_error("The trigger port stopped working: %s", strerror(-result));
	return NULL;
}

static int start_control(struct daemon *daemon, struct error *error)
{
	struct commands *commands = &daemon->commands;
	commands->server = daemon->server;
	commands->capture = daemon->capture;
	commands->jobs = daemon->jobs;
	commands->ring = daemon->ring;
	commands->full_ring = daemon->full_ring;
	commands->retention = daemon->retention;
	commands->started_ns = clock_now_ns();
	int result = pthread_create(&daemon->control_thread, NULL, run_control, daemon);
	if (result != 0)
		return error_set_errno(error, -result, "cannot start the control thread");
	daemon->control_running = true;
	return 0;
}

static int make_all(struct daemon *daemon, struct error *error)
{
	int (*const steps[])(struct daemon *, struct error *) = { make_server,   make_pool,   make_camera,
		                                                      make_rings,    make_jobs,   make_capture,
		                                                      make_autosave, make_timers, start_control };
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		int result = steps[i](daemon, error);
		if (result < 0)
			return result;
	}
	return 0;
}

static void unmake_all(struct daemon *daemon)
{
	autosave_destroy(daemon->autosave);
	capture_destroy(daemon->capture);
	jobs_destroy(daemon->jobs);
	if (daemon->control_running) {
		loop_stop(daemon->control);
		pthread_join(daemon->control_thread, NULL);
	}
	server_destroy(daemon->server);
	retention_destroy(daemon->retention);
	ring_destroy(daemon->full_ring);
	ring_destroy(daemon->ring);
	camera_destroy(daemon->camera);
	pool_destroy(daemon->pool);
	loop_destroy(daemon->control);
	loop_destroy(daemon->loop);
	free(daemon->base_dir);
}

/* --- running --- */

static sigset_t stop_signals(void)
{
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	return stop;
}

void daemon_block_signals(void)
{
	sigset_t stop = stop_signals();
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static char *absolute(const char *path)
{
	char folder[FSIO_PATH_BYTES], *whole = NULL;
	if (path[0] == '/' || !getcwd(folder, sizeof folder))
		return strdup(path);
	if (strncmp(path, "./", 2) == 0)
		path += 2;
	return asprintf(&whole, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path) < 0 ? NULL : whole;
}

static int run(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	log_info("pastcam " PASTCAM_VERSION " answers on %s port %d and saves to %s", config->network.bind,
	         server_port(daemon->server), daemon->base_dir);
	notify_send("READY=1");
	int result = loop_run(daemon->loop);
	if (result < 0) {
		log_error("The capture loop stopped working: %s", strerror(-result));
		return EXIT_FAILURE;
	}
	if (!jobs_idle(daemon->jobs)) {
		log_warning("An export did not finish in time: its picture is not saved");
		_exit(daemon->exit_code); /* its thread hangs in the disk and cannot be joined */
	}
	return daemon->exit_code;
}

int daemon_run(const struct config *config, const char *note)
{
	struct daemon daemon = { .config = config, .commands = compose_commands(config) };
	struct error error = { 0 };
	daemon.commands.note = note;
	sigset_t stop = stop_signals();
	daemon.signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon.base_dir = absolute(config->export.base_dir);
	int exit_code = EXIT_CONFIG;
	if (daemon.signals < 0 || !daemon.base_dir) {
		log_error("Cannot start: %s", strerror(errno));
	} else if (make_all(&daemon, &error) < 0) {
		log_error("Cannot start: %s", error.text);
		exit_code =
		    error.code == -ENOMEM ? EXIT_MEMORY : EXIT_CONFIG; /* memory may be there later, a free port will not */
	} else {
		exit_code = run(&daemon);
	}
	unmake_all(&daemon);
	if (daemon.signals >= 0)
		close(daemon.signals);
	if (exit_code == EXIT_STOPPED)
		log_info("Stopped");
	return exit_code;
}
