/*
 * A small event loop over epoll. One loop belongs to one thread; only loop_stop may be called from another thread
 * or a signal handler. Callbacks run on the loop's thread and may add and remove watches, their own too.
 */
#ifndef PASTCAM_BASE_LOOP_H
#define PASTCAM_BASE_LOOP_H

#include <stdint.h>

#include "base/error.h"

struct loop;
struct loop_watch;

/* events: EPOLLIN, EPOLLOUT … as ready now; for a timer, how often it has expired since its last callback. */
typedef void (*loop_callback)(void *data, uint32_t events);

struct loop *loop_create(struct error *error);
void loop_destroy(struct loop *loop); /* removes what is left; closes only the timers' descriptors */

/* Watches fd, which stays the caller's and is to be closed only after loop_remove. NULL, with errno set, when epoll
 * refuses or memory is out. */
struct loop_watch *loop_add(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *data);
int loop_change(struct loop_watch *watch, uint32_t events);
void loop_remove(struct loop_watch *watch); /* NULL is fine */

/* A timer on the monotonic clock, stopped until it is set. NULL, with errno set, like loop_add. */
struct loop_watch *loop_add_timer(struct loop *loop, loop_callback callback, void *data);
/* Fires after delay_ns, then every period_ns (0: once). delay_ns of 0 stops it. Neither may be negative. */
int loop_set_timer(struct loop_watch *timer, int64_t delay_ns, int64_t period_ns);

/* Fires every period_ns (over 0), when the loop has something else to do anyway, and slack_ns (over 0) later at the
 * latest: what has time to wait should not wake a processor. loop_set_timer makes it a timer like others again. */
int loop_set_lazy_timer(struct loop_watch *timer, int64_t period_ns, int64_t slack_ns);

/* Runs callbacks until loop_stop, or returns soon when that was called before. 0, or -errno when epoll itself fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
