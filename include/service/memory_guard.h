/*
 * The memory guard: watches the process's own memory and the machine's swap, and remembers across restarts that memory
 * ran out, so that the next start takes a smaller ring. On the capture thread.
 */
#ifndef PASTCAM_SERVICE_MEMORY_GUARD_H
#define PASTCAM_SERVICE_MEMORY_GUARD_H

#include <stdint.h>

/* What the ring may take after earlier exits for memory: 1, then three quarters for each exit in a row. folder: the
 * runtime folder, which a reboot empties; NULL: nothing is remembered. An exit longer ago than a day is forgotten. */
double memory_guard_shrink(const char *folder);

/* Remembers an exit for memory. 0 or -errno. */
int memory_guard_note_exit(const char *folder);

/* $RUNTIME_DIRECTORY, which systemd sets, else $XDG_RUNTIME_DIR, else NULL. */
const char *memory_guard_folder(void);

/* What high swap asks of capture: 0 as usual; over 70 % a frame every 1.5 s at most; over 85 % none (INT64_MAX). */
int64_t memory_guard_pace_ns(double swap_percent);

#endif
