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

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/notify.h"
#include "base/thread.h"
#include "compose.h"
#include "daemon_parts.h"
#include "service/memory_guard.h"

enum {
	STOP_PATIENCE_MS = 800, /* for exports in flight when stopping */
	STOP_CHECK_MS = 5,
	SECOND_SLACK_NS = CLOCK_NS_PER_S / 4, /* at four frames a second and more it comes with a frame */
};

/* --- stopping --- */

static bool clips_are_done(const struct daemon *daemon)
{
	return !daemon->recorder || recorder_is_idle(daemon->recorder);
}

/* Threads that write to disks, or delete there. */
static bool disk_threads_are_done(struct daemon *daemon)
{
	bool is_swept = retention_has_stopped(daemon->retention);
	return jobs_idle(daemon->jobs) && is_swept && clips_are_done(daemon);
}

static void on_stop_check(void *data, uint32_t events)
{
	(void)events;
	struct daemon *daemon = data;
	int64_t waited_ms = (clock_now_ns() - daemon->stop_begun_ns) / CLOCK_NS_PER_MS;
	if (disk_threads_are_done(daemon) || waited_ms >= STOP_PATIENCE_MS)
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
	if (daemon->recorder)
		recorder_close(daemon->recorder);
	jobs_close(daemon->jobs, why);
	retention_stop(daemon->retention);
	schedule_stop(daemon->autosave);
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

/* --- watching over memory --- */

static void check_memory(struct daemon *daemon)
{
	uint64_t rss = memory_rss(), limit = daemon->budget.max_rss;
	if (rss <= limit)
		return;
	log_error("RSS %.1f MiB is over memory.max_rss_mb (%.0f): exiting with %d; the next start takes a smaller ring",
	          (double)rss / (1 << 20), (double)limit / (1 << 20), EXIT_MEMORY);
	if (memory_guard_note_exit(daemon_exits_folder(daemon)) < 0)
		log_warning("There is no runtime folder to remember this in: the next start will not know");
	begin_stop(daemon, EXIT_MEMORY, "memory ran out; pastcam is restarting");
}

static void check_pressure(struct daemon *daemon)
{
	struct memory_guard *guard = &daemon->memory_guard;
	int64_t now_ns = clock_now_ns();
	if (now_ns - guard->read_ns < MEMORY_GUARD_EVERY_S * CLOCK_NS_PER_S)
		return;
	const struct memory_pressure machine = memory_pressure();
	const struct memory_cgroup cgroup = memory_cgroup();
	if (!memory_guard_read(guard, &machine, &cgroup, now_ns))
		return;
	if (guard->level == MEMORY_THRASHING)
		log_error("Capture pauses until it is better: %s", guard->why);
	else if (guard->level == MEMORY_TIGHT)
		log_warning("Capture slows down: %s", guard->why);
	else
		log_info("There is memory again: capture goes on as usual");
	capture_set_pace(daemon->capture, memory_guard_pace_ns(guard->level), guard->why);
}

static void send_status(struct daemon *daemon)
{
	struct capture_status capture;
	struct frame_ring_status ring;
	char text[512];
	capture_status(daemon->capture, &capture);
	frame_ring_status(daemon->ring, &ring);
	snprintf(text, sizeof text, "STATUS=Camera %s, %zu frames in the ring (%.1f s), %s%s%s",
	         camera_state_text(capture.camera.state), ring.filled,
	         (double)(ring.newest_ns - ring.oldest_ns) / (double)CLOCK_NS_PER_S, capture.night.night ? "night" : "day",
	         capture.pace_ns == INT64_MAX ? "; capture is paused: "
	         : capture.pace_ns            ? "; capture is slowed: "
	                                      : "",
	         capture.pace_why);
	notify_send(text);
}

static void on_second(void *data, uint32_t events)
{
	(void)events;
	struct daemon *daemon = data;
	if (daemon->stopping)
		return; /* why it stops has been noted once */
	if (!daemon->started) {
		daemon->started = true;
		memory_release_code(); /* what only the start needed; not before the first frames */
	}
	check_memory(daemon);
	check_pressure(daemon);
	send_status(daemon);
}

static void on_watchdog(void *data, uint32_t events)
{
	(void)data;
	(void)events;
	notify_send("WATCHDOG=1");
}

/* --- running --- */

static int make_timers(struct daemon *daemon, struct error *error)
{
	struct loop *loop = daemon->loop;
	daemon->signal_watch = loop_add(loop, daemon->signals, EPOLLIN, on_signal, daemon);
	daemon->second_timer = loop_add_timer(loop, on_second, daemon);
	daemon->stop_timer = loop_add_timer(loop, on_stop_check, daemon);
	daemon->watchdog_timer = loop_add_timer(loop, on_watchdog, daemon);
	if (!daemon->signal_watch || !daemon->second_timer || !daemon->stop_timer || !daemon->watchdog_timer)
		return error_set_errno(error, -errno, "cannot set up the event loop");
	loop_set_lazy_timer(daemon->second_timer, CLOCK_NS_PER_S, SECOND_SLACK_NS);
	int64_t watchdog_ns = notify_watchdog_interval_ns();
	if (watchdog_ns > 0)
		loop_set_lazy_timer(daemon->watchdog_timer, watchdog_ns, watchdog_ns / 4);
	return 0;
}

/* What whoever started us has had ignored stays ignored: nohup, and INT for what a script puts in the background. */
static sigset_t stop_signals(void)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	sigset_t stop;
	sigemptyset(&stop);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		struct sigaction inherited = { 0 };
		if (sigaction(numbers[i], NULL, &inherited) == 0 && inherited.sa_handler != SIG_IGN)
			sigaddset(&stop, numbers[i]);
	}
	return stop;
}

void daemon_block_signals(void)
{
	sigset_t stop = stop_signals();
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is an error to be told, as a full disk is */
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

/* Ends the process although a thread hangs in the disk and cannot be joined. */
static void leave_behind(struct daemon *daemon)
{
	if (!jobs_idle(daemon->jobs))
		log_warning("An export did not finish in time: the reply names what is whole of it");
	else if (!clips_are_done(daemon))
		log_warning("A clip did not finish in time: the next start finishes it");
	else
		log_warning("The disk of %s holds up whoever looks after the pictures: not waited for", daemon->base_dir);
	jobs_abandon(daemon->jobs);
	if (daemon->recorder)
		recorder_abandon(daemon->recorder);
	daemon_stop_control(daemon);
	server_close(daemon->server);
	log_close();
	_exit(daemon->exit_code);
}

static int run(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	log_info("pastcam " PASTCAM_VERSION "%s%s answers on %s port %d and saves to %s",
	         config->name[0] ? " of camera " : "", config->name, config->network.bind, server_port(daemon->server),
	         daemon->base_dir);
	thread_become(THREAD_CAPTURE);
	notify_send("READY=1");
	int result = loop_run(daemon->loop);
	if (result < 0) {
		log_error("The capture loop stopped working: %s", strerror(-result));
		return EXIT_FAILURE;
	}
	if (!disk_threads_are_done(daemon))
		leave_behind(daemon);
	return daemon->exit_code;
}

int daemon_run(const struct config *config, const char *note)
{
	struct daemon daemon = { .config = config,
		                     .status_of_program = { .camera_name = config->name, .note = note },
		                     .commands = compose_commands(config) };
	struct error error = { 0 };
	sigset_t stop = stop_signals();
	daemon.signals = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
	daemon.base_dir = absolute(config->export.base_dir);
	int exit_code = EXIT_NOT_NOW; /* what the configuration decides was checked before */
	if (daemon.signals < 0 || !daemon.base_dir) {
		log_error("Cannot start: %s", strerror(errno));
	} else if (daemon_make(&daemon, on_camera_lost, &error) < 0 || make_timers(&daemon, &error) < 0) {
		log_error("Cannot start: %s", error.text);
		if (error.code == -ENOMEM || error.code == -EAGAIN) /* no memory, or no room for threads */
			exit_code = EXIT_MEMORY;
	} else {
		exit_code = run(&daemon);
	}
	daemon_unmake(&daemon);
	if (daemon.signals >= 0)
		close(daemon.signals);
	if (exit_code == EXIT_STOPPED)
		log_info("Stopped");
	return exit_code;
}
