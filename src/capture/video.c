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
#include "video_encoder.h"

enum {
	OUTPUT_TIMEOUT_MS = 20, /* for a packet that is owed while no frame waits */
	BUSY_TIMEOUT_MS = 5,    /* when the ring may pin no more, or the encoder is full */
	IDLE_TIMEOUT_MS = 1000,
};
static const int64_t BEHIND_NS = 2 * CLOCK_NS_PER_S; /* as far as it may fall behind when nobody holds */

struct video {
	struct video_params params;
	struct video_encoder encoder; /* its thread's */
	struct thread thread;
	int wake;                  /* eventfd */
	_Atomic int64_t newest_ns; /* timestamp of the newest frame */
	atomic_bool rests;         /* frames are no reason to wake it */

	pthread_mutex_t lock; /* of the rest: */
	bool stop, failed, started;
	size_t users, holders;
	bool key_wanted;
	int64_t behind_max_ns; /* more, as long as there is more to catch up with */
	bool jump;             /* go on with the frames after jump_ns, not with what comes next */
	int64_t jump_ns;
	int64_t taken_ns;  /* timestamp of the last frame that went into the encoder, or was passed over; 0: none */
	int64_t packed_ns; /* of the last packet */
	uint64_t packed_id;
	int64_t run_ns; /* of the frame with which the run of frames up to taken_ns began; INT64_MAX: it has not yet */
	uint64_t skipped;
};

static void wake_up(struct video *video)
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

static bool is_wanted(const struct video *video)
{
	return video->params.when == VIDEO_ALWAYS || video->users > 0;
}

/* All from from_ns on is to be encoded, though it is further back than else. Under the lock. */
static void allow_behind(struct video *video, int64_t from_ns)
{
	int64_t behind_ns = atomic_load(&video->newest_ns) - max_i64(from_ns, 0);
	video->behind_max_ns = max_i64(behind_ns, 0) + BEHIND_NS;
}

/* Where the next frame is to be looked for, and whether it must be a key frame. False: none is wanted now. */
static bool next_position(struct video *video, int64_t *after_ns, bool *key)
{
	pthread_mutex_lock(&video->lock);
	bool wanted = is_wanted(video) && !video->failed;
	if (video->jump) {
		video->jump = false;
		video->taken_ns = video->jump_ns;
		video->run_ns = INT64_MAX;
		video->key_wanted = true;
		allow_behind(video, video->jump_ns);
	}
	int64_t oldest_ns = atomic_load(&video->newest_ns) - video->behind_max_ns;
	if (wanted && video->holders == 0 && video->taken_ns < oldest_ns && video->run_ns != INT64_MAX)
		video->taken_ns = oldest_ns;
	*after_ns = video->taken_ns;
	*key = video->key_wanted;
	pthread_mutex_unlock(&video->lock);
	return wanted;
}

static void note_caught_up(struct video *video)
{
	pthread_mutex_lock(&video->lock);
	video->behind_max_ns = BEHIND_NS;
	pthread_mutex_unlock(&video->lock);
}

static void note_taken(struct video *video, const struct frame_info *frame, bool key)
{
	pthread_mutex_lock(&video->lock);
	if (video->run_ns == INT64_MAX)
		video->run_ns = frame->timestamp_ns;
	if (!video->jump)
		video->taken_ns = frame->timestamp_ns;
	if (key)
		video->key_wanted = false;
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
		allow_behind(video, after_ns);
	}
	video->key_wanted = true;
	video->failed = code == -ENOTSUP;
	pthread_mutex_unlock(&video->lock);
	packet_ring_wake(video->params.packets);
}

static void keep(struct video *video, const struct packet *packet, const struct video_format *format)
{
	int result = packet_ring_put(video->params.packets, format, packet);
	pthread_mutex_lock(&video->lock);
	if (video->packed_ns >= video->run_ns && packet->frame.id > video->packed_id)
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
static void step(struct video *video, int64_t after_ns, bool key)
{
	const struct frame *frame;
	int pinned = frame_ring_pin_next(video->params.frames, after_ns, &frame);
	if (pinned <= 0) {
		if (pinned == 0)
			note_caught_up(video);
		if (video_encoder_owed(&video->encoder) > 0)
			drain(video, OUTPUT_TIMEOUT_MS);
		else
			sleep_for(video, pinned < 0 ? BUSY_TIMEOUT_MS : IDLE_TIMEOUT_MS);
		return;
	}
	int result = video_encoder_send(&video->encoder, frame, key);
	if (result == 0)
		note_taken(video, &frame->info, key);
	frame_ring_release(video->params.frames, &frame, 1);
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

/* Finding out what the encoders can do takes a core for some tenths of a second, which the camera's start needs. */
static void wait_for_first_frame(struct video *video)
{
	while (!is_stopping(video) && atomic_load(&video->newest_ns) == 0)
		sleep_for(video, -1);
}

/* Until somebody wants video: whoever does wakes it. */
static void rest(struct video *video)
{
	atomic_store(&video->rests, true);
	sleep_for(video, -1);
	atomic_store(&video->rests, false);
}

static void run(void *data)
{
	struct video *video = data;
	const struct video_params *params = &video->params;
	wait_for_first_frame(video);
	if (is_stopping(video))
		return;
	bool works = video_encoder_start(&video->encoder, params->choose, params->kind, params->cpu_share);
	pthread_mutex_lock(&video->lock);
	video->failed = !works;
	video->started = true;
	pthread_mutex_unlock(&video->lock);
	while (!is_stopping(video)) {
		int64_t after_ns;
		bool key;
		if (next_position(video, &after_ns, &key))
			step(video, after_ns, key);
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
		wake_up(video);
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
		wake_up(video);
}

/* The run of frames that was encoded last goes on without a gap: the one after it is still there, or to come. */
static bool can_go_on(const struct video *video, const struct frame_ring_status *frames)
{
	return video->packed_ns != 0 && !video->jump && frames->oldest_ns <= video->taken_ns;
}

/* The oldest moment that a cursor can have. Under the lock. */
static int64_t oldest_ns(struct video *video)
{
	struct frame_ring_status frames;
	struct packet_ring_status packets;
	frame_ring_status(video->params.frames, &frames);
	packet_ring_status(video->params.packets, &packets);
	if (!is_wanted(video) && !can_go_on(video, &frames))
		return frames.filled > 0 ? frames.oldest_ns : clock_now_ns();
	if (packets.packets == 0 || video->run_ns == INT64_MAX)
		return frames.filled > 0 ? frames.oldest_ns : clock_now_ns();
	return video->run_ns > packets.oldest_ns ? video->run_ns : packets.oldest_ns;
}

int64_t video_oldest_ns(struct video *video)
{
	pthread_mutex_lock(&video->lock);
	int64_t oldest = oldest_ns(video);
	pthread_mutex_unlock(&video->lock);
	return oldest;
}

/* A rest ends: with the frame after the last one encoded where the cursor wants what was encoded then, else with the
 * past that it wants, or the usual one. */
static void end_rest(struct video *video, struct packet_cursor *cursor, int64_t from_ns, bool hold)
{
	struct frame_ring_status frames;
	frame_ring_status(video->params.frames, &frames);
	int64_t usual_ns = clock_now_ns() - (int64_t)(video->params.before_s * (double)CLOCK_NS_PER_S);
	int64_t begin_ns = from_ns < usual_ns ? from_ns : usual_ns;
	if (can_go_on(video, &frames) && begin_ns <= video->taken_ns) {
		packet_ring_open(video->params.packets, cursor, from_ns > video->run_ns ? from_ns : video->run_ns, hold);
		video->key_wanted = true;
		return;
	}
	packet_ring_open_next(video->params.packets, cursor, hold);
	video->jump = true;
	video->jump_ns = begin_ns - 1;
}

/* Others have frames encoded already. */
static void join_run(struct video *video, struct packet_cursor *cursor, int64_t from_ns, bool hold)
{
	if (video->jump || video->run_ns == INT64_MAX)
		packet_ring_open_next(video->params.packets, cursor, hold);
	else
		packet_ring_open(video->params.packets, cursor, from_ns > video->run_ns ? from_ns : video->run_ns, hold);
}

int video_open(struct video *video, struct packet_cursor *cursor, int64_t from_ns, bool hold, struct error *error)
{
	*cursor = (struct packet_cursor){ 0 };
	pthread_mutex_lock(&video->lock);
	if (video->failed) {
		pthread_mutex_unlock(&video->lock);
		struct video_status status;
		video_encoder_describe(&video->encoder, &status);
		return error_set(error, -ENOTSUP, "no video: no encoder works (%.180s)", status.why);
	}
	if (is_wanted(video))
		join_run(video, cursor, from_ns, hold);
	else
		end_rest(video, cursor, from_ns, hold);
	video->users++;
	video->holders += hold;
	pthread_mutex_unlock(&video->lock);
	wake_up(video);
	return 0;
}

void video_close(struct video *video, struct packet_cursor *cursor)
{
	if (!cursor->ring)
		return;
	pthread_mutex_lock(&video->lock);
	video->users--;
	video->holders -= cursor->hold;
	pthread_mutex_unlock(&video->lock);
	packet_ring_close(cursor);
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
	status->running = is_wanted(video) && video->started && !video->failed;
	status->skipped = video->skipped;
	if (status->running && frames.newest_ns > video->packed_ns && video->packed_ns != 0)
		status->behind_s = (double)(frames.newest_ns - video->packed_ns) / (double)CLOCK_NS_PER_S;
	pthread_mutex_unlock(&video->lock);
	double span_s = (double)(packets.newest_ns - packets.oldest_ns) / (double)CLOCK_NS_PER_S;
	if (span_s > 0)
		status->bitrate_kbit_s = (double)packets.used_bytes * 8 / 1000 / span_s;
}
