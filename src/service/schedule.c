#include "service/schedule.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"

static const int64_t calm_ns = 60 * CLOCK_NS_PER_S;

/* What an export worker tells the loop's thread, which alone logs: a fault belongs to one thread. */
struct report {
	struct error error;
	char paths[LOG_LINE_BYTES];
};

struct schedule {
	struct schedule_params params;
	struct mailbox *reports;
	struct loop_watch *timer, *reports_watch;
	bool under_way, due;
	int64_t taken_ns;    /* timestamp of the ring's frame that was asked for last */
	int64_t left_out_ns; /* when one was left out last; 0: never */
	struct log_fault failing, behind;
	atomic_uint_fast64_t saved, failed, left_out;
};

/* On an export worker. The mailbox has room: one picture is under way at a time. */
static void send_report(void *data, const struct job *job)
{
	struct schedule *schedule = data;
	struct report report = { .error = job->error };
	snprintf(report.paths, sizeof report.paths, "%s", job->paths[0] ? job->paths[0] : "saved");
	mailbox_put(schedule->reports, &report);
}

static void note_failure(struct schedule *schedule, const char *why)
{
	atomic_fetch_add(&schedule->failed, 1);
	log_fault_begin(&schedule->failing, "Automatic picture not saved: %s", why);
}

static void leave_out(struct schedule *schedule)
{
	atomic_fetch_add(&schedule->left_out, 1);
	schedule->left_out_ns = clock_now_ns();
	log_fault_begin(&schedule->behind,
	                "Automatic pictures are left out: a frame, or saving it, takes longer than the %g s of "
	                "export.auto_save_interval_s, or too many pictures are being saved",
	                schedule->params.interval_s);
}

/* False: the ring has no frame that was not asked for yet. */
static bool is_new_frame(struct schedule *schedule)
{
	struct frame_ring_status ring;
	frame_ring_status(schedule->params.requests->ring, &ring);
	if (ring.filled > 0 && ring.newest_ns == schedule->taken_ns)
		return false;
	schedule->taken_ns = ring.newest_ns;
	return true;
}

/* Then the next frame, which waits for a better one, is asked for instead of the newest. */
static bool is_settling(const struct schedule *schedule)
{
	struct capture_status status;
	if (!schedule->params.requests->capture)
		return false;
	capture_status(schedule->params.requests->capture, &status);
	return status.newest.settling;
}

static void ask(struct schedule *schedule)
{
	const struct request request = {
		.kind = JOB_SINGLE,
		.moment = schedule->params.use_ring && !is_settling(schedule) ? REQUEST_NEAREST : REQUEST_NEXT_FRAME,
		.at_ns = schedule->taken_ns,
		.count = 1,
		.formats = EXPORT_JPG,
		.to = JOB_TO_FILES,
		.done = send_report,
		.data = schedule,
	};
	struct error error = { 0 };
	int result = requests_submit(schedule->params.requests, &request, &error);
	schedule->under_way = result >= 0;
	if (result == -EBUSY)
		leave_out(schedule);
	else if (result < 0 && result != -ESHUTDOWN)
		note_failure(schedule, result == -ENODATA ? "no frames yet" : error.text);
}

static void ask_for_new_frame(struct schedule *schedule)
{
	if (!schedule->params.use_ring || is_new_frame(schedule))
		ask(schedule);
}

static void on_due(void *data, uint32_t events)
{
	(void)events;
	struct schedule *schedule = data;
	if (schedule->behind.active && clock_now_ns() - schedule->left_out_ns >= calm_ns)
		log_fault_end(&schedule->behind, "No automatic picture was left out for a minute");
	if (!schedule->under_way)
		ask_for_new_frame(schedule);
	else if (schedule->due)
		leave_out(schedule);
	else
		schedule->due = true;
}

static void take_report(struct schedule *schedule, const struct report *report)
{
	schedule->under_way = false;
	if (report->error.code == 0) {
		atomic_fetch_add(&schedule->saved, 1);
		log_fault_end(&schedule->failing, "Automatic pictures are saved again");
		log_info("Automatic picture: %s", report->paths);
	} else if (report->error.code != -ESHUTDOWN) {
		note_failure(schedule, report->error.text);
	}
}

static void take_reports(struct schedule *schedule)
{
	struct report report;
	while (mailbox_take(schedule->reports, &report))
		take_report(schedule, &report);
}

static void on_report(void *data, uint32_t events)
{
	(void)events;
	struct schedule *schedule = data;
	take_reports(schedule);
	if (!schedule->due || schedule->under_way || !schedule->timer)
		return;
	schedule->due = false;
	ask_for_new_frame(schedule);
}

static int add_watches(struct schedule *schedule)
{
	struct loop *loop = schedule->params.loop;
	int64_t interval_ns = (int64_t)(schedule->params.interval_s * (double)CLOCK_NS_PER_S);
	schedule->reports_watch = loop_add(loop, mailbox_fd(schedule->reports), EPOLLIN, on_report, schedule);
	schedule->timer = loop_add_timer(loop, on_due, schedule);
	if (!schedule->reports_watch || !schedule->timer)
		return -errno;
	return loop_set_timer(schedule->timer, interval_ns, interval_ns);
}

struct schedule *schedule_create(const struct schedule_params *params, struct error *error)
{
	struct schedule *schedule = calloc(1, sizeof *schedule);
	if (!schedule) {
		error_set(error, -ENOMEM, "no memory for automatic pictures");
		return NULL;
	}
	schedule->params = *params;
	schedule->reports = mailbox_create(1, sizeof(struct report), error);
	int result = schedule->reports ? add_watches(schedule) : -ENOMEM;
	if (result < 0) {
		error_set_errno(error, result, "cannot set the timer of automatic pictures");
		schedule_destroy(schedule);
		return NULL;
	}
	return schedule;
}

void schedule_stop(struct schedule *schedule)
{
	if (!schedule)
		return;
	loop_remove(schedule->timer);
	schedule->timer = NULL;
}

void schedule_destroy(struct schedule *schedule)
{
	if (!schedule)
		return;
	schedule_stop(schedule);
	loop_remove(schedule->reports_watch);
	if (schedule->reports)
		take_reports(schedule); /* of the last picture, which the log should name */
	mailbox_destroy(schedule->reports);
	free(schedule);
}

void schedule_status(const struct schedule *schedule, struct schedule_status *status)
{
	*status = (struct schedule_status){ 0 };
	if (!schedule)
		return;
	status->saved = atomic_load(&schedule->saved);
	status->failed = atomic_load(&schedule->failed);
	status->left_out = atomic_load(&schedule->left_out);
}
