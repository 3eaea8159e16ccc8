#include "base/thread.h"

#include <assert.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "base/clock.h"

enum { CAPTURE_NICENESS = -10, JOIN_LOOK_NS = CLOCK_NS_PER_MS };

static const int niceness[] = {
	[THREAD_CAPTURE] = CAPTURE_NICENESS, [THREAD_CONTROL] = 0, [THREAD_STREAM] = 5, [THREAD_EXPORT] = 10,
	[THREAD_HOUSEKEEPING] = 15,
};

static bool become_real_time(void)
{
	const struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_RR) };
	/* On Linux 0 is the calling thread. What a camera's library starts later must not run ahead of everything too. */
	return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0;
}

void thread_become(enum thread_class class)
{
	if (class == THREAD_CAPTURE && become_real_time())
		return;
	/* On Linux this is the calling thread's own. A refusal leaves it as it is, which does no harm. */
	if (class == THREAD_CAPTURE || getpriority(PRIO_PROCESS, 0) < niceness[class])
		setpriority(PRIO_PROCESS, 0, niceness[class]);
}

static void *begin(void *data)
{
	struct thread *thread = data;
	pthread_setname_np(pthread_self(), thread->name);
	thread_become(thread->class);
	thread->run(thread->data);
	return NULL;
}

/* Signals are blocked around the start, so that the new thread never has one open. */
static int create(struct thread *thread)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int code = pthread_attr_init(&attributes);
	if (code != 0)
		return -code;
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&thread->id, &attributes, begin, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -code;
}

int thread_start(struct thread *thread, const char *name, enum thread_class class, void (*run)(void *data), void *data)
{
	assert(!thread->running);
	snprintf(thread->name, sizeof thread->name, "%s", name);
	thread->class = class;
	thread->run = run;
	thread->data = data;
	int result = create(thread);
	thread->running = result == 0;
	return result;
}

void thread_join(struct thread *thread)
{
	if (!thread->running)
		return;
	pthread_join(thread->id, NULL);
	thread->running = false;
}

bool thread_join_within(struct thread *thread, int64_t timeout_ns)
{
	const int64_t deadline_ns = clock_now_ns() + timeout_ns;
	while (thread->running) {
		if (pthread_tryjoin_np(thread->id, NULL) == 0)
			thread->running = false;
		else if (clock_now_ns() >= deadline_ns)
			return false;
		else
			nanosleep(&(struct timespec){ .tv_nsec = JOIN_LOOK_NS }, NULL);
	}
	return true;
}
