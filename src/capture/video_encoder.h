/* The encoder of the video thread, kept alive: opened anew when it fails, replaced by the next kind when it fails
 * again. Logs. One thread, but for video_encoder_describe. */
#ifndef PASTCAM_CAPTURE_VIDEO_ENCODER_H
#define PASTCAM_CAPTURE_VIDEO_ENCODER_H

#include <pthread.h>

#include "capture/video.h"

struct video_encoder {
	struct encoder_params params;
	struct encoder *encoder; /* NULL: none */
	enum encoder_kind kind;
	int64_t failed_ns; /* last; 0: never */
	int64_t cpu_ns;
	uint64_t encoded;

	pthread_mutex_t lock; /* of: */
	char name[64], why[320];
	enum encoder_kind told_kind;
	uint64_t restarts;
	double cpu_ms;
};

void video_encoder_init(struct video_encoder *video, const struct encoder_params *params);
void video_encoder_finish(struct video_encoder *video);

/* Finds the kind, where choose says so, and opens it or the next one that works. False: there is none. */
bool video_encoder_start(struct video_encoder *video, bool choose, enum encoder_kind kind, double cpu_share);

/* Has its memory touched by a frame, of which nothing is kept. */
void video_encoder_warm_up(struct video_encoder *video, const struct frame *frame);

/* encoder_send and encoder_receive; their -errno only after the encoder was replaced: what was owed is lost, and goes
 * in once more. -ENOTSUP: there is none any more. */
int video_encoder_send(struct video_encoder *video, const struct frame *frame, const struct frame *next, bool key);
int video_encoder_receive(struct video_encoder *video, int timeout_ms, struct packet *packet,
                          const struct video_format **format);
size_t video_encoder_owed(const struct video_encoder *video);

/* Fills in what is the encoder's. Any thread. */
void video_encoder_describe(struct video_encoder *video, struct video_status *status);

#endif
