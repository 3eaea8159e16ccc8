/*
 * Clips: what happened from some seconds before a trigger until some after it. A clip is an interval [a, b] of the
 * packet ring's time: a trigger while it is under way moves b, and there is one file; after it a new one starts, and
 * the two may overlap in time, since the ring is never flushed. A clip that grows beyond max_s goes on in another file,
 * with a key frame, and no frame is lost between them; the same where the pictures' format changes.
 *
 * A thread of its own writes the clips; it may wait for the disk, while the ring holds what it has not read yet. Each
 * recorder is in one of the states of src/capture/recorder_table.h; a few of them share the thread, since a clip may
 * begin while the disk still syncs the one before.
 */
#ifndef PASTCAM_CAPTURE_RECORDER_H
#define PASTCAM_CAPTURE_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/video.h"
#include "export/jobs.h"
#include "store/event_log.h"

enum { RECORDER_CLIPS = 4, RECORDER_WAITERS = 32, RECORDER_PARTS_TOLD = 4 };

struct recorder;

struct recorder_params {
	struct video *video; /* these stay the caller's and outlive the recorder */
	struct packet_ring *packets;
	struct frame_ring *frames;
	struct event_log *events; /* NULL is fine */
	struct jobs *jobs;        /* make the poster; NULL: none */
	const char *base_dir, *camera;
	double before_s, after_s;           /* where a request leaves it open */
	double max_s;                       /* of a file */
	const struct seal_recipients *seal; /* see clip_writer.h */
	struct manifest *manifest;          /* notes each file; NULL: none */
	bool poster;                        /* a JPG of the frame at the trigger beside the clip, from the frame ring */
	jobs_gate gate;                     /* see jobs.h; NULL: always open */
	void *gate_data;
};

/* Starts the thread, which first finishes what an earlier process left (clip_recover). */
struct recorder *recorder_create(const struct recorder_params *params, struct error *error);
/* Ends the clips under way with what is there, and joins the thread: waits for the disk. NULL is fine. */
void recorder_destroy(struct recorder *recorder);

struct recorder_result {
	uint64_t id;
	struct error error; /* code 0: all files are on the disk */
	size_t part_count;  /* files; the first RECORDER_PARTS_TOLD of them: */
	char paths[RECORDER_PARTS_TOLD][FSIO_PATH_BYTES];
	double duration_s; /* presented, in all */
	size_t frames;     /* presented too: not those before the beginning that only others need */
	int64_t bytes;
	uint64_t missing; /* frames between the first and the last one that are not in it */
};
typedef void (*recorder_done)(void *data, uint64_t ticket, const struct recorder_result *result);

struct recorder_request {
	int64_t at_ns;            /* of the trigger; 0: now */
	double before_s, after_s; /* negative: as configured */
	bool hold;                /* it is under way until recorder_release, and after_s begins there */
	const char *label;        /* NULL or "": none */
	const char *reason;       /* who asked: "command", "trigger", "motion" */
	recorder_done done;       /* called once, on the recorder's thread; NULL: not told */
	void *data;
	uint64_t ticket;
};

struct recorder_reply {
	uint64_t id;
	bool extended;   /* one under way goes on */
	double before_s; /* what of the past is there, at most what was asked */
	double after_s;
	bool all_there_is; /* before_s is less than was asked */
};

/* A trigger. 0; -ENOTSUP: no encoder; -ENODATA: no frame yet; -EBUSY: too many clips or waiters; -ESHUTDOWN. Any
 * thread. */
int recorder_clip(struct recorder *recorder, const struct recorder_request *request, struct recorder_reply *reply,
                  struct error *error);
/* What held the clip ended at at_ns: the clip goes on for after_s (negative: as configured) from then, or for as long
 * as others asked. Where none is held any more, nothing happens. Any thread. */
void recorder_release(struct recorder *recorder, int64_t at_ns, double after_s);
/* Ends the clip under way now, held or not. -ENOENT: there is none. Any thread. */
int recorder_stop(struct recorder *recorder, struct recorder_reply *reply, struct error *error);

/* Refuses what comes from now on and ends what is under way. Any thread. */
void recorder_close(struct recorder *recorder);
bool recorder_is_idle(struct recorder *recorder); /* no clip is under way, and none of an earlier process is finished */

/* Answers those who wait for clips whose thread hangs in the disk with -ESHUTDOWN; the next start finishes the clips.
 * Nothing but _exit may follow. */
void recorder_abandon(struct recorder *recorder);

struct recorder_status {
	const char *state; /* of the recorder that is furthest from rest */
	size_t under_way;
	uint64_t started, finished, failed, recovered, extended;
	uint64_t missing; /* frames, in all */
	char last_path[FSIO_PATH_BYTES];
	char last_error[256];
	int64_t last_error_ns; /* 0: never */
};
void recorder_status(struct recorder *recorder, struct recorder_status *status);

#endif
