#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
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

int64_t clock_cpu_ns(void)
{
	return clock_read(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_awake_step(struct clock_awake *awake, int64_t monotonic_ns)
{
	const int64_t most_ns = 2 * CLOCK_AWAKE_TICK_NS;
	int64_t step_ns = monotonic_ns - awake->last_ns;
	awake->awake_ns += awake->last_ns == 0 || step_ns < most_ns ? step_ns : most_ns;
	awake->last_ns = monotonic_ns;
	return awake->awake_ns;
}

int64_t clock_awake_ns(void)
{
	static struct clock_awake awake;
	return clock_awake_step(&awake, clock_now_ns());
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

_Static_assert(sizeof(time_t) == sizeof(int64_t) && sizeof(off_t) == sizeof(int64_t),
               "build with -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64: pictures are dated after 2038");

/* Rounds down, so that times before 1970 name the second they are in. */
static time_t second_of(int64_t wall_ns)
{
	return wall_ns / CLOCK_NS_PER_S - (wall_ns % CLOCK_NS_PER_S < 0);
}

int clock_millisecond(int64_t wall_ns)
{
	return (int)((wall_ns - second_of(wall_ns) * CLOCK_NS_PER_S) / CLOCK_NS_PER_MS);
}

/* Of local time from UTC, seconds. */
static long offset_at(time_t second)
{
	struct tm local = { 0 };
	localtime_r(&second, &local);
	return local.tm_gmtoff;
}

bool clock_is_repeated(int64_t wall_ns)
{
	const time_t now = second_of(wall_ns), long_before = now - 3 * 3600;
	long before_offset = offset_at(long_before), put_back = before_offset - offset_at(now);
	return put_back > 0 && put_back <= now - long_before && offset_at(now - put_back) == before_offset;
}

void clock_follow_zone(void)
{
	/* Without TZ, glibc reads the file anew when it is another one. */
	if (!getenv("TZ"))
		tzset();
}

void clock_format_iso(int64_t wall_ns, char text[CLOCK_ISO_BYTES])
{
	struct tm utc;
	time_t seconds = second_of(wall_ns);
	char second[CLOCK_ISO_BYTES - 8] = "";
	if (gmtime_r(&seconds, &utc))
		strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, CLOCK_ISO_BYTES, "%s.%03dZ", second, clock_millisecond(wall_ns));
}

void clock_format_local(int64_t wall_ns, const char *format, char *text, size_t bytes)
{
	time_t seconds = second_of(wall_ns);
	struct tm local;
	if (!localtime_r(&seconds, &local) || strftime(text, bytes, format, &local) == 0)
		text[0] = '\0';
}
