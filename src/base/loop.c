#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { LOOP_BATCH = 32 };

struct loop_watch {
	struct loop *loop;
	struct loop_watch *next, *previous;
	int fd;
	bool is_timer;
	int64_t due_ns, period_ns, slack_ns; /* of a lazy timer; slack_ns is 0 of others */
	loop_callback callback;              /* NULL once removed */
	void *data;
};

struct loop {
	int epoll, stop;
	bool dispatching;
	struct loop_watch *watches;
	struct loop_watch *removed; /* freed when no event of the batch can point at them any more */
};

struct loop *loop_create(struct error *error)
{
	struct loop *loop = calloc(1, sizeof *loop);
	if (!loop) {
		error_set(error, -ENOMEM, "no memory for an event loop");
		return NULL;
	}
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	if (loop->epoll < 0 || loop->stop < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->stop, &event) < 0) {
		error_set_errno(error, -errno, "cannot make an event loop");
		loop_destroy(loop);
		return NULL;
	}
	return loop;
}

static void free_removed(struct loop *loop)
{
	while (loop->removed) {
		struct loop_watch *watch = loop->removed;
		loop->removed = watch->next;
		free(watch);
	}
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->watches)
		loop_remove(loop->watches);
	free_removed(loop);
	if (loop->epoll >= 0)
		close(loop->epoll);
	if (loop->stop >= 0)
		close(loop->stop);
	free(loop);
}

struct loop_watch *loop_add(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *data)
{
	assert(callback);
	struct loop_watch *watch = malloc(sizeof *watch);
	if (!watch)
		return NULL;
	*watch = (struct loop_watch){ .loop = loop, .next = loop->watches, .fd = fd, .callback = callback, .data = data };
	struct epoll_event event = { .events = events, .data.ptr = watch };
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(watch);
		return NULL;
	}
	if (loop->watches)
		loop->watches->previous = watch;
	loop->watches = watch;
	return watch;
}

int loop_change(struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };
	return epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) < 0 ? -errno : 0;
}

void loop_remove(struct loop_watch *watch)
{
	if (!watch)
		return;
	struct loop *loop = watch->loop;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	if (watch->is_timer)
		close(watch->fd);
	if (watch->previous)
		watch->previous->next = watch->next;
	else
		loop->watches = watch->next;
	if (watch->next)
		watch->next->previous = watch->previous;

	watch->callback = NULL;
	watch->next = loop->removed;
	loop->removed = watch;
	if (!loop->dispatching)
		free_removed(loop);
}

struct loop_watch *loop_add_timer(struct loop *loop, loop_callback callback, void *data)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return NULL;
	struct loop_watch *timer = loop_add(loop, fd, EPOLLIN, callback, data);
	if (!timer) {
		close(fd);
		return NULL;
	}
	timer->is_timer = true;
	return timer;
}

static struct timespec loop_timespec(int64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / CLOCK_NS_PER_S), .tv_nsec = (long)(ns % CLOCK_NS_PER_S) };
}

int loop_set_timer(struct loop_watch *timer, int64_t delay_ns, int64_t period_ns)
{
	assert(timer->is_timer && delay_ns >= 0 && period_ns >= 0);
	timer->slack_ns = 0;
	struct itimerspec when = { .it_value = loop_timespec(delay_ns), .it_interval = loop_timespec(period_ns) };
	return timerfd_settime(timer->fd, 0, &when, NULL) < 0 ? -errno : 0;
}

/* It wakes the loop only when nothing else has done so within slack_ns. */
static int arm_lazy(struct loop_watch *timer, int64_t now_ns)
{
	struct itimerspec when = { .it_value = loop_timespec(timer->due_ns + timer->slack_ns - now_ns) };
	return timerfd_settime(timer->fd, 0, &when, NULL) < 0 ? -errno : 0;
}

int loop_set_lazy_timer(struct loop_watch *timer, int64_t period_ns, int64_t slack_ns)
{
	assert(timer->is_timer && period_ns > 0 && slack_ns > 0);
	const int64_t now_ns = clock_now_ns();
	timer->due_ns = now_ns + period_ns;
	timer->period_ns = period_ns;
	timer->slack_ns = slack_ns;
	return arm_lazy(timer, now_ns);
}

static struct loop_watch *due_lazy_timer(const struct loop *loop, int64_t now_ns)
{
	for (struct loop_watch *watch = loop->watches; watch; watch = watch->next)
		if (watch->slack_ns > 0 && watch->due_ns <= now_ns)
			return watch;
	return NULL;
}

static void run_lazy_timers(struct loop *loop)
{
	const int64_t now_ns = clock_now_ns();
	struct loop_watch *timer;
	while ((timer = due_lazy_timer(loop, now_ns))) {
		timer->due_ns += timer->period_ns;
		if (timer->due_ns <= now_ns) /* what was missed is not made up for */
			timer->due_ns = now_ns + timer->period_ns;
		arm_lazy(timer, now_ns);
		timer->callback(timer->data, 1);
	}
}

static void dispatch(struct loop_watch *watch, uint32_t events)
{
	if (!watch->callback)
		return;
	if (watch->is_timer) {
		uint64_t times;
		/* An earlier callback of this batch may have set the timer anew: then nothing can be read. */
		if (read(watch->fd, &times, sizeof times) != sizeof times)
			return;
		if (watch->slack_ns > 0)
			return; /* it has woken the loop: run_lazy_timers runs it */
		events = times > UINT32_MAX ? UINT32_MAX : (uint32_t)times;
	}
	watch->callback(watch->data, events);
}

int loop_run(struct loop *loop)
{
	bool stopping = false;
	while (!stopping) {
		struct epoll_event events[LOOP_BATCH];
		int count = epoll_wait(loop->epoll, events, LOOP_BATCH, -1);
		if (count < 0 && errno != EINTR)
			return -errno;
		loop->dispatching = true;
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr) {
				dispatch(events[i].data.ptr, events[i].events);
			} else {
				eventfd_t ignored;
				eventfd_read(loop->stop, &ignored);
				stopping = true;
			}
		}
		run_lazy_timers(loop);
		loop->dispatching = false;
		free_removed(loop);
	}
	return 0;
}

void loop_stop(struct loop *loop)
{
	int saved = errno; /* for signal handlers */
	eventfd_write(loop->stop, 1);
	errno = saved;
}
