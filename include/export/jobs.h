/*
 * Export jobs: pinned frames, or packets, on their way to files. A job is admitted (or refused: BUSY, the number is
 * fixed and nothing is allocated), filled with pinned frames by whoever made it, submitted, worked off, and answered
 * through its done callback, always exactly once.
 *
 * Two workers: one takes any job, the other only single pictures, so that a picture never waits for a long series, nor
 * for video that must be decoded, of which there is one piece at a time for the same reason. The
 * pictures of a series, the strips of a PNG and the bands of a stack run side by side on the pool.
 */
#ifndef PASTCAM_EXPORT_JOBS_H
#define PASTCAM_EXPORT_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "export/export.h"
#include "media/frame_run.h"
#include "media/stack.h"
#include "store/event_log.h"
#include "store/frame_ring.h"
#include "store/packet_ring.h"

enum { JOBS_MAX = 32 };

enum job_kind {
	JOB_SINGLE, /* one frame, one picture */
	JOB_SERIES, /* each frame a picture of its own */
	JOB_STACK,  /* all frames one picture */
	JOB_VIDEO,  /* one frame of the past as video, one picture */
};

/* Where the pictures go: files below base_dir; or one picture, of JOB_SINGLE or JOB_STACK and the one format in
 * formats, into memory. */
enum job_destination { JOB_TO_FILES, JOB_TO_MEMORY };

struct job;
typedef void (*job_done)(void *data, const struct job *job);

struct job {
	enum job_kind kind;
	unsigned formats;
	enum stack_mode stack_mode;
	enum job_destination to;
	int width;           /* JOB_TO_MEMORY: of the picture that is handed out, at most the frame's; 0: as it is */
	size_t memory_limit; /* JOB_TO_MEMORY fails with -EBUSY while all chunks hold this many bytes; 0: never */
	int64_t asked_ns;    /* the trigger, monotonic */
	job_done done;       /* called once, on a worker, with the results below; the job is gone afterwards */
	void *data;
	uint64_t ticket; /* the maker's own */

	struct frame_ring *ring;     /* where the frames are pinned */
	const struct frame **frames; /* capacity of them, oldest first */
	size_t capacity, frame_count;
	struct packet_cursor video; /* JOB_VIDEO: open, before the GOP of video_frame; closed with the job */
	struct frame_info video_frame;
	int64_t interval_ns; /* from frame to frame, as asked of the camera; 0: unknown */

	/* results */
	struct error error; /* code 0: all files are on the disk */
	size_t file_count;
	struct chunk *bytes;           /* JOB_TO_MEMORY: the picture; goes with the job, unless done takes a reference */
	int bytes_width, bytes_height; /* its pixels */
	double bytes_mean;             /* of its bytes, 0-255 */
	char **paths;                  /* a text for each picture: "PATH, PATH"; NULL where nothing was written */
	struct frame_info first, last; /* of the frames, which are released by now */
	struct frame_run run;          /* of all of them */

	int64_t
	    waiting_ns; /* the capture loop's: since when it waits for the next frame, on the awake clock; 0: not seen */

	/* private */
	struct job *next;
	struct jobs *owner;
	bool admitted, running;
	bool answered;      /* done was called, or is being called */
	char *whole_paths;  /* "PATH, PATH" of the files that are whole so far */
	size_t whole_count; /* of them */
	const struct frame *one_frame[1];
	char *one_path[1];
};

struct jobs;

/* A full disk, an unmounted one, and what else speaks against writing here: 0, or -errno with the reason. Called on a
 * worker before each picture; *device becomes the filesystem that it may go to (see fsio_begin). */
typedef int (*jobs_gate)(void *data, dev_t *device, struct error *error);

struct jobs_params {
	struct export_params export;
	struct pool *pool;
	size_t most;        /* jobs under way at once, 1 to JOBS_MAX; fewer than clients, so that questions find a place */
	size_t frame_bytes; /* of the ring's frames: stacks of them are made in memory that is taken at the start */
	char camera_model[64];
	struct event_log *events; /* told of each picture that is saved and each job that fails; NULL is fine */
	jobs_gate gate;           /* NULL: always open */
	void *gate_data;
};

struct jobs *jobs_create(const struct jobs_params *params, struct error *error);

/* Refuses what waits, lets what runs finish, joins the workers. */
void jobs_destroy(struct jobs *jobs);

/* The camera's name for metadata; once known. Capture thread. */
void jobs_set_camera_model(struct jobs *jobs, const char *model);

/* A blank job with room for capacity frames, or NULL: too many are under way (answer BUSY) or no memory. Any thread;
 * JOB_SINGLE with capacity 1 allocates nothing. */
struct job *jobs_admit(struct jobs *jobs, enum job_kind kind, enum job_destination to, size_t capacity);

/* Gives back a job that was admitted and not submitted; its frames must be released. */
void jobs_dismiss(struct jobs *jobs, struct job *job);

/* Hands the job with its pinned frames to the workers; cannot fail. A job whose error is set already is only answered.
 */
void jobs_submit(struct jobs *jobs, struct job *job);

struct jobs_status {
	size_t waiting, running;
	uint64_t asked, succeeded, failed, refused; /* jobs to files; refused: not admitted, any */
	uint64_t encoded;                           /* pictures handed out in memory */
	uint64_t files;
	char last_error[256];
	int64_t last_error_ns; /* 0: never */
};
void jobs_status(struct jobs *jobs, struct jobs_status *status);

/* No new admissions from now on; waiting jobs are refused with why, and a series ends at its next picture. */
void jobs_close(struct jobs *jobs, const char *why);
int jobs_check_closed(struct jobs *jobs, struct error *error); /* 0, or -ESHUTDOWN with why when they are closed */
bool jobs_idle(struct jobs *jobs);

/* Answers the jobs that still run, whose threads hang in the disk, with the error that jobs_close was given and with
 * the files that are whole. Nothing but _exit may follow. */
void jobs_abandon(struct jobs *jobs);

/* What jobs_create takes for the results of stacks, bytes; part of the arena, so to say. */
size_t jobs_result_bytes(size_t frame_bytes);

/* The most memory that jobs take beside that, bytes, for pictures of this size. */
size_t jobs_scratch_bytes(int width, int height, size_t pool_width);

#endif
