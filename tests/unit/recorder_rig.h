/* A recorder over real rings and a real encoder, fed with frames whose time is told and not waited for: packets decide
 * where a clip ends, so frames of the next seconds may come at once. */
#ifndef PASTCAM_TEST_RECORDER_RIG_H
#define PASTCAM_TEST_RECORDER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/recorder.h"
#include "scratch.h"

enum { RIG_WIDTH = 64, RIG_HEIGHT = 48, RIG_SLOTS = 400, RIG_RESULTS = 64 };

struct recorder_rig {
	char folder[SCRATCH_BYTES];
	struct frame_ring *frames;
	struct packet_ring *packets;
	struct event_log *events;
	struct video *video;
	bool always; /* frames are encoded all the time */
	struct recorder *recorder;
	int64_t begun_ns;  /* the present, as far as the test goes */
	int64_t newest_ns; /* of the frames */
	uint64_t last_id;
	pthread_mutex_t lock;
	size_t told;
	struct recorder_result results[RIG_RESULTS]; /* in the order in which they were told */
	int gate_code;                               /* what the disk says */
};

static inline void rig_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2 * CLOCK_NS_PER_MS }, NULL);
}

static inline int rig_gate(void *data, dev_t *device, struct error *error)
{
	const struct recorder_rig *rig = data;
	*device = 0;
	return rig->gate_code == 0 ? 0 : error_set(error, rig->gate_code, "the disk says no");
}

static inline void rig_open(struct recorder_rig *rig, enum video_when when, double max_s)
{
	struct error error = { 0 };
	memset(rig, 0, sizeof *rig);
	log_open(&(struct log_params){ .level = LOG_LEVEL_ERROR, .file = "" }, &error);
	pthread_mutex_init(&rig->lock, NULL);
	scratch_make(rig->folder);
	rig->frames = frame_ring_create(RIG_SLOTS, RIG_WIDTH, RIG_HEIGHT, &error);
	rig->packets = packet_ring_create(8 << 20, 2000, &error);
	rig->events = event_log_create(EVENT_LOG_CAPACITY, "", &error);
	assert_true(rig->frames && rig->packets && rig->events);
	const struct video_params video = {
		.frames = rig->frames,
		.packets = rig->packets,
		.encoder = { .width = RIG_WIDTH,
		             .height = RIG_HEIGHT,
		             .framerate = 10,
		             .jpeg_quality = 80,
		             .gop_s = 2,
		             .device = "",
		             .silence_s = 5 },
		.kind = ENCODER_MJPEG,
		.when = when,
		.before_s = 5,
	};
	rig->always = when == VIDEO_ALWAYS;
	rig->video = video_create(&video, &error);
	assert_non_null(rig->video);
	const struct recorder_params params = {
		.video = rig->video,
		.packets = rig->packets,
		.frames = rig->frames,
		.events = rig->events,
		.base_dir = rig->folder,
		.camera = "",
		.before_s = 1,
		.after_s = 1,
		.max_s = max_s,
		.gate = rig_gate,
		.gate_data = rig,
	};
	rig->recorder = recorder_create(&params, &error);
	assert_non_null(rig->recorder);
	struct frame_ring_status ring = { 0 };
	while (!recorder_is_idle(rig->recorder) || ring.touched < RIG_SLOTS) {
		rig_pause();
		frame_ring_status(rig->frames, &ring);
	}
	rig->begun_ns = clock_now_ns();
}

static inline void rig_close(struct recorder_rig *rig)
{
	recorder_destroy(rig->recorder);
	video_destroy(rig->video);
	packet_ring_destroy(rig->packets);
	frame_ring_destroy(rig->frames);
	event_log_destroy(rig->events);
	scratch_remove(rig->folder);
	pthread_mutex_destroy(&rig->lock);
	log_close();
}

/* Who encodes all the time and falls more than two seconds behind skips frames; the test's come faster than time. */
static inline void rig_keep_up(struct recorder_rig *rig)
{
	while (rig->always && video_done_ns(rig->video) < rig->newest_ns)
		rig_pause();
}

/* Frames at from_s, from_s + interval_s, … before until_s, in seconds from the rig's present. */
static inline void rig_put(struct recorder_rig *rig, double from_s, double until_s, double interval_s)
{
	for (int i = 0; from_s + i * interval_s < until_s - 1e-9; i++) {
		struct frame *frame = frame_ring_lend(rig->frames);
		memset(frame->pixels, (int)rig->last_id & 0xff, frame_bytes(RIG_WIDTH, RIG_HEIGHT));
		rig->newest_ns = rig->begun_ns + (int64_t)((from_s + i * interval_s) * 1e9);
		frame->info = (struct frame_info){ .id = ++rig->last_id,
			                               .timestamp_ns = rig->newest_ns,
			                               .exposure_end_ns = rig->newest_ns };
		frame_ring_commit(rig->frames, frame);
		video_frame_ready(rig->video, rig->newest_ns);
		rig_keep_up(rig);
	}
}

static inline void rig_done(void *data, uint64_t ticket, const struct recorder_result *result)
{
	struct recorder_rig *rig = data;
	(void)ticket;
	pthread_mutex_lock(&rig->lock);
	if (rig->told < RIG_RESULTS)
		rig->results[rig->told] = *result;
	rig->told++;
	pthread_mutex_unlock(&rig->lock);
}

static inline size_t rig_told(struct recorder_rig *rig)
{
	pthread_mutex_lock(&rig->lock);
	size_t told = rig->told;
	pthread_mutex_unlock(&rig->lock);
	return told;
}

/* Waits until so many were told. */
static inline const struct recorder_result *rig_wait(struct recorder_rig *rig, size_t count)
{
	for (int i = 0; i < 10000 && rig_told(rig) < count; i++)
		rig_pause();
	assert_int_equal(rig_told(rig), count);
	return &rig->results[count - 1];
}

/* Asks for a clip at the rig's present. */
static inline int rig_clip(struct recorder_rig *rig, double before_s, double after_s, bool hold,
                           struct recorder_reply *reply)
{
	struct error error = { 0 };
	const struct recorder_request request = { .at_ns = rig->begun_ns,
		                                      .before_s = before_s,
		                                      .after_s = after_s,
		                                      .hold = hold,
		                                      .label = "door",
		                                      .reason = "test",
		                                      .done = rig_done,
		                                      .data = rig };
	return recorder_clip(rig->recorder, &request, reply, &error);
}

static inline size_t rig_files(const struct recorder_rig *rig)
{
	size_t count = 0;
	DIR *listing = opendir(rig->folder);
	assert_non_null(listing);
	for (const struct dirent *entry; (entry = readdir(listing)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(listing);
	return count;
}

#endif
