/*
 * Time. Everything inside runs on the monotonic clock, in nanoseconds; the wall clock is only for people and is
 * derived when it is needed, because a Pi has no clock chip and its wall clock jumps when the network comes.
 * Pure calls, any thread.
 */
#ifndef PASTCAM_BASE_CLOCK_H
#define PASTCAM_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLOCK_NS_PER_MS = 1000000, CLOCK_NS_PER_US = 1000 };
#define CLOCK_NS_PER_S INT64_C(1000000000)

int64_t clock_now_ns(void);  /* CLOCK_MONOTONIC */
int64_t clock_wall_ns(void); /* CLOCK_REALTIME, nanoseconds since 1970 */
int64_t clock_cpu_ns(void);  /* CLOCK_THREAD_CPUTIME_ID: what the calling thread has used of a processor */

/* The monotonic clock without the times in which this process did not run: stopped, in a debugger, a frozen container,
 * a machine that was suspended. Whoever waits for something that this process or its threads must do themselves goes by
 * it, since a deadline that passed meanwhile is no evidence. Between two readings no more than twice
 * CLOCK_AWAKE_TICK_NS passes, so it must be read that often while somebody waits: camera_poll sees to that
 * (camera/camera.h). The capture thread only. */
#define CLOCK_AWAKE_TICK_NS (50 * CLOCK_NS_PER_MS)
int64_t clock_awake_ns(void);

/* The same on a clock of the caller's: the reading at monotonic_ns. awake starts as all zeros. */
struct clock_awake {
	int64_t last_ns, awake_ns;
};
int64_t clock_awake_step(struct clock_awake *awake, int64_t monotonic_ns);

/* The wall time of a monotonic moment, by the wall clock as it stands now. */
int64_t clock_wall_of(int64_t monotonic_ns);

/* True when the kernel says that the wall clock is disciplined (adjtimex, not TIME_ERROR); where asking is
 * forbidden, when systemd-timesyncd says so. */
bool clock_is_synchronised(void);

/* Local time as strftime format; text gets at least "" always. The second is the one that wall_ns is in, before 1970
 * too. */
void clock_format_local(int64_t wall_ns, const char *format, char *text, size_t bytes);

/* ISO 8601 in UTC with milliseconds: 2026-11-26T10:15:00.123Z. */
enum { CLOCK_ISO_BYTES = 40 };
void clock_format_iso(int64_t wall_ns, char text[CLOCK_ISO_BYTES]);

/* 0 to 999: how far the second of clock_format_local has gone. */
int clock_millisecond(int64_t wall_ns);

/* True where the clocks have just been put back: local time reads as it did up to three hours before. */
bool clock_is_repeated(int64_t wall_ns);

/* Takes over the system's time zone if it has changed since the last call (timedatectl set-timezone), for all threads.
 * It looks at a file: not for the capture thread. A zone in $TZ stays as it was at the start. */
void clock_follow_zone(void);

#endif
