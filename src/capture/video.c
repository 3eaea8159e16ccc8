#include "capture/video.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/number.h"
#include "base/thread.h"
#include "video_private.h"

enum {
	OUTPUT_TIMEOUT_MS = 20, /* for a packet that is owed while no frame waits */
	BUSY_TIMEOUT_MS = 5,    /* when the ring may pin no more, or the encoder is full */
	IDLE_TIMEOUT_MS = 1000,
};
static const int64_t BEHIND_NS = 2 * CLOCK_NS_PER_S; /* as far as it may fall behind when nobody holds */

void video_wake_up(struct video *video)
{
	(void)!write(video->wake, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void sleep_for(struct video *video, int timeout_ms)
{
	uint64_t count;
	struct pollfd wake = { .fd = video->wake, .events = POLLIN };
	if (poll(&wake, 1, timeout_ms) > 0)
		(void)!read(video->wake, &count, sizeof count);
}

bool video_is_wanted(const struct video *video)
{
	return video->params.when == VIDEO_ALWAYS || video->users > 0;
}

void video_allow_behind(struct video *video, int64_t from_ns)
{
	int64_t behind_ns = atomic_load(&video->newest_ns) - max_i64(from_ns, 0);
	video->behind_max_ns = max_i64(behind_ns, 0) + BEHIND_NS;
}

/* Awake while somebody reads or something moves; then all that the frame ring has goes in. Under the lock. */
static void follow_motion(struct video *video)
{
	const bool moving = atomic_load(&video->moving);
	if (!moving && video->users == 0)
		idle_rate_rest(&video->idle);
	else if (moving && idle_rate_wake(&video->idle, 0))
		video_allow_behind(video, video->taken_ns);
}

/* Under the lock. */
static bool is_early(const struct video *video, int64_t after_ns)
{
	struct frame_ring_status frames;
	if (!idle_rate_rests(&video->idle))
		return false;
	frame_ring_status(video->params.frames, &frames);
	return idle_rate_waits(&video->idle, after_ns, frames.oldest_ns, frames.newest_ns);
}

/* Where the next frame is to be looked for. */
struct position {
	int64_t after_ns;
	bool key;    /* it must be a key frame */
	bool in_row; /* the one after it follows */
};

/* False: none is wanted now. */
static bool next_position(struct video *video, struct position *position)
{
	pthread_mutex_lock(&video->lock);
	bool wanted = video_is_wanted(video) && !video->failed;
	if (video->jump) {
		video->jump = false;
		video->taken_ns = video->jump_ns;
		video->run_ns = INT64_MAX;
		video->key_wanted = true;
		video_allow_behind(video, video->jump_ns);
	}
	follow_motion(video);
	int64_t oldest_ns = atomic_load(&video->newest_ns) - video->behind_max_ns;
	if (wanted && video->holders == 0 && video->taken_ns < oldest_ns && video->run_ns != INT64_MAX &&
	    !idle_rate_rests(&video->idle))
		video->taken_ns = oldest_ns;
	position->after_ns = idle_rate_after(&video->idle, video->taken_ns);
	position->key = video->key_wanted || idle_rate_key(&video->idle, position->after_ns);
	position->in_row = !idle_rate_rests(&video->idle);
	wanted &= !is_early(video, position->after_ns);
	pthread_mutex_unlock(&video->lock);
	return wanted;
}

static void note_caught_up(struct video *video)
{
	pthread_mutex_lock(&video->lock);
	video->behind_max_ns = BEHIND_NS;
	pthread_mutex_unlock(&video->lock);
}

static void note_taken(struct video *video, const struct frame_info *frame, const struct position *position)
{
	pthread_mutex_lock(&video->lock);
	if (video->run_ns == INT64_MAX)
		video->run_ns = frame->timestamp_ns;
	if (!video->jump)
		video->taken_ns = frame->timestamp_ns;
	if (position->key) {
		video->key_wanted = false;
		if (idle_rate_key(&video->idle, position->after_ns)) {
			video->idle.key_wanted = false;
			video->awake_id = frame->id;
		}
	}
	pthread_mutex_unlock(&video->lock);
}

/* The encoder is another one: what it owed goes in once more, as far as it is still there. */
static void go_back(struct video *video, int code)
{
	pthread_mutex_lock(&video->lock);
	bool any = video->packed_ns >= video->run_ns; /* packets of this run */
	int64_t after_ns = any ? video->packed_ns : video->run_ns - 1;
	if (!video->jump && after_ns < video->taken_ns) {
		video->taken_ns = after_ns;
		video_allow_behind(video, after_ns);
	}
	video->key_wanted = true;
	video->failed = code == -ENOTSUP;
	pthread_mutex_unlock(&video->lock);
	packet_ring_wake(video->params.packets);
}

/* A rest may end anywhere between two of the frames that it takes. */
static bool is_after_rest(const struct video *video, const struct frame_info *frame)
{
	const struct frame_info before = { .id = video->packed_id, .timestamp_ns = video->packed_ns };
	return frame->id == video->awake_id || idle_rate_left_out(video->params.idle_framerate, &before, frame);
}

static void keep(struct video *video, struct packet *packet, const struct video_format *format)
{
	/* None but this thread writes to what it compares with. */
	const bool goes_on = video->packed_ns >= video->run_ns && packet->frame.id > video->packed_id;
	packet->after_rest = goes_on && is_after_rest(video, &packet->frame);
	int result = packet_ring_put(video->params.packets, format, packet);
	pthread_mutex_lock(&video->lock);
	if (goes_on && !packet->after_rest)
		video->skipped += packet->frame.id - video->packed_id - 1;
	video->packed_ns = packet->frame.timestamp_ns;
	video->packed_id = packet->frame.id;
	if (result < 0)
		video->key_wanted = true;
	pthread_mutex_unlock(&video->lock);
}

/* Takes packets out; waits for the first one for timeout_ms at most. False: the encoder was replaced. */
static bool drain(struct video *video, int timeout_ms)
{
	struct packet packet;
	const struct video_format *format;
	int result;
	while ((result = video_encoder_receive(&video->encoder, timeout_ms, &packet, &format)) > 0) {
		keep(video, &packet, format);
		timeout_ms = 0;
	}
	if (result < 0)
		go_back(video, result);
	return result == 0;
}

/* Encodes the next frame, if there is one. */
static void step(struct video *video, const struct position *position)
{
	struct frame_ring *ring = video->params.frames;
	const struct frame *frames[2]; /* the next one, and the one after it where that is there already */
	int pinned = frame_ring_pin_next(ring, position->after_ns, &frames[0]);
	if (pinned <= 0) {
		if (pinned == 0)
			note_caught_up(video);
		if (video_encoder_owed(&video->encoder) > 0)
			drain(video, OUTPUT_TIMEOUT_MS);
		else
			sleep_for(video, pinned < 0 ? BUSY_TIMEOUT_MS : IDLE_TIMEOUT_MS);
		return;
	}
	const int64_t taken_ns = frames[0]->info.timestamp_ns;
	const bool behind = position->in_row && frame_ring_pin_next(ring, taken_ns, &frames[1]) > 0;
	int result = video_encoder_send(&video->encoder, frames[0], behind ? frames[1] : NULL, position->key);
	if (result == 0)
		note_taken(video, &frames[0]->info, position);
	frame_ring_release(ring, frames, behind ? 2 : 1);
	if (result < 0)
		go_back(video, result);
	else
		drain(video, result > 0 ? BUSY_TIMEOUT_MS : 0);
}

static bool is_stopping(struct video *video)
{
	pthread_mutex_lock(&video->lock);
	bool stop = video->stop;
	pthread_mutex_unlock(&video->lock);
	return stop;
}

/* Finding out what the encoders can do takes a core for some tenths of a second, and so may all the memory for the
 * past; the camera's start needs it. */
static void wait_for_first_frame(struct video *video)
{
	while (!is_stopping(video) && atomic_load(&video->newest_ns) == 0)
		sleep_for(video, -1);
}

/* Until somebody wants video: whoever does wakes it. */
static void rest(struct video *video)
{
	atomic_store(&video->rests, video->idle.step_ns == 0); /* else one is wanted now and then */
	sleep_for(video, -1);
	atomic_store(&video->rests, false);
}

/* The first frames through an encoder take three times as long as others, and a clip would wait for them. */
static void warm_up(struct video *video)
{
	const struct frame *frame;
	if (frame_ring_pin_nearest(video->params.frames, atomic_load(&video->newest_ns), 1, &frame) <= 0)
		return;
	video_encoder_warm_up(&video->encoder, frame);
	frame_ring_release(video->params.frames, &frame, 1);
}

static void run(void *data)
{
	struct video *video = data;
	const struct video_params *params = &video->params;
	wait_for_first_frame(video);
	if (is_stopping(video))
		return;
	packet_ring_touch(params->packets);
	bool works = video_encoder_start(&video->encoder, params->choose, params->kind, params->cpu_share);
	if (params->when == VIDEO_ON_TRIGGER)
		warm_up(video);
	pthread_mutex_lock(&video->lock);
	video->failed = !works;
	video->started = true;
	pthread_mutex_unlock(&video->lock);
	while (!is_stopping(video)) {
		struct position position;
		if (next_position(video, &position))
			step(video, &position);
		else if (video_encoder_owed(&video->encoder) > 0) /* a rest begins when all is out */
			drain(video, OUTPUT_TIMEOUT_MS);
		else
			rest(video);
	}
}

struct video *video_create(const struct video_params *params, struct error *error)
{
	struct video *video = calloc(1, sizeof *video);
	if (!video) {
		error_set(error, -ENOMEM, "no memory for video");
		return NULL;
	}
	video->params = *params;
	video->run_ns = INT64_MAX;
	video->behind_max_ns = BEHIND_NS;
	idle_rate_init(&video->idle, params->when == VIDEO_ALWAYS ? params->idle_framerate : 0);
	lock_init(&video->lock);
	video_encoder_init(&video->encoder, &params->encoder);
	video->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (video->wake >= 0 && thread_start(&video->thread, "video", THREAD_STREAM, run, video) == 0)
		return video;
	video_destroy(video);
	error_set(error, -EAGAIN, "no room for the video thread");
	return NULL;
}

void video_destroy(struct video *video)
{
	if (!video)
		return;
	pthread_mutex_lock(&video->lock);
	video->stop = true;
	pthread_mutex_unlock(&video->lock);
	if (video->wake >= 0)
		video_wake_up(video);
	thread_join(&video->thread);
	if (video->wake >= 0)
		close(video->wake);
	video_encoder_finish(&video->encoder);
	pthread_mutex_destroy(&video->lock);
	free(video);
}

void video_frame_ready(struct video *video, int64_t timestamp_ns)
{
	if (!video)
		return;
	atomic_store(&video->newest_ns, timestamp_ns);
	if (!atomic_load(&video->rests))
		video_wake_up(video);
}

void video_motion(struct video *video, bool moving)
{
	if (!video)
		return;
	atomic_store(&video->moving, moving);
	video_wake_up(video);
}

void video_want_key(struct video *video)
{
	pthread_mutex_lock(&video->lock);
	video->key_wanted = true;
	pthread_mutex_unlock(&video->lock);
}

int64_t video_done_ns(struct video *video)
{
	pthread_mutex_lock(&video->lock);
	int64_t done_ns = video->failed ? INT64_MAX : video->packed_ns;
	pthread_mutex_unlock(&video->lock);
	return done_ns;
}

void video_status(struct video *video, struct video_status *status)
{
	struct packet_ring_status packets;
	struct frame_ring_status frames;
	*status = (struct video_status){ .when = video->params.when == VIDEO_ALWAYS ? "always" : "trigger" };
	video_encoder_describe(&video->encoder, status);
	packet_ring_status(video->params.packets, &packets);
	frame_ring_status(video->params.frames, &frames);
	pthread_mutex_lock(&video->lock);
	status->running = video_is_wanted(video) && video->started && !video->failed;
	status->skipped = video->skipped;
	status->idle = status->running && idle_rate_rests(&video->idle);
	if (status->running && !status->idle && frames.newest_ns > video->packed_ns && video->packed_ns != 0)
		status->behind_s = (double)(frames.newest_ns - video->packed_ns) / (double)CLOCK_NS_PER_S;
	pthread_mutex_unlock(&video->lock);
	double span_s = (double)(packets.newest_ns - packets.oldest_ns) / (double)CLOCK_NS_PER_S;
	if (span_s > 0)
		status->bitrate_kbit_s = (double)packets.used_bytes * 8 / 1000 / span_s;
}
