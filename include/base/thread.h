/*
 * Threads: how they are named, how urgent each kind of work is, and that signals reach the main thread alone.
 * Priorities are set here and nowhere else.
 */
#ifndef PASTCAM_BASE_THREAD_H
#define PASTCAM_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* From the most urgent on. A thread is never made more urgent than the process was started, but for THREAD_CAPTURE. */
enum thread_class {
	THREAD_CAPTURE, /* SCHED_RR at its lowest priority, where that is refused niceness -10: gets its turn at once */
	THREAD_CONTROL, /* niceness 0: answers clients, writes the log */
	THREAD_STREAM,  /* 5: has to keep up with the frames, as encoders and motion do */
	THREAD_EXPORT,  /* 10: somebody waits for what it makes */
	THREAD_HOUSEKEEPING, /* 15: nobody does */
};

/* Starts as all zeros and stays where it is until it is joined. */
struct thread {
	pthread_t id;
	bool running; /* started and not joined */

	/* private */
	char name[16];
	enum thread_class class;
	void (*run)(void *data);
	void *data;
};

/* Runs run(data) on a thread of its own, with all signals blocked and THREAD_STACK_BYTES of stack. name: 15 characters
 * at most, for people who look at the process. 0, or -EAGAIN when there is no room for another thread. */
enum { THREAD_STACK_BYTES = 512 * 1024 };
int thread_start(struct thread *thread, const char *name, enum thread_class class, void (*run)(void *data), void *data);

/* Waits until it has ended. One that was never started, or was joined already, is fine. */
void thread_join(struct thread *thread);

/* The same for timeout_ns at most; false: it still runs, and is left as it is. */
bool thread_join_within(struct thread *thread, int64_t timeout_ns);

/* Makes the calling thread one of that class. Threads that it starts later do not inherit a real-time priority. */
void thread_become(enum thread_class class);

#endif
