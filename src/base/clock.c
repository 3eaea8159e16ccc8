#include "base/clock.h"

#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_read(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

int64_t clock_now_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_wall_of(int64_t monotonic_ns)
{
	return clock_wall_ns() - (clock_now_ns() - monotonic_ns);
}

/* systemd-timesyncd makes it when it has set the clock; it goes with the next boot. */
static const char timesync_file[] = "/run/systemd/timesync/synchronized";

bool clock_is_synchronised(void)
{
	struct timex state = { .modes = 0 };
	int result = adjtimex(&state);
	if (result < 0) /* forbidden by the service's system call filter, even asking */
		return access(timesync_file, F_OK) == 0;
	return result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC);
}

void clock_format_local(int64_t wall_ns, const char *format, char *text, size_t bytes)
{
	/* Rounds down, so that times before 1970 name the second they are in. */
	time_t seconds = (time_t)(wall_ns / CLOCK_NS_PER_S - (wall_ns % CLOCK_NS_PER_S < 0));
	struct tm local;
	if (!localtime_r(&seconds, &local) || strftime(text, bytes, format, &local) == 0)
		text[0] = '\0';
}
