/*
 * The thread that writes clips. It looks at each recorder in turn: writes what has come for it up to b, and closes it
 * when a frame after b has come, or none comes any more. Whatever it waits for, disk or frames, the requests go on.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "export/manifest.h"
#include "recorder_private.h"

static const int64_t LOOK_NS = CLOCK_NS_PER_S / 20; /* how often without packets: for the ends of clips */
static const int64_t REST_NS = 3600 * CLOCK_NS_PER_S;
/* How long after b a frame before b may still come, beyond two intervals: one that is exposed for seconds comes at its
 * end, and the first of a night after a restart of the stream. */
static const int64_t LATE_NS = 3 * CLOCK_NS_PER_S;

static void publish_end(struct recorder *recorder, const struct clip *clip)
{
	const struct recorder_result *result = &clip->result;
	struct event event = {
		.type = result->error.code == 0 ? EVENT_CLIP_END : EVENT_CLIP_FAILED,
		.id = result->id,
		.duration_s = result->duration_s,
		.count = result->frames,
		.bytes = result->bytes,
		.taken_ns = clip->first_ns ? clock_wall_of(clip->first_ns) : 0,
	};
	event_set_text(event.label, sizeof event.label, clip->label);
	if (result->error.code < 0)
		event_set_text(event.reason, sizeof event.reason, result->error.text);
	if (result->part_count > 0)
		event_set_path(&event, result->paths[0]);
	event_log_publish(recorder->params.events, &event);
}

static void log_end(const struct clip *clip)
{
	const struct recorder_result *result = &clip->result;
	if (result->error.code < 0)
		log_error("Clip %" PRIu64 " failed: %s%s%s", result->id, result->error.text,
		          result->part_count ? "; what is there: " : "", result->part_count ? result->paths[0] : "");
	else
		log_info("Clip %" PRIu64 ": %.1f s, %zu frames in %s%s", result->id, result->duration_s, result->frames,
		         result->paths[0], result->part_count > 1 ? " and what follows it" : "");
	if (result->missing > 0)
		log_warning("Clip %" PRIu64 ": %" PRIu64 " frames are missing: video could not keep up", result->id,
		            result->missing);
}

static void count_end(struct recorder *recorder, const struct recorder_result *result)
{
	struct recorder_status *status = &recorder->status;
	status->missing += result->missing;
	if (result->error.code == 0)
		status->finished++;
	else
		status->failed++;
	if (result->part_count > 0)
		snprintf(status->last_path, sizeof status->last_path, "%s", result->paths[0]);
	if (result->error.code < 0) {
		snprintf(status->last_error, sizeof status->last_error, "%s", result->error.text);
		status->last_error_ns = clock_now_ns();
	}
}

void recorder_tell_waiters(struct recorder *recorder, const struct recorder_result *result)
{
	for (size_t i = 0; i < RECORDER_WAITERS; i++) {
		pthread_mutex_lock(&recorder->lock);
		struct recorder_waiter waiter = recorder->waiters[i];
		bool is_told = waiter.id != 0 && (result->id == 0 || waiter.id == result->id);
		if (is_told)
			recorder->waiters[i].id = 0;
		pthread_mutex_unlock(&recorder->lock);
		if (is_told)
			waiter.done(waiter.data, waiter.ticket, result);
	}
}

/* The slot is CLOSING: nobody else touches it. */
static void close_clip(struct recorder *recorder, struct recorder_slot *slot, int64_t end_ns)
{
	struct clip *clip = &slot->clip;
	struct recorder_result *result = &clip->result;
	struct error error = { 0 };
	if (clip_finish(clip, end_ns, &error) < 0 && result->error.code == 0)
		result->error = error;
	if (result->error.code == 0 && result->part_count == 0)
		error_set(&result->error, -ENODATA, "no frame came in its time");
	video_close(recorder->params.video, &clip->cursor);
	free(clip->buffer);
	clip->buffer = NULL;
	log_end(clip);
	publish_end(recorder, clip);
	pthread_mutex_lock(&recorder->lock);
	count_end(recorder, result);
	pthread_mutex_unlock(&recorder->lock);
	recorder_tell_waiters(recorder, result);
	pthread_mutex_lock(&recorder->lock);
	recorder_step_slot(slot, RECORDER_CLOSED);
	pthread_mutex_unlock(&recorder->lock);
}

/* Is there nothing more to wait for before b? An encoder that is slow, or was restarted, gives what is in the ring
 * late. */
static bool is_over(struct recorder *recorder, const struct recorder_slot *slot, int64_t now_ns)
{
	const struct clip *clip = &slot->clip;
	struct frame_ring_status frames;
	int64_t late_ns = LATE_NS + 2 * clip->last_interval_ns, done_ns = video_done_ns(recorder->params.video);
	bool late = !slot->held && now_ns > slot->end_ns + late_ns;
	frame_ring_status(recorder->params.frames, &frames);
	return (late && frames.newest_ns <= done_ns) || done_ns == INT64_MAX || recorder->stop;
}

/* Whether the packet that was read, or the lack of one, ends the clip. Under the lock. */
static bool ends(struct recorder *recorder, struct recorder_slot *slot, bool has_packet, int64_t now_ns)
{
	if (slot->state == RECORDER_RECORDING && now_ns >= recorder_end_ns(slot))
		recorder_step_slot(slot, RECORDER_END_PASSED);
	bool last =
	    has_packet ? slot->clip.packet.frame.timestamp_ns > recorder_end_ns(slot) : is_over(recorder, slot, now_ns);
	return last && recorder_step_slot(slot, RECORDER_LAST_WRITTEN) == RECORDER_CLOSE;
}

/* Where the last frame's time ends: with the frame after it, where that is known and the next one after b. */
static int64_t shown_until_ns(const struct clip *clip, bool has_packet)
{
	return has_packet && clip->packet.frame.id == clip->last_id + 1 ? clip->packet.frame.timestamp_ns : 0;
}

/* Writes what is there for it. True: it is not at rest. */
static bool look_at(struct recorder *recorder, struct recorder_slot *slot)
{
	struct clip *clip = &slot->clip;
	pthread_mutex_lock(&recorder->lock);
	bool active = slot->state == RECORDER_RECORDING || slot->state == RECORDER_FINALIZING;
	pthread_mutex_unlock(&recorder->lock);
	while (active) {
		bool has_packet = clip_read(clip);
		pthread_mutex_lock(&recorder->lock);
		bool close = ends(recorder, slot, has_packet, clock_now_ns());
		pthread_mutex_unlock(&recorder->lock);
		if (!close && !has_packet)
			return true;
		if (!close && clip_write(clip, &clip->result.error) < 0) {
			pthread_mutex_lock(&recorder->lock);
			close = recorder_step_slot(slot, RECORDER_FAIL) == RECORDER_CLOSE;
			pthread_mutex_unlock(&recorder->lock);
		}
		if (close && has_packet && clip->result.error.code == 0)
			clip_note_end(clip, slot->end_ns);
		if (close) {
			close_clip(recorder, slot, shown_until_ns(clip, has_packet));
			active = false;
		}
	}
	return false;
}

static void told_recovered(void *data, const struct clip_recovered *recovered, const struct error *error)
{
	struct recorder *recorder = data;
	const struct clip_result *result = &recovered->result;
	struct event event = { .type = error->code == 0 ? EVENT_CLIP_END : EVENT_CLIP_FAILED,
		                   .duration_s = recovered->seconds,
		                   .count = result->frames,
		                   .bytes = result->bytes,
		                   .taken_ns = recovered->created_wall_ns };
	event_set_text(event.label, sizeof event.label, "recovered");
	event_set_text(event.reason, sizeof event.reason, error->text);
	event_set_path(&event, result->path);
	event_log_publish(recorder->params.events, &event);
	struct error unsigned_why;
	if (error->code == 0 && recorder->params.manifest &&
	    manifest_saved(recorder->params.manifest, result->path, &unsigned_why) < 0)
		log_warning("A clip that was left unfinished is not signed: %s", unsigned_why.text);
	if (error->code == 0 && recovered->sealed)
		log_info("A sealed clip that was left unfinished is %s: `age -d` gives what was whole of it, then says that "
		         "it is cut off",
		         result->path);
	else if (error->code == 0)
		log_info("A clip that was left unfinished is finished: %s, %.1f s", result->path, recovered->seconds);
	else
		log_warning("A clip that was left unfinished cannot be finished: %s (%s)", error->text, result->path);
	pthread_mutex_lock(&recorder->lock);
	recorder->status.recovered += error->code == 0;
	pthread_mutex_unlock(&recorder->lock);
}

/* Where frames are encoded all the time, recorders at rest are buffering. */
static void note_past(struct recorder *recorder)
{
	struct video_status video;
	video_status(recorder->params.video, &video);
	if (!video.running || strcmp(video.when, "always") != 0)
		return;
	pthread_mutex_lock(&recorder->lock);
	for (size_t i = 0; i < RECORDER_CLIPS; i++)
		recorder_step_slot(&recorder->slots[i], RECORDER_PAST_KEPT);
	pthread_mutex_unlock(&recorder->lock);
}

void recorder_run(void *data)
{
	struct recorder *recorder = data;
	struct packet_ring *packets = recorder->params.packets;
	clip_recover(recorder->params.base_dir, told_recovered, recorder);
	pthread_mutex_lock(&recorder->lock);
	recorder->recovering = false;
	pthread_mutex_unlock(&recorder->lock);
	for (bool stop = false, active = false; !stop || active;) {
		uint64_t seen = packet_ring_changes(packets);
		active = false;
		for (size_t i = 0; i < RECORDER_CLIPS; i++)
			active |= look_at(recorder, &recorder->slots[i]);
		note_past(recorder);
		pthread_mutex_lock(&recorder->lock);
		stop = recorder->stop;
		pthread_mutex_unlock(&recorder->lock);
		if (!stop)
			packet_ring_wait(packets, seen, clock_now_ns() + (active ? LOOK_NS : REST_NS));
	}
}
