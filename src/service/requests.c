#include "service/requests.h"

#include <errno.h>
#include <string.h>

#include "base/chunk.h"
#include "base/clock.h"
#include "media/frame_run.h"

static double seconds(int64_t ns)
{
	return (double)ns / (double)CLOCK_NS_PER_S;
}

/* The frame before the newest may have had the night's exposure: what a frame takes now is what counts. */
int64_t requests_frame_interval_ns(const struct requests *requests, const struct frame_ring_status *ring)
{
	int64_t interval_ns = (int64_t)((double)CLOCK_NS_PER_S / requests->framerate);
	int64_t exposure_ns = ring->newest_end_ns - ring->newest_ns;
	return exposure_ns > interval_ns ? exposure_ns : interval_ns;
}

/* The newest frame is older than what is asked for: why. */
static int explain_silence(const struct requests *requests, int64_t age_ns, struct error *error)
{
	struct capture_status capture = { 0 };
	if (requests->capture)
		capture_status(requests->capture, &capture);
	if (capture.paused_since_ns != 0)
		return error_set(error, -ENODATA, "the newest frame is %.1f s old: capture is paused: %s", seconds(age_ns),
		                 capture.pace_why);
	return error_set(error, -ENODATA, "the newest frame is %.1f s old: the camera is silent", seconds(age_ns));
}

int requests_check_moment(const struct requests *requests, int64_t at_ns, struct error *error)
{
	struct frame_ring_status ring;
	frame_ring_status(requests->ring, &ring);
	if (ring.filled == 0)
		return error_set(error, -ENODATA, "%s", "");
	int64_t interval_ns = requests_frame_interval_ns(requests, &ring), now_ns = clock_now_ns();
	if (at_ns < ring.oldest_ns - interval_ns)
		return error_set(error, -ENODATA, "the past reaches back %.1f s", seconds(now_ns - ring.oldest_ns));
	if (at_ns > now_ns + CLOCK_NS_PER_S)
		return error_set(error, -ENODATA, "that moment is still to come, in %.1f s", seconds(at_ns - now_ns));
	/* The frame under way, and the way of the newest through the camera: two frames' time and a little. */
	if (at_ns > ring.newest_end_ns + 2 * interval_ns + CLOCK_NS_PER_S / 2)
		return explain_silence(requests, now_ns - ring.newest_end_ns, error);
	return 0;
}

static struct job *admit(struct requests *requests, const struct request *request, enum job_kind kind,
                         struct error *error)
{
	struct frame_ring_status ring;
	frame_ring_status(requests->ring, &ring);
	size_t capacity = request->count;
	if (request->moment != REQUEST_PINNED && capacity > ring.run_limit && capacity > 1)
		capacity = ring.run_limit;
	bool full =
	    request->to == JOB_TO_MEMORY && requests->memory_limit > 0 && chunk_total_bytes() >= requests->memory_limit;
	struct job *job = full ? NULL : jobs_admit(requests->jobs, kind, request->to, capacity);
	if (!job) {
		if (jobs_check_closed(requests->jobs, error) == 0)
			error_set(error, -EBUSY, "%s", "");
		return NULL;
	}
	job->formats = request->formats;
	job->stack_mode = request->stack_mode;
	job->width = request->width;
	job->memory_limit = requests->memory_limit;
	job->ticket = request->ticket;
	job->ring = requests->ring;
	job->interval_ns = (int64_t)((double)CLOCK_NS_PER_S / requests->framerate);
	job->done = request->done;
	job->data = request->data;
	return job;
}

/* --- the past as video --- */

/* The moment has left the frame ring. */
static bool is_older_than_frames(const struct requests *requests, int64_t at_ns)
{
	struct frame_ring_status ring;
	frame_ring_status(requests->ring, &ring);
	return ring.filled > 0 && at_ns < ring.oldest_ns - requests_frame_interval_ns(requests, &ring);
}

static bool is_close(const struct requests *requests, const struct frame_info *info, int64_t at_ns)
{
	int64_t interval_ns = requests->video_interval_ns, exposure_ns = info->exposure_end_ns - info->timestamp_ns;
	return frame_distance_ns(info, at_ns) <= (exposure_ns > interval_ns ? exposure_ns : interval_ns);
}

/* What there is of both, in the words of a reply. */
static int explain_reach(const struct requests *requests, int64_t at_ns, struct error *error)
{
	struct frame_ring_status ring;
	struct packet_ring_status video;
	int64_t now_ns = clock_now_ns();
	frame_ring_status(requests->ring, &ring);
	packet_ring_status(requests->packets, &video);
	double frames_s = seconds(now_ns - ring.oldest_ns), video_s = seconds(now_ns - video.oldest_ns);
	if (video.packets == 0 || video.oldest_ns >= ring.oldest_ns)
		return error_set(error, -ENODATA, "the past reaches back %.1f s", frames_s);
	if (at_ns >= video.oldest_ns)
		return error_set(error, -ENODATA,
		                 "nothing was encoded at that moment; the past reaches back %.1f s as frames, "
		                 "%.1f s as video",
		                 frames_s, video_s);
	return error_set(error, -ENODATA, "the past reaches back %.1f s as frames, %.1f s as video", frames_s, video_s);
}

/* 0: one frame of the moment can be decoded. */
static int check_video(const struct requests *requests, const struct request *request, struct error *error)
{
	struct frame_info nearest;
	if (!packet_ring_nearest(requests->packets, request->at_ns, &nearest) ||
	    !is_close(requests, &nearest, request->at_ns))
		return explain_reach(requests, request->at_ns, error);
	if (request->kind == JOB_SINGLE)
		return 0;
	struct frame_ring_status ring;
	frame_ring_status(requests->ring, &ring);
	return error_set(error, -ENODATA,
	                 "of that moment there is video, which gives single pictures; frames, for several "
	                 "or a stack of them, reach back %.1f s",
	                 seconds(clock_now_ns() - ring.oldest_ns));
}

static int submit_video(struct requests *requests, const struct request *request, struct error *error)
{
	if (check_video(requests, request, error) < 0)
		return error->code;
	struct job *job = admit(requests, request, JOB_VIDEO, error);
	if (!job)
		return error->code;
	if (packet_ring_open_nearest(requests->packets, &job->video, request->at_ns, &job->video_frame) &&
	    is_close(requests, &job->video_frame, request->at_ns)) {
		jobs_submit(requests->jobs, job);
		return 0;
	}
	jobs_dismiss(requests->jobs, job);
	return explain_reach(requests, request->at_ns, error);
}

/* --- frames --- */

/* A stack is made of frames of one exposure. */
static int pin_nearest(const struct request *request, struct job *job)
{
	if (request->kind == JOB_STACK && !request->mixed)
		return frame_ring_pin_alike(job->ring, request->at_ns, job->capacity, job->frames);
	return frame_ring_pin_nearest(job->ring, request->at_ns, job->capacity, job->frames);
}

/* Pins what the request names. How many, or -errno. */
static int pin(const struct requests *requests, const struct request *request, struct job *job, struct error *error)
{
	switch (request->moment) {
	case REQUEST_AT:
		if (requests_check_moment(requests, request->at_ns, error) < 0)
			return error->code;
		return pin_nearest(request, job);
	case REQUEST_NEAREST:
		return pin_nearest(request, job);
	case REQUEST_SINCE:
		return frame_ring_pin_since(job->ring, request->at_ns, job->capacity, job->frames);
	case REQUEST_PINNED:
		for (size_t i = 0; i < request->count; i++) {
			frame_ring_pin_frame(job->ring, request->frames[i]); /* one more pin on a pinned frame never fails */
			job->frames[i] = request->frames[i];
		}
		return (int)request->count;
	case REQUEST_NEXT_FRAME:
		break;
	}
	return 0;
}

static int check_width(const struct requests *requests, const struct request *request, struct error *error)
{
	int width, height;
	bool full = request->moment == REQUEST_NEXT_FRAME && requests->full_ring;
	frame_ring_frame_size(full ? requests->full_ring : requests->ring, &width, &height);
	if (request->width <= width)
		return 0;
	return error_set(error, -EINVAL, "width=%d is larger than the picture: at most %d", request->width, width);
}

int requests_submit(struct requests *requests, const struct request *request, struct error *error)
{
	if (request->width > 0 && check_width(requests, request, error) < 0)
		return error->code;
	if (request->moment == REQUEST_AT && requests->packets && is_older_than_frames(requests, request->at_ns))
		return submit_video(requests, request, error);
	struct job *job = admit(requests, request, request->kind, error);
	if (!job)
		return error->code;
	if (request->moment == REQUEST_NEXT_FRAME) {
		capture_request_next_frame(requests->capture, job);
		return 0;
	}
	int pinned = pin(requests, request, job, error);
	if (pinned <= 0) {
		jobs_dismiss(requests->jobs, job);
		if (error->code == 0)
			error_set(error, pinned == 0 ? -ENODATA : pinned, "%s", "");
		return error->code;
	}
	job->frame_count = (size_t)pinned;
	jobs_submit(requests->jobs, job);
	return 0;
}
