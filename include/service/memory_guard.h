/*
 * The memory guard: watches the process's own memory and how short the machine is of it, and remembers across restarts
 * that memory ran out, so that the next start takes a smaller ring. On the capture thread.
 */
#ifndef PASTCAM_SERVICE_MEMORY_GUARD_H
#define PASTCAM_SERVICE_MEMORY_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

/* What the ring may take after earlier exits for memory: 1, then three quarters for each exit in a row. folder: the
 * runtime folder, which a reboot empties; NULL: nothing is remembered. An exit longer ago than a day is forgotten. */
double memory_guard_shrink(const char *folder);

/* Remembers an exit for memory. 0 or -errno. */
int memory_guard_note_exit(const char *folder);

/* $RUNTIME_DIRECTORY, which systemd sets, else $XDG_RUNTIME_DIR, else NULL. */
const char *memory_guard_folder(void);

/* How short of memory the machine, or the cgroup, is. What counts is that little is available and that others wait for
 * it (PSI) or that it is swapped to and fro: swap that is full and left alone harms nobody.
 *
 * MEMORY_TIGHT: below a tenth is available, and everything waits for memory for 10 % of the time or more than 1 MiB a
 * second goes through swap; or below a hundredth is available, whatever else. MEMORY_THRASHING: below a tenth, and 30 %
 * or 8 MiB a second. What is not known speaks for neither. A level is left when none as bad was read for 15 s. */
enum memory_level { MEMORY_ENOUGH, MEMORY_TIGHT, MEMORY_THRASHING };
enum { MEMORY_GUARD_EVERY_S = 3 };

struct memory_guard { /* starts as all zeros */
	enum memory_level level;
	int64_t as_bad_ns; /* when the level was read last */
	uint64_t swapped;  /* as read last */
	int64_t read_ns;
	char why[160]; /* in words, for level; "" for MEMORY_ENOUGH */
};

/* Takes a reading in; true when the level changed. */
bool memory_guard_read(struct memory_guard *guard, const struct memory_pressure *machine,
                       const struct memory_cgroup *cgroup, int64_t now_ns);

/* What the level asks of capture: 0 as usual; a frame every 1.5 s at most; none (INT64_MAX). */
int64_t memory_guard_pace_ns(enum memory_level level);

#endif
