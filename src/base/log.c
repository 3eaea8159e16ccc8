#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "log_file.h"
#include "log_ring.h"

static atomic_int log_level = LOG_LEVEL_INFO;
static atomic_int journal = -1; /* stderr is the journal; -1: not looked yet */

static struct {
	pthread_mutex_t lock;
	struct log_line lines[LOG_RECENT_COUNT];
	uint64_t count; /* ever */
} log_last = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct {
	pthread_mutex_t lock;
	uint64_t dropped;
} log_stderr = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *const level_names[] = { "ERROR", "WARNING", "INFO", "DEBUG" };
static const int priorities[] = { 3, 4, 6, 7 }; /* of syslog(3) */

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;
	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0 &&
	       status.st_dev == (dev_t)device && status.st_ino == (ino_t)inode;
}

static size_t local_line(char *line, size_t bytes, int64_t wall_ns, enum log_level level, const char *text)
{
	char when[32];
	clock_format_local(wall_ns, "%Y-%m-%d %H:%M:%S", when, sizeof when);
	int length = snprintf(line, bytes, "%s.%03d %-7s %s\n", when, clock_millisecond(wall_ns), level_names[level], text);
	return (size_t)length < bytes ? (size_t)length : bytes - 1;
}

/* A reader of stderr that has stopped reading must not stop whoever logs: a line that the pipe has no room for now is
 * dropped. poll tells, since making stderr non-blocking would change it for every process that shares it. Our lines are
 * shorter than PIPE_BUF, so what poll promises holds for the whole line. */
static bool stderr_takes(const char *line, size_t bytes)
{
	struct pollfd state = { .fd = STDERR_FILENO, .events = POLLOUT };
	return poll(&state, 1, 0) == 1 && state.revents == POLLOUT && write(STDERR_FILENO, line, bytes) == (ssize_t)bytes;
}

static void to_stderr(int64_t wall_ns, enum log_level level, const char *text)
{
	char line[LOG_FILE_LINE_BYTES];
	size_t length;
	if (journal < 0)
		journal = stderr_is_journal();
	if (journal)
		length = (size_t)snprintf(line, sizeof line, "<%d>%s\n", priorities[level], text);
	else
		length = local_line(line, sizeof line, wall_ns, level, text);

	pthread_mutex_lock(&log_stderr.lock);
	if (log_stderr.dropped > 0) {
		char lost[64];
		int bytes = snprintf(lost, sizeof lost, "%s%llu lines were dropped here\n", journal ? "<4>" : "",
		                     (unsigned long long)log_stderr.dropped);
		if (stderr_takes(lost, (size_t)bytes))
			log_stderr.dropped = 0;
	}
	if (log_stderr.dropped > 0 || !stderr_takes(line, length))
		log_stderr.dropped++;
	pthread_mutex_unlock(&log_stderr.lock);
}

static void remember(int64_t wall_ns, enum log_level level, const char *text)
{
	pthread_mutex_lock(&log_last.lock);
	struct log_line *line = &log_last.lines[log_last.count++ % LOG_RECENT_COUNT];
	line->wall_ns = wall_ns;
	line->level = level;
	strcpy(line->text, text);
	pthread_mutex_unlock(&log_last.lock);
}

static void note(const char *text)
{
	char cut[LOG_LINE_BYTES];
	snprintf(cut, sizeof cut, "%s", text);
	utf8_repair(cut);
	int64_t wall_ns = clock_wall_ns();
	log_ring_put(wall_ns, LOG_LEVEL_WARNING, cut);
	remember(wall_ns, LOG_LEVEL_WARNING, cut);
	to_stderr(wall_ns, LOG_LEVEL_WARNING, cut);
}

int log_check(const struct log_params *params, struct error *error)
{
	return params->file && params->file[0] ? log_file_check(params->file, error) : 0;
}

int log_open(const struct log_params *params, struct error *error)
{
	tzset();
	log_level = params->level;
	journal = stderr_is_journal();
	if (!params->file || params->file[0] == '\0')
		return 0;
	return log_file_open(params->file, note, error);
}

void log_close(void)
{
	log_file_close();
}

/* What strangers send may be in it: one line stays one line, and no terminal is told what to do. U+0080 to U+009F are
 * controls too, in two bytes. */
static void replace_controls(char *text)
{
	for (char *byte = text; *byte; byte++) {
		bool is_c1 = (unsigned char)byte[0] == 0xc2 && (unsigned char)byte[1] < 0xa0;
		if ((unsigned char)*byte < ' ' || *byte == 0x7f || is_c1)
			*byte = '?';
		if (is_c1)
			byte[1] = '?';
	}
}

static void log_line(enum log_level level, const char *format, va_list arguments)
{
	if ((int)level > log_level)
		return;
	int saved = errno;
	char text[LOG_LINE_BYTES], line[LOG_FILE_LINE_BYTES];
	vsnprintf(text, sizeof text, format, arguments);
	utf8_repair(text);
	replace_controls(text);
	int64_t wall_ns = clock_wall_ns();
	log_ring_put(wall_ns, level, text);
	if (level <= LOG_LEVEL_WARNING)
		remember(wall_ns, level, text);
	to_stderr(wall_ns, level, text);
	log_file_write(line, local_line(line, sizeof line, wall_ns, level, text));
	errno = saved;
}

void log_write(enum log_level level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	log_line(level, format, arguments);
	va_end(arguments);
}

void log_fault_begin(struct log_fault *fault, const char *format, ...)
{
	fault->times++;
	if (fault->active)
		return;
	fault->active = true;
	fault->since_ns = clock_now_ns();
	fault->times = 1;
	va_list arguments;
	va_start(arguments, format);
	log_line(LOG_LEVEL_ERROR, format, arguments);
	va_end(arguments);
}

void log_fault_end(struct log_fault *fault, const char *format, ...)
{
	if (!fault->active)
		return;
	fault->active = false;
	char text[LOG_LINE_BYTES];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	double seconds = (double)(clock_now_ns() - fault->since_ns) / (double)CLOCK_NS_PER_S;
	log_info("%s (after %.1f s, reported %llu times)", text, seconds, (unsigned long long)fault->times);
}

size_t log_recent(struct log_line *lines, size_t count)
{
	pthread_mutex_lock(&log_last.lock);
	size_t kept = log_last.count < LOG_RECENT_COUNT ? (size_t)log_last.count : LOG_RECENT_COUNT;
	if (count > kept)
		count = kept;
	for (size_t i = 0; i < count; i++)
		lines[i] = log_last.lines[(log_last.count - 1 - i) % LOG_RECENT_COUNT];
	pthread_mutex_unlock(&log_last.lock);
	return count;
}
