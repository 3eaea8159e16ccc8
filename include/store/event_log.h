/*
 * What happened: one closed list of events, the last of them kept, for whoever asks.
 *
 * A subscriber is no thread and no queue but a cursor: the number of the event that it wants next. Publishing copies
 * one event into a fixed ring and is done, however many subscribers there are and however slow they read; who is too
 * slow finds EVENT_LOST in place of what was overwritten meanwhile. All calls may be made from any thread.
 */
#ifndef PASTCAM_STORE_EVENT_LOG_H
#define PASTCAM_STORE_EVENT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The whole list; event_type_text gives the names in brackets. */
enum event_type {
	EVENT_BOOT,           /* [boot] the process has started; label: version */
	EVENT_CAMERA_UP,      /* [camera.up] for the first time or again; label: model */
	EVENT_CAMERA_DOWN,    /* [camera.down] reason */
	EVENT_NIGHT_ENTER,    /* [night.enter] score: level of light; frame_id */
	EVENT_NIGHT_EXIT,     /* [night.exit] the same */
	EVENT_MOTION_START,   /* [motion.start] zone, score, box, frame_id */
	EVENT_MOTION_END,     /* [motion.end] zone, score: the highest, box: the last, duration_s, frame_id */
	EVENT_MOTION_OFF,     /* [motion.off] somebody said `motion off` */
	EVENT_MOTION_ON,      /* [motion.on] and `motion on` again */
	EVENT_TRIGGER,        /* [trigger] label, frame_id */
	EVENT_CLIP_START,     /* [clip.start] id, label, reason: who asked */
	EVENT_CLIP_END,       /* [clip.end] id, label, path, duration_s, count: frames, bytes, taken_ns */
	EVENT_CLIP_FAILED,    /* [clip.failed] id, label, path, reason */
	EVENT_PICTURE_SAVED,  /* [picture.saved] path: the first file, formats: all, frame_id, taken_ns, count: files */
	EVENT_PICTURE_FAILED, /* [picture.failed] reason, formats, frame_id and taken_ns where there was a frame */
	EVENT_STORAGE_LOW,    /* [storage.low] reason, bytes: free */
	EVENT_STORAGE_OK,     /* [storage.ok] bytes: free */
	EVENT_PIN_MADE,       /* [pin.made] id, tier, count: frames, duration_s: until it expires */
	EVENT_PIN_KEPT,       /* [pin.kept] id, path, formats, count: files */
	EVENT_PIN_DROPPED,    /* [pin.dropped] id, reason */
	EVENT_LOST,           /* [lost] count: events that this subscriber has missed; only from event_log_read */
	EVENT_TYPES
};

enum event_tier { EVENT_TIER_NONE, EVENT_TIER_FRAMES, EVENT_TIER_VIDEO, EVENT_TIER_DISK };

enum {
	EVENT_LOG_CAPACITY = 1024, /* what the daemon keeps */
	EVENT_ID_BYTES = 40,       /* of "BOOT-NUMBER" */
	EVENT_CAMERA_BYTES = 65,
	EVENT_LABEL_BYTES = 64,
	EVENT_ZONE_BYTES = 32,
	EVENT_FORMATS_BYTES = 16,
	EVENT_REASON_BYTES = 192,
	EVENT_PATH_BYTES = 320,
};

#define EVENT_COUNT_UNKNOWN UINT64_MAX

/* A value: copied, points to nothing. Which fields a type has stands above; the others are zero. */
struct event {
	enum event_type type;
	enum event_tier tier;
	uint64_t number;      /* counts from 1 for the life of the process; event_log_publish gives it */
	int64_t wall_ns;      /* since 1970; 0 on publish: from monotonic_ns */
	int64_t monotonic_ns; /* 0 on publish: now */

	uint64_t frame_id; /* 0: none */
	int64_t taken_ns;  /* wall time of that frame, or of a clip's first; 0: none */
	uint64_t id;       /* of the pin or the clip */
	uint64_t count;
	int64_t bytes;
	double duration_s;
	double score;
	int32_t box[4]; /* x, y, width, height in pixels of the kept frame */

	/* UTF-8, terminated; event_set_text cuts at characters. */
	char label[EVENT_LABEL_BYTES];
	char zone[EVENT_ZONE_BYTES];
	char formats[EVENT_FORMATS_BYTES]; /* "jpg,png" */
	char reason[EVENT_REASON_BYTES];
	char path[EVENT_PATH_BYTES]; /* absolute; event_set_path leaves one that does not fit empty */
};

const char *event_type_text(enum event_type type); /* "camera.up" */
const char *event_tier_text(enum event_tier tier); /* "frames", "video", "disk"; "" for none */

/* NULL text is "". Cut between characters where it is too long. */
void event_set_text(char *field, size_t bytes, const char *text);

/* A path that is cut would name another file, so one that does not fit is left out. */
void event_set_path(struct event *event, const char *path);

struct event_log;

/* capacity: events kept, 1 and up. camera: its name, "" for the only one; copied, cut at EVENT_CAMERA_BYTES - 1. NULL
 * without memory or descriptors. */
struct event_log *event_log_create(size_t capacity, const char *camera, struct error *error);
void event_log_destroy(struct event_log *log); /* NULL is fine */

/* Stamps number and times into its copy of event and wakes the listener. Never waits longer than for the copying of one
 * event by another thread (priority is inherited), never allocates. Returns the number. NULL log: nothing happens, 0. */
uint64_t event_log_publish(struct event_log *log, const struct event *event);

/* --- for subscribers --- */

/* The cursor that sees only what is still to come. */
uint64_t event_log_end(struct event_log *log);

/* Reads what `since=` names, "BOOT-NUMBER": *cursor becomes the event after it. An id of another process's life gives
 * the cursor 0: all that is kept, preceded by an EVENT_LOST of unknown count. -EINVAL for a text that is no id, or one
 * of an event that is still to come. */
int event_log_find(struct event_log *log, const char *id, uint64_t *cursor);

/* Copies up to count (1 and up) events from *cursor on and moves it. Where events from there on are overwritten already
 * the first one copied is an EVENT_LOST that says how many; its id is that of the last one lost, so that `since=` goes
 * on after it. Returns how many were copied: 0, all is read. */
size_t event_log_read(struct event_log *log, uint64_t *cursor, struct event *events, size_t count);

/* For the one thread that serves all subscribers: readable (EPOLLIN) when something was published since the last
 * event_log_acknowledge. Acknowledge first, then read with each cursor. */
int event_log_fd(const struct event_log *log);
void event_log_acknowledge(struct event_log *log);

/* "BOOT-NUMBER". BOOT are 12 hexadecimal digits, drawn at random by event_log_create. */
void event_log_id(const struct event_log *log, uint64_t number, char id[EVENT_ID_BYTES]);
const char *event_log_camera(const struct event_log *log);

/* The memory that a log of capacity events takes, for the memory budget. */
size_t event_log_bytes(size_t capacity);

#endif
