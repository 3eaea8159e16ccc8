/*
 * Log lines to stderr, with journald's <N> priority prefixes when stderr is the journal and a local time
 * otherwise, and optionally to a file rotated at 5 MiB, three old ones kept (file.1, the newest, to file.3).
 * Any thread may log. Nothing here allocates after log_open, and no caller waits: a line for which stderr has no room
 * now is dropped and counted there; the file has a thread and a queue of its own, and a full or vanished disk is noted
 * on stderr once. The process should ignore SIGPIPE.
 */
#ifndef PASTCAM_BASE_LOG_H
#define PASTCAM_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_params {
	enum log_level level;
	const char *file; /* path; NULL or "" means stderr only */
};

/* Before log_open, lines of level INFO and above go to stderr. A file that cannot be opened now is opened when it can
 * be; until then its lines are dropped, counted, and that is noted on stderr and in log_recent. -errno when there can
 * be no thread for the file: the rest of the log works all the same. */
int log_open(const struct log_params *params, struct error *error);
int log_check(const struct log_params *params, struct error *error); /* can the file be written now? -errno else */
void log_close(void); /* the file's waiting lines are written, for a second at most */

/* Cut at LOG_LINE_BYTES - 1; valid UTF-8, whatever was given; control characters become `?`. Keeps errno. */
__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *format, ...);
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* A fault that lasts: one line (an error) when it begins, one (information) when it ends, however often it is reported
 * in between. Starts as all zeros. One thread per fault. */
struct log_fault {
	bool active;
	int64_t since_ns;
	uint64_t times; /* reports since it began */
};

__attribute__((format(printf, 2, 3))) void log_fault_begin(struct log_fault *fault, const char *format, ...);
__attribute__((format(printf, 2, 3))) void log_fault_end(struct log_fault *fault, const char *format, ...);

/* The last warnings and errors, newest first, for `status`. Returns how many were copied. */
enum { LOG_RECENT_COUNT = 5, LOG_LINE_BYTES = 512 };
struct log_line {
	int64_t wall_ns;
	enum log_level level;
	char text[LOG_LINE_BYTES];
};
size_t log_recent(struct log_line *lines, size_t count);

/* --- following the log: the last LOG_KEPT lines of any level that is logged; any thread --- */

enum { LOG_KEPT = 256 };
size_t log_kept_bytes(void); /* what they take when there are that many, for the memory budget */

/* The cursor that sees only what is still to come: lines are numbered from 1. */
uint64_t log_follow_end(void);

/* Copies the line at *cursor (1 and up) and moves on: true, with *lost 0. Where lines from there on are overwritten it
 * only moves past them: true, with their number in *lost. False: all is read. */
bool log_follow_read(uint64_t *cursor, struct log_line *line, uint64_t *lost);

/* For the one thread that serves all who follow: readable when something was logged since the last
 * log_follow_acknowledge. Made with the first call and kept; -1, with errno set, when there can be none. */
int log_follow_fd(void);
void log_follow_acknowledge(void);

#endif
