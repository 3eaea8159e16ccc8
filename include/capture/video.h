/*
 * The past as video: a thread of its own takes frames out of the frame ring, in order, through the encoder into the
 * packet ring. It may fall behind, since the frames wait in the ring; what has left the ring before it was encoded is
 * skipped and counted. Capture only ever wakes it.
 *
 * VIDEO_ALWAYS: it follows capture all the time. VIDEO_ON_TRIGGER: it rests until somebody opens a cursor, then begins
 * with the frames of before_s ago (or as far back as the cursor wants), catches up faster than real time, and rests
 * again when the last cursor is closed.
 *
 * With an idle_framerate VIDEO_ALWAYS encodes so many frames a second while nothing moves and nobody has a cursor, each
 * shortly before it leaves the frame ring; what is in there goes in at full rate when that ends
 * (src/capture/idle_rate.h).
 *
 * An encoder that fails or falls silent is opened anew, with the frame after the last packet, so that nothing is lost
 * as long as the frames are there; one that fails again within a minute makes way for the next kind.
 */
#ifndef PASTCAM_CAPTURE_VIDEO_H
#define PASTCAM_CAPTURE_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "encode/encoder.h"
#include "store/frame_ring.h"
#include "store/packet_ring.h"

struct video;

enum video_when { VIDEO_ALWAYS, VIDEO_ON_TRIGGER };

struct video_params {
	struct frame_ring *frames; /* these stay the caller's and outlive the video */
	struct packet_ring *packets;
	struct encoder_params encoder;
	bool choose; /* find out what this machine can do (encoder_choose); else: */
	enum encoder_kind kind;
	double cpu_share;
	enum video_when when;
	double before_s;
	double idle_framerate; /* VIDEO_ALWAYS: of what is encoded while nothing moves and no cursor is open; 0: all */
};

/* Starts the thread, which opens its encoder when the first frame is there. NULL without memory or threads. */
struct video *video_create(const struct video_params *params, struct error *error);
void video_destroy(struct video *video); /* no cursor may be open; NULL is fine */

/* A frame of that timestamp was committed to the ring. Capture thread; never waits. NULL is fine. */
void video_frame_ready(struct video *video, int64_t timestamp_ns);

/* Something moves now, or nothing does any more. Capture thread; never waits. NULL is fine. */
void video_motion(struct video *video, bool moving);

/* Opens a cursor (see packet_ring.h) before the key frame that shows from_ns or what comes after, and has frames
 * encoded as long as it is open. hold: it is a clip's, and frames are only skipped for it when they have left the ring.
 * -ENOTSUP: there is no encoder, with the reason. Any thread. */
int video_open(struct video *video, struct packet_cursor *cursor, int64_t from_ns, bool hold, struct error *error);
void video_close(struct video *video, struct packet_cursor *cursor); /* again is fine */

/* The oldest moment that a cursor opened now would show. Any thread. */
int64_t video_oldest_ns(struct video *video);

/* Makes the first frame from now on a key frame. Any thread. */
void video_want_key(struct video *video);

/* Timestamp up to which all frames are encoded that are going to be; for who waits for the last one before a moment. */
int64_t video_done_ns(struct video *video);

struct video_status {
	const char *when;      /* "always", "trigger" */
	const char *encoder;   /* "v4l2" … "none" */
	char name[64];         /* what it calls itself */
	char why[320];         /* of the choice, or why there is none */
	bool running;          /* frames are being encoded */
	bool idle;             /* a few of them, since nothing moves */
	uint64_t encoded;      /* frames */
	uint64_t skipped;      /* frames that were not encoded since it fell behind */
	uint64_t restarts;     /* of the encoder */
	double behind_s;       /* from the newest frame to the last one encoded; 0 while it rests */
	double cpu_ms;         /* of a frame, mean */
	double bitrate_kbit_s; /* of what is in the ring now */
};
void video_status(struct video *video, struct video_status *status);

#endif
