/* What the video thread and those who open its cursors share. Private to src/capture. */
#ifndef PASTCAM_CAPTURE_VIDEO_PRIVATE_H
#define PASTCAM_CAPTURE_VIDEO_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "capture/video.h"
#include "idle_rate.h"
#include "video_encoder.h"

struct video {
	struct video_params params;
	struct video_encoder encoder; /* its thread's */
	struct thread thread;
	int wake;                  /* eventfd */
	_Atomic int64_t newest_ns; /* timestamp of the newest frame */
	atomic_bool rests;         /* frames are no reason to wake it */
	atomic_bool moving;        /* something does, in front of the camera */

	pthread_mutex_t lock; /* of the rest: */
	bool stop, failed, started;
	size_t users, holders;
	bool key_wanted;
	struct idle_rate idle;
	int64_t behind_max_ns; /* more, as long as there is more to catch up with */
	bool jump;             /* go on with the frames after jump_ns, not with what comes next */
	int64_t jump_ns;
	int64_t taken_ns;  /* timestamp of the last frame that went into the encoder, or was passed over; 0: none */
	int64_t packed_ns; /* of the last packet */
	uint64_t packed_id;
	uint64_t awake_id; /* of the frame with which the last rest ended */
	int64_t run_ns;    /* of the frame with which the run of frames up to taken_ns began; INT64_MAX: it has not yet */
	uint64_t skipped;
};

void video_wake_up(struct video *video);

/* Are frames encoded? Under the lock, like the next. */
bool video_is_wanted(const struct video *video);

/* All from from_ns on is to be encoded, though it is further back than else. */
void video_allow_behind(struct video *video, int64_t from_ns);

#endif
