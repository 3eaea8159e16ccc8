/* Opening and closing of cursors, which begins and ends the work of a video thread that rests. */
#include <errno.h>

#include "base/clock.h"
#include "video_private.h"

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
	if (!video_is_wanted(video) && !can_go_on(video, &frames))
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

/* Others have frames encoded already, or rest at a lower rate. */
static void join_run(struct video *video, struct packet_cursor *cursor, int64_t from_ns, bool hold)
{
	const bool rested = idle_rate_wake(&video->idle, from_ns);
	if (rested)
		video_allow_behind(video, video->taken_ns);
	if (video->jump || video->run_ns == INT64_MAX || (rested && from_ns > video->packed_ns))
		packet_ring_open_next(video->params.packets, cursor, hold);
	else
		packet_ring_open(video->params.packets, cursor, from_ns > video->run_ns ? from_ns : video->run_ns, hold);
}

/* The frame that shows at a moment began up to an interval before it. */
static int64_t shown_since_ns(const struct video *video, int64_t at_ns)
{
	return at_ns - (int64_t)((double)CLOCK_NS_PER_S / video->params.encoder.framerate) + 1;
}

int video_open(struct video *video, struct packet_cursor *cursor, int64_t from_ns, bool hold, struct error *error)
{
	*cursor = (struct packet_cursor){ 0 };
	from_ns = shown_since_ns(video, from_ns);
	pthread_mutex_lock(&video->lock);
	if (video->failed) {
		pthread_mutex_unlock(&video->lock);
		struct video_status status;
		video_encoder_describe(&video->encoder, &status);
		return error_set(error, -ENOTSUP, "no video: no encoder works (%.180s)", status.why);
	}
	if (video_is_wanted(video))
		join_run(video, cursor, from_ns, hold);
	else
		end_rest(video, cursor, from_ns, hold);
	video->users++;
	video->holders += hold;
	pthread_mutex_unlock(&video->lock);
	video_wake_up(video);
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
