#include "capture/capture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "camera_rate.h"
#include "camera_reports.h"
#include "frame_waiters.h"
#include "intake.h"
#include "latency_histogram.h"
#include "pace.h"

struct capture {
	struct capture_params params;
	struct loop_watch *camera_watch, *waiters_watch, *frame_timeout_timer;
	struct frame_waiters waiters;

	struct intake intake;

	struct night_watch night;
	struct latency_window latency;
	int64_t ingest_ns; /* in all */
	int64_t ingests;
	uint64_t last_id;
	int64_t first_turn_ns; /* when the loop first turned to the camera; 0: not yet */
	int64_t cpu_ns;        /* this thread's, after the last frame */
	struct pace pace;
	/* Of the pace: capture_set_pace's, and for what a frame costs. */
	char asked_why[CAMERA_REPORTS_WHY_BYTES], own_why[CAMERA_REPORTS_WHY_BYTES];
	struct camera_reports reports;
	struct camera_rate idle;
	atomic_bool stirred; /* by capture_stir */

	struct capture_status status; /* the loop's own; what others see is a copy: */
	pthread_mutex_t publish;
	struct capture_status published;
	struct latency_window published_latency;
	atomic_int frame_signal; /* eventfd of whoever follows the frames; -1: nobody */
};

/* NULL when no slot is free. */
static struct frame *take_in(struct capture *capture, struct frame_ring *ring, struct ingest *into,
                             const struct camera_frame *from, struct luma_grid *luma)
{
	struct frame *frame = intake_frame(ring, into, from, capture->last_id, luma);
	capture->status.dropped += !frame;
	return frame;
}

static bool skip_for_rate_limit(struct capture *capture, const struct camera_frame *from, int64_t now_ns)
{
	if (!from->unread && pace_takes(&capture->pace, now_ns))
		return false;
	capture->status.skipped++;
	return true;
}

/* From the end of the exposure to the moment capture turned to it (what a drawn camera takes to draw is the camera's);
 * a frame that was there before the loop ran is not late for that. */
static void note_latency(struct capture *capture, const struct camera_frame *from, int64_t polled_ns)
{
	int64_t ready_ns = from->exposure_end_ns;
	latency_window_add(&capture->latency, polled_ns,
	                   polled_ns - (ready_ns > capture->first_turn_ns ? ready_ns : capture->first_turn_ns));
}

static void publish(struct capture *capture)
{
	const char *why = capture->pace.asked_ns != 0 ? capture->asked_why : capture->own_why;
	capture->status.pace_ns = pace_interval_ns(&capture->pace);
	memcpy(capture->status.pace_why, why, sizeof capture->status.pace_why);
	camera_status(capture->params.camera, &capture->status.camera);
	night_watch_status(&capture->night, &capture->status.night);
	pthread_mutex_lock(&capture->publish);
	capture->published = capture->status;
	capture->published_latency = capture->latency;
	pthread_mutex_unlock(&capture->publish);
}

static void signal_frame(struct capture *capture)
{
	int fd = atomic_load(&capture->frame_signal);
	if (fd >= 0)
		eventfd_write(fd, 1);
}

/* How long somebody who wants the next frame is kept waiting. */
static int64_t frame_timeout_ns(const struct capture *capture)
{
	return night_watch_interval_ns(&capture->night) +
	       (int64_t)(capture->params.frame_timeout_s * (double)CLOCK_NS_PER_S);
}

/* A frame on which automatic exposure still settles is not what anybody asked for; the next ones will be better. Who
 * has waited for half of the time there is gets it all the same. */
static void serve(struct capture *capture, struct frame_ring *ring, const struct frame *frame)
{
	int64_t now_ns = clock_awake_ns(), since_ns = frame_waiters_since_ns(&capture->waiters, now_ns);
	if (frame->info.settling && since_ns != INT64_MAX && now_ns - since_ns < frame_timeout_ns(capture) / 2)
		return;
	frame_waiters_serve(&capture->waiters, ring, frame);
}

/* How fast the camera goes from now on. */
static void follow_stir(struct capture *capture, bool stirs)
{
	const bool asked = atomic_exchange(&capture->stirred, false);
	if (!camera_rate_update(&capture->idle, clock_now_ns(), stirs || asked))
		return;
	capture->status.idle = capture->idle.idle;
	publish(capture);
	night_watch_set_framerate(&capture->night, capture->idle.idle ? capture->idle.framerate : 0);
	log_debug("Capture: %s",
	          capture->idle.idle ? "nothing stirs, camera.idle_framerate" : "something stirs, full rate");
}

/* The frame's way into the past. */
static void take_frame(struct capture *capture, const struct camera_frame *from, int64_t polled_ns)
{
	const struct capture_params *params = &capture->params;
	int64_t begun_ns = clock_now_ns();
	camera_status(params->camera, &capture->status.camera);
	if (skip_for_rate_limit(capture, from, begun_ns))
		return;
	if (!intake_fits(&capture->intake, &capture->status.camera.description, &from->image)) {
		capture->status.rejected++;
		camera_reports_rejected(&capture->reports, &capture->status.camera.description, &from->image);
		return;
	}
	camera_reports_fits(&capture->reports);
	note_latency(capture, from, polled_ns);
	capture->last_id++;
	capture->pace.last_taken_ns = begun_ns;
	struct frame *full = NULL;
	if (params->full_ring && frame_waiters_any(&capture->waiters))
		full = take_in(capture, params->full_ring, capture->intake.full_ingest, from, NULL);
	const bool second = capture->intake.plain && motion_watch_takes(params->motion, &from->second);
	struct frame *frame =
	    take_in(capture, params->ring, capture->intake.ingest, from, second ? NULL : motion_watch_grid(params->motion));
	capture->ingest_ns += clock_now_ns() - begun_ns;
	capture->ingests++;
	capture->status.ingest_mean_ms = (double)capture->ingest_ns / (double)capture->ingests / CLOCK_NS_PER_MS;
	if (frame) {
		night_watch_frame(&capture->night, frame);
		frame_ring_commit(params->ring, frame);
		signal_frame(capture);
		video_frame_ready(params->video, frame->info.timestamp_ns);
		capture->status.frames++;
		capture->status.newest = frame->info;
	}
	if (full) {
		full->info.night = frame && frame->info.night;
		full->info.settling = frame && frame->info.settling;
		frame_ring_commit(params->full_ring, full);
		serve(capture, params->full_ring, full);
	} else if (frame && !params->full_ring) {
		serve(capture, params->ring, frame);
	}
	if (frame && second)
		motion_watch_lend(params->motion, camera_lease(params->camera, from), &capture->status.newest);
	else if (frame)
		motion_watch_frame(params->motion, &capture->status.newest);
	follow_stir(capture, motion_watch_stirs(params->motion));
}

/* For all that a frame costs: drawing or decoding it, taking it in, looking at it. */
static void note_cost(struct capture *capture)
{
	const int64_t before_ns = capture->cpu_ns;
	capture->cpu_ns = clock_cpu_ns(); /* a system call, so once a frame */
	int64_t cost_ns = capture->cpu_ns - before_ns, interval_ns = night_watch_interval_ns(&capture->night);
	if (pace_took(&capture->pace, capture->pace.last_taken_ns, cost_ns, interval_ns))
		camera_reports_pace(&capture->reports, &capture->pace, &capture->status.camera.description, interval_ns,
		                    capture->own_why);
}

/* The camera is there, for the first time or again. */
static void greet_camera(struct capture *capture)
{
	camera_status(capture->params.camera, &capture->status.camera);
	const struct camera_description *camera = &capture->status.camera.description;
	jobs_set_camera_model(capture->params.jobs, camera->model);
	intake_forget(&capture->intake);
	night_watch_camera(&capture->night, camera);
	camera_reports_up(&capture->reports, camera);
}

static void begin_trouble(struct capture *capture)
{
	motion_watch_stop(capture->params.motion);
	struct camera_status camera;
	camera_status(capture->params.camera, &camera);
	camera_reports_trouble(&capture->reports, &camera);
}

static void refuse_late(struct capture *capture)
{
	struct camera_status camera;
	struct error why = { 0 };
	camera_status(capture->params.camera, &camera);
	int64_t waiting_before_ns = clock_awake_ns() - frame_timeout_ns(capture);
	if (capture->pace.asked_ns == INT64_MAX) {
		waiting_before_ns = INT64_MAX;
		error_set(&why, -EAGAIN, "capture is paused: %s", capture->asked_why);
	} else if (camera.state == CAMERA_ABSENT) {
		waiting_before_ns = INT64_MAX;
		error_set(&why, -ENODEV, "no camera: %s", camera.trouble);
	} else {
		error_set(&why, -ETIMEDOUT, "no frame came within %.1f s%s%s",
		          (double)frame_timeout_ns(capture) / (double)CLOCK_NS_PER_S, camera.trouble[0] ? ": " : "",
		          camera.trouble);
	}
	frame_waiters_refuse(&capture->waiters, waiting_before_ns, why.code, why.text);
}

static void set_frame_timeout_timer(struct capture *capture)
{
	int64_t now_ns = clock_awake_ns(), since_ns = frame_waiters_since_ns(&capture->waiters, now_ns);
	if (since_ns == INT64_MAX) {
		loop_set_timer(capture->frame_timeout_timer, 0, 0);
		return;
	}
	int64_t left_ns = since_ns + frame_timeout_ns(capture) - now_ns;
	loop_set_timer(capture->frame_timeout_timer, left_ns > 0 ? left_ns : 1, 0);
}

static void on_frame_timeout(void *data, uint32_t events)
{
	(void)events;
	refuse_late(data);
	set_frame_timeout_timer(data);
}

static void on_wanted(void *data, uint32_t events)
{
	(void)events;
	struct capture *capture = data;
	set_frame_timeout_timer(capture); /* which also notes when those that are new began to wait */
	refuse_late(capture);
	if (atomic_load(&capture->stirred))
		follow_stir(capture, true);
}

static void on_camera(void *data, uint32_t events)
{
	(void)events;
	struct capture *capture = data;
	struct camera_frame frame;
	for (;;) {
		int64_t polled_ns = clock_now_ns();
		if (capture->first_turn_ns == 0) {
			capture->first_turn_ns = polled_ns;
			capture->cpu_ns = clock_cpu_ns();
		}
		uint64_t taken_before = capture->status.frames;
		camera_set_unread(capture->params.camera, !pace_takes(&capture->pace, polled_ns));
		switch (camera_poll(capture->params.camera, &frame)) {
		case CAMERA_NOTHING:
			publish(capture);
			return;
		case CAMERA_FRAME:
			take_frame(capture, &frame, polled_ns);
			camera_release(capture->params.camera, &frame);
			if (capture->status.frames != taken_before)
				note_cost(capture);
			break;
		case CAMERA_UNREADABLE:
			camera_status(capture->params.camera, &capture->status.camera);
			camera_reports_unreadable(&capture->reports, &capture->status.camera);
			break;
		case CAMERA_TROUBLE:
			begin_trouble(capture);
			publish(capture);
			break;
		case CAMERA_RECOVERED:
			camera_reports_recovered(&capture->reports);
			greet_camera(capture);
			break;
		case CAMERA_LOST:
			publish(capture);
			capture->params.camera_lost(capture->params.data);
			return;
		}
	}
}

static bool add_watches(struct capture *capture)
{
	struct loop *loop = capture->params.loop;
	capture->camera_watch = loop_add(loop, camera_fd(capture->params.camera), EPOLLIN, on_camera, capture);
	capture->waiters_watch = loop_add(loop, frame_waiters_fd(&capture->waiters), EPOLLIN, on_wanted, capture);
	capture->frame_timeout_timer = loop_add_timer(loop, on_frame_timeout, capture);
	return capture->camera_watch && capture->waiters_watch && capture->frame_timeout_timer;
}

struct capture *capture_create(const struct capture_params *params, struct error *error)
{
	struct capture *capture = calloc(1, sizeof *capture);
	if (!capture) {
		error_set(error, -ENOMEM, "no memory for the capture loop");
		return NULL;
	}
	capture->params = *params;
	capture->reports.events = params->events;
	intake_init(&capture->intake, params->ring, params->full_ring, params->fit);
	atomic_init(&capture->frame_signal, -1);
	capture->idle.framerate = params->motion ? params->idle_framerate : 0;
	capture->idle.after_ns = (int64_t)(params->idle_after_s * (double)CLOCK_NS_PER_S);
	lock_init(&capture->publish);
	if (frame_waiters_init(&capture->waiters, params->jobs, error) < 0) {
		capture_destroy(capture);
		return NULL;
	}
	night_watch_init(&capture->night, &params->night, params->camera, params->events, params->framerate);
	if (!add_watches(capture)) {
		error_set_errno(error, -errno, "cannot watch the camera");
		capture_destroy(capture);
		return NULL;
	}
	publish(capture);
	const struct camera_status *camera = &capture->status.camera;
	if (camera->state == CAMERA_RUNNING) {
		greet_camera(capture);
		intake_prepare(&capture->intake, &camera->description);
	} else {
		begin_trouble(capture);
	}
	return capture;
}

void capture_destroy(struct capture *capture)
{
	if (!capture)
		return;
	loop_remove(capture->camera_watch);
	loop_remove(capture->waiters_watch);
	loop_remove(capture->frame_timeout_timer);
	frame_waiters_finish(&capture->waiters);
	intake_finish(&capture->intake);
	pthread_mutex_destroy(&capture->publish);
	free(capture);
}

void capture_request_next_frame(struct capture *capture, struct job *job)
{
	frame_waiters_add(&capture->waiters, job);
}

void capture_stir(struct capture *capture)
{
	atomic_store(&capture->stirred, true);
	frame_waiters_wake(&capture->waiters);
}

void capture_set_frame_signal(struct capture *capture, int fd)
{
	atomic_store(&capture->frame_signal, fd);
}

void capture_set_pace(struct capture *capture, int64_t interval_ns, const char *why)
{
	if ((capture->pace.asked_ns == INT64_MAX) != (interval_ns == INT64_MAX))
		capture->status.paused_since_ns = interval_ns == INT64_MAX ? clock_now_ns() : 0;
	capture->pace.asked_ns = interval_ns;
	snprintf(capture->asked_why, sizeof capture->asked_why, "%s", why);
	refuse_late(capture);
	publish(capture);
}

void capture_status(struct capture *capture, struct capture_status *status)
{
	pthread_mutex_lock(&capture->publish);
	*status = capture->published;
	struct latency_window latency = capture->published_latency;
	pthread_mutex_unlock(&capture->publish);
	status->late_p50_ms = latency_window_percentile_ms(&latency, 0.5);
	status->late_p999_ms = latency_window_percentile_ms(&latency, 0.999);
}
