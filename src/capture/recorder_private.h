/* What recorder.c (who asks) and recorder_run.c (the thread that writes) share. Private to them. */
#ifndef PASTCAM_CAPTURE_RECORDER_PRIVATE_H
#define PASTCAM_CAPTURE_RECORDER_PRIVATE_H

#include <pthread.h>

#include "base/thread.h"
#include "clip.h"
#include "recorder_table.h"

struct recorder_waiter {
	uint64_t id; /* of the clip; 0: unused */
	recorder_done done;
	void *data;
	uint64_t ticket;
};

/* One recorder: a state, and the clip that it has while it is not at rest. */
struct recorder_slot {
	enum recorder_state state; /* under the lock */
	int64_t end_ns;            /* b, as long as nothing holds it; under the lock */
	bool held;                 /* b is still to be told; under the lock */
	struct clip clip;          /* filled under the lock, then the thread's */
};

struct recorder {
	struct recorder_params params;
	struct thread thread;
	pthread_mutex_t lock; /* of the rest: */
	bool closed, stop;
	bool recovering; /* what earlier processes left is being finished */
	uint64_t last_id;
	struct recorder_slot slots[RECORDER_CLIPS];
	struct recorder_waiter waiters[RECORDER_WAITERS];
	struct recorder_status status;
};

/* b, INT64_MAX while it is held. Under the lock. */
int64_t recorder_end_ns(const struct recorder_slot *slot);

/* Moves the slot on; the action that the caller carries out. Under the lock. */
enum recorder_action recorder_step_slot(struct recorder_slot *slot, enum recorder_event event);

/* Tells those who wait for result->id; 0: for any clip, each with its own id. Not under the lock. */
void recorder_tell_waiters(struct recorder *recorder, const struct recorder_result *result);

/* The thread. */
void recorder_run(void *recorder);

#endif
