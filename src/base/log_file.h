/*
 * The log file behind log.h: a thread of its own writes it, so that a slow, full or vanished disk holds up nobody who
 * logs. Lines wait in a fixed queue; when that is full, they are dropped and counted.
 */
#ifndef PASTCAM_BASE_LOG_FILE_H
#define PASTCAM_BASE_LOG_FILE_H

#include <stddef.h>

#include "base/error.h"

enum { LOG_FILE_BYTES = 5 * 1024 * 1024, LOG_FILE_OLD = 3, LOG_FILE_LINE_BYTES = 640 };

/* note: told, on the writer's thread, when the file stops taking lines and when it takes them again. */
typedef void (*log_file_note)(const char *text);

/* Starts the thread, which opens or makes path (mode 0640) for the first line; where that fails it is tried again at
 * each line. -errno only without a thread. */
int log_file_open(const char *path, log_file_note note, struct error *error);

/* Can path be opened, or made, now? Makes nothing. */
int log_file_check(const char *path, struct error *error);

/* Queues a whole line, newline included; never waits for the disk. Does nothing when no file is open. */
void log_file_write(const char *line, size_t bytes);

/* Writes what is queued, for a second at most, and closes. */
void log_file_close(void);

#endif
