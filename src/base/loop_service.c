#include "base/loop_service.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "base/notify.h"

static void on_signal(void *data, uint32_t events)
{
	(void)events;
	loop_stop(data);
}

static void on_watchdog(void *data, uint32_t times)
{
	(void)data;
	(void)times;
	notify_send("WATCHDOG=1");
}

static int watch_signals(struct loop *loop)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd >= 0 && loop_add(loop, fd, EPOLLIN, on_signal, loop) ? 0 : -errno;
}

static int answer_watchdog(struct loop *loop)
{
	int64_t interval_ns = notify_watchdog_interval_ns();
	if (interval_ns == 0)
		return 0;
	struct loop_watch *timer = loop_add_timer(loop, on_watchdog, NULL);
	return timer && loop_set_timer(timer, interval_ns, interval_ns) == 0 ? 0 : -errno;
}

int loop_serve(struct loop *loop, struct error *error)
{
	int result = watch_signals(loop);
	if (result == 0)
		result = answer_watchdog(loop);
	return result < 0 ? error_set_errno(error, result, "cannot watch for signals") : 0;
}
