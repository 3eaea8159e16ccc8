#include "service/motion_export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"

enum { STARTS_MOST = 4 };

struct start {
	int64_t timestamp_ns;
	uint64_t frame_id;
};

struct motion_export {
	struct motion_export_params params;
	struct mailbox *starts;
	struct loop_watch *watch;
	atomic_bool under_way;
};

/* On an export worker. */
static void on_done(void *data, const struct job *job)
{
	struct motion_export *exporter = data;
	if (job->error.code == 0)
		log_info("Motion: pictures from before it are saved: %s", job->paths[0] ? job->paths[0] : "none");
	else if (job->error.code != -ESHUTDOWN)
		log_warning("Motion: pictures from before it are not saved: %s", job->error.text);
	exporter->under_way = false;
}

static struct request request_for(struct motion_export *exporter, const struct start *start)
{
	const struct motion_export_params *params = &exporter->params;
	struct request request = {
		.kind = JOB_STACK,
		.moment = REQUEST_NEAREST,
		.at_ns = start->timestamp_ns,
		.count = params->stack_count,
		.stack_mode = params->stack_mode,
		.formats = params->formats,
		.to = JOB_TO_FILES,
		.done = on_done,
		.data = exporter,
	};
	if (params->kind == MOTION_EXPORT_STILLS) {
		request.kind = JOB_SERIES;
		request.moment = REQUEST_SINCE;
		request.at_ns -= (int64_t)(params->before_s * (double)CLOCK_NS_PER_S);
		request.count = STACK_COUNT_MAX;
	}
	return request;
}

static void ask(struct motion_export *exporter, const struct start *start)
{
	struct error error = { 0 };
	const struct request request = request_for(exporter, start);
	if (exporter->under_way) {
		log_info("Motion: the pictures of the start before are still being saved; frame %" PRIu64 " asks for none",
		         start->frame_id);
		return;
	}
	exporter->under_way = true;
	if (requests_submit(exporter->params.requests, &request, &error) == 0)
		return;
	exporter->under_way = false;
	if (error.code != -ESHUTDOWN)
		log_warning("Motion: pictures from before it are not saved: %s", error.text);
}

static void on_start(void *data, uint32_t events)
{
	(void)events;
	struct motion_export *exporter = data;
	struct start start;
	while (mailbox_take(exporter->starts, &start))
		ask(exporter, &start);
}

void motion_export_event(struct motion_export *exporter, const struct motion_event *event)
{
	const struct start start = { event->timestamp_ns, event->frame_id };
	if (exporter && event->start)
		mailbox_put(exporter->starts, &start);
}

struct motion_export *motion_export_create(const struct motion_export_params *params, struct error *error)
{
	struct motion_export *exporter = calloc(1, sizeof *exporter);
	if (!exporter) {
		error_set(error, -ENOMEM, "no memory for pictures of motion");
		return NULL;
	}
	exporter->params = *params;
	exporter->starts = mailbox_create(STARTS_MOST, sizeof(struct start), error);
	if (exporter->starts)
		exporter->watch = loop_add(params->loop, mailbox_fd(exporter->starts), EPOLLIN, on_start, exporter);
	if (exporter->watch)
		return exporter;
	error_set_errno(error, -errno, "cannot wait for motion");
	motion_export_destroy(exporter);
	return NULL;
}

void motion_export_destroy(struct motion_export *exporter)
{
	if (!exporter)
		return;
	loop_remove(exporter->watch);
	mailbox_destroy(exporter->starts);
	free(exporter);
}
