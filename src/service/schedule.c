#include "service/schedule.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

struct schedule {
	struct schedule_params params;
	struct loop_watch *timer;
	struct log_fault failing; /* the worker's */
};

/* On an export worker. */
static void report(void *data, const struct job *job)
{
	struct schedule *autosave = data;
	if (job->error.code != 0) {
		log_fault_begin(&autosave->failing, "Automatic picture not saved: %s", job->error.text);
		return;
	}
	log_fault_end(&autosave->failing, "Automatic pictures are saved again");
	log_info("Automatic picture: %s", job->paths[0] ? job->paths[0] : "saved");
}

static void save_newest(struct schedule *autosave, struct job *job)
{
	job->ring = autosave->params.ring;
	int pinned = frame_ring_pin_nearest(job->ring, INT64_MAX / 2, 1, job->frames);
	if (pinned == 1)
		job->frame_count = 1;
	else if (pinned == 0)
		error_set(&job->error, -ENODATA, "no frames yet");
	else
		error_set(&job->error, pinned, "too many pictures are being saved");
	jobs_submit(autosave->params.jobs, job);
}

static void on_due(void *data, uint32_t events)
{
	(void)events;
	struct schedule *autosave = data;
	struct job *job = jobs_admit(autosave->params.jobs, JOB_SINGLE, 1);
	if (!job) {
		log_warning("Automatic picture left out: too many pictures are being saved");
		return;
	}
	job->formats = EXPORT_JPG;
	job->done = report;
	job->data = autosave;
	if (autosave->params.use_ring)
		save_newest(autosave, job);
	else
		capture_request_next_frame(autosave->params.capture, job);
}

struct schedule *schedule_create(const struct schedule_params *params, struct error *error)
{
	struct schedule *autosave = calloc(1, sizeof *autosave);
	if (!autosave) {
		error_set(error, -ENOMEM, "no memory for automatic pictures");
		return NULL;
	}
	autosave->params = *params;
	autosave->timer = loop_add_timer(params->loop, on_due, autosave);
	int64_t interval_ns = (int64_t)(params->interval_s * (double)CLOCK_NS_PER_S);
	int result = autosave->timer ? loop_set_timer(autosave->timer, interval_ns, interval_ns) : -ENOMEM;
	if (result < 0) {
		error_set_errno(error, result, "cannot set the timer of automatic pictures");
		schedule_destroy(autosave);
		return NULL;
	}
	return autosave;
}

void schedule_stop(struct schedule *autosave)
{
	if (!autosave)
		return;
	loop_remove(autosave->timer);
	autosave->timer = NULL;
}

void schedule_destroy(struct schedule *autosave)
{
	schedule_stop(autosave);
	free(autosave);
}
