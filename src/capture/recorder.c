#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "recorder_private.h"

struct recorder *recorder_create(const struct recorder_params *params, struct error *error)
{
	struct recorder *recorder = calloc(1, sizeof *recorder);
	if (!recorder) {
		error_set(error, -ENOMEM, "no memory for clips");
		return NULL;
	}
	recorder->params = *params;
	recorder->recovering = true;
	lock_init(&recorder->lock);
	int result = thread_start(&recorder->thread, "clips", THREAD_EXPORT, recorder_run, recorder);
	if (result == 0)
		return recorder;
	error_set_errno(error, result, "no room for the clips' thread");
	recorder_destroy(recorder);
	return NULL;
}

void recorder_destroy(struct recorder *recorder)
{
	if (!recorder)
		return;
	recorder_close(recorder);
	pthread_mutex_lock(&recorder->lock);
	recorder->stop = true;
	pthread_mutex_unlock(&recorder->lock);
	packet_ring_wake(recorder->params.packets);
	thread_join(&recorder->thread);
	pthread_mutex_destroy(&recorder->lock);
	free(recorder);
}

enum recorder_action recorder_step_slot(struct recorder_slot *slot, enum recorder_event event)
{
	struct recorder_step step = recorder_next(slot->state, event);
	slot->state = step.next;
	return step.action;
}

int64_t recorder_end_ns(const struct recorder_slot *slot)
{
	return slot->held ? INT64_MAX : slot->end_ns;
}

static bool is_under_way(const struct recorder_slot *slot)
{
	return slot->state == RECORDER_RECORDING || slot->state == RECORDER_FINALIZING;
}

static bool is_at_rest(const struct recorder_slot *slot)
{
	return slot->state == RECORDER_IDLE || slot->state == RECORDER_BUFFERING;
}

/* The one whose clip is under way, else one at rest; NULL: all are closing. */
static struct recorder_slot *slot_for_trigger(struct recorder *recorder)
{
	struct recorder_slot *resting = NULL;
	for (size_t i = 0; i < RECORDER_CLIPS; i++) {
		if (is_under_way(&recorder->slots[i]))
			return &recorder->slots[i];
		if (!resting && is_at_rest(&recorder->slots[i]))
			resting = &recorder->slots[i];
	}
	return resting;
}

static struct recorder_waiter *free_waiter(struct recorder *recorder)
{
	for (size_t i = 0; i < RECORDER_WAITERS; i++)
		if (recorder->waiters[i].id == 0)
			return &recorder->waiters[i];
	return NULL;
}

static int64_t max_ns(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

static int64_t ns_of(double seconds)
{
	return (int64_t)(seconds * (double)CLOCK_NS_PER_S);
}

/* The picture that shows best what the trigger was about: the newest. */
static int find_trigger_frame(struct recorder *recorder, int64_t now_ns, struct frame_info *info, struct error *error)
{
	const struct frame *frame;
	int result = frame_ring_pin_nearest(recorder->params.frames, now_ns, 1, &frame);
	if (result == 0)
		return error_set(error, -ENODATA, "no frame yet: is the camera there?");
	if (result < 0)
		return error_set(error, result, "too many frames are held: ask again");
	*info = frame->info;
	frame_ring_release(recorder->params.frames, &frame, 1);
	return 0;
}

static void ignore_poster(void *data, const struct job *job)
{
	(void)data, (void)job; /* jobs count it and tell the event */
}

/* Of the frame that the clip is named after, so that both have one name. */
static void make_poster(struct recorder *recorder, int64_t now_ns, int64_t frame_ns)
{
	struct jobs *jobs = recorder->params.jobs;
	struct job *job = recorder->params.poster && jobs ? jobs_admit(jobs, JOB_SINGLE, JOB_TO_FILES, 1) : NULL;
	if (!job)
		return;
	job->formats = EXPORT_JPG;
	job->asked_ns = now_ns;
	job->done = ignore_poster;
	job->ring = recorder->params.frames;
	int pinned = frame_ring_pin_nearest(job->ring, frame_ns, 1, job->frames);
	job->frame_count = pinned > 0 ? (size_t)pinned : 0;
	if (pinned > 0)
		jobs_submit(jobs, job);
	else
		jobs_dismiss(jobs, job);
}

static void publish_start(struct recorder *recorder, const struct clip *clip)
{
	struct event event = { .type = EVENT_CLIP_START, .id = clip->result.id };
	event_set_text(event.label, sizeof event.label, clip->label);
	event_set_text(event.reason, sizeof event.reason, clip->reason);
	event_log_publish(recorder->params.events, &event);
}

static int begin_clip(struct recorder *recorder, struct recorder_slot *slot, const struct recorder_request *request,
                      int64_t now_ns, double before_s, struct error *error)
{
	struct clip *clip = &slot->clip;
	*clip = (struct clip){ .params = &recorder->params,
		                   .begin_ns = now_ns - ns_of(before_s),
		                   .trigger_wall_ns = clock_wall_of(now_ns) };
	int result = find_trigger_frame(recorder, now_ns, &clip->trigger_frame, error);
	if (result == 0)
		result = video_open(recorder->params.video, &clip->cursor, clip->begin_ns, true, error);
	if (result < 0)
		return result;
	clip->result.id = ++recorder->last_id;
	event_set_text(clip->label, sizeof clip->label, request->label);
	event_set_text(clip->reason, sizeof clip->reason, request->reason);
	recorder->status.started++;
	publish_start(recorder, clip);
	return 0;
}

static int take_trigger(struct recorder *recorder, const struct recorder_request *request, int64_t now_ns,
                        double before_s, double after_s, struct recorder_reply *reply, int64_t *frame_ns,
                        struct error *error)
{
	struct recorder_slot *slot = slot_for_trigger(recorder);
	struct recorder_waiter *waiter = free_waiter(recorder);
	if (recorder->closed)
		return error_set(error, -ESHUTDOWN, "pastcam is stopping");
	if (!slot || (request->done && !waiter))
		return error_set(error, -EBUSY, "too many clips are under way: ask again");
	reply->extended = is_under_way(slot);
	int64_t end_ns = now_ns + ns_of(after_s);
	if (!reply->extended) {
		int result = begin_clip(recorder, slot, request, now_ns, before_s, error);
		if (result < 0)
			return result;
	}
	if (recorder_step_slot(slot, RECORDER_TRIGGER) == RECORDER_EXTEND) {
		recorder->status.extended++;
		slot->end_ns = max_ns(end_ns, slot->end_ns);
		slot->held |= request->hold;
	} else {
		slot->end_ns = end_ns;
		slot->held = request->hold;
	}
	reply->id = slot->clip.result.id;
	*frame_ns = slot->clip.trigger_frame.timestamp_ns;
	if (request->done)
		*waiter = (struct recorder_waiter){ reply->id, request->done, request->data, request->ticket };
	return 0;
}

int recorder_clip(struct recorder *recorder, const struct recorder_request *request, struct recorder_reply *reply,
                  struct error *error)
{
	int64_t now_ns = request->at_ns ? request->at_ns : clock_now_ns(), frame_ns = 0;
	double before_s = request->before_s < 0 ? recorder->params.before_s : request->before_s;
	double after_s = request->after_s < 0 ? recorder->params.after_s : request->after_s;
	double there_s = (double)(now_ns - video_oldest_ns(recorder->params.video)) / (double)CLOCK_NS_PER_S;
	*reply = (struct recorder_reply){ .before_s = fmin(before_s, there_s),
		                              .after_s = after_s,
		                              .all_there_is = there_s < before_s };
	pthread_mutex_lock(&recorder->lock);
	int result = take_trigger(recorder, request, now_ns, before_s, after_s, reply, &frame_ns, error);
	pthread_mutex_unlock(&recorder->lock);
	packet_ring_wake(recorder->params.packets);
	if (result == 0 && !reply->extended)
		make_poster(recorder, now_ns, frame_ns);
	return result;
}

void recorder_release(struct recorder *recorder, int64_t at_ns, double after_s)
{
	int64_t end_ns = at_ns + ns_of(after_s < 0 ? recorder->params.after_s : after_s);
	pthread_mutex_lock(&recorder->lock);
	for (size_t i = 0; i < RECORDER_CLIPS; i++) {
		struct recorder_slot *slot = &recorder->slots[i];
		if (!slot->held)
			continue;
		slot->held = false;
		slot->end_ns = max_ns(end_ns, slot->end_ns);
	}
	pthread_mutex_unlock(&recorder->lock);
	packet_ring_wake(recorder->params.packets);
}

/* Ends what is under way at that moment; the id of it, 0: nothing was. Under the lock. */
static uint64_t cut(struct recorder *recorder, int64_t now_ns)
{
	uint64_t id = 0;
	for (size_t i = 0; i < RECORDER_CLIPS; i++) {
		struct recorder_slot *slot = &recorder->slots[i];
		if (is_under_way(slot))
			id = slot->clip.result.id;
		if (recorder_step_slot(slot, RECORDER_STOP) == RECORDER_CUT && now_ns < recorder_end_ns(slot)) {
			slot->end_ns = now_ns;
			slot->held = false;
		}
	}
	return id;
}

int recorder_stop(struct recorder *recorder, struct recorder_reply *reply, struct error *error)
{
	pthread_mutex_lock(&recorder->lock);
	*reply = (struct recorder_reply){ .id = cut(recorder, clock_now_ns()) };
	pthread_mutex_unlock(&recorder->lock);
	packet_ring_wake(recorder->params.packets);
	return reply->id == 0 ? error_set(error, -ENOENT, "no clip is under way") : 0;
}

void recorder_close(struct recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
	recorder->closed = true;
	cut(recorder, clock_now_ns());
	pthread_mutex_unlock(&recorder->lock);
	packet_ring_wake(recorder->params.packets);
}

static size_t count_under_way(const struct recorder *recorder)
{
	size_t count = 0;
	for (size_t i = 0; i < RECORDER_CLIPS; i++)
		count += !is_at_rest(&recorder->slots[i]);
	return count;
}

bool recorder_is_idle(struct recorder *recorder)
{
	pthread_mutex_lock(&recorder->lock);
	bool idle = count_under_way(recorder) == 0 && !recorder->recovering;
	pthread_mutex_unlock(&recorder->lock);
	return idle;
}

void recorder_abandon(struct recorder *recorder)
{
	struct recorder_result result = { 0 };
	error_set(&result.error, -ESHUTDOWN,
	          "pastcam is stopping, and the disk holds the clip up: the next start finishes it");
	recorder_tell_waiters(recorder, &result);
}

void recorder_status(struct recorder *recorder, struct recorder_status *status)
{
	enum recorder_state state = RECORDER_IDLE;
	pthread_mutex_lock(&recorder->lock);
	*status = recorder->status;
	status->under_way = count_under_way(recorder);
	for (size_t i = 0; i < RECORDER_CLIPS; i++)
		if (recorder->slots[i].state != RECORDER_IDLE &&
		    (state <= RECORDER_BUFFERING || is_under_way(&recorder->slots[i])))
			state = recorder->slots[i].state;
	pthread_mutex_unlock(&recorder->lock);
	status->state = recorder_state_text(state);
}
