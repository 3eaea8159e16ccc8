#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOG_FILE_QUEUE = 128, LOG_FILE_CLOSE_S = 1 };

struct log_file_line {
	size_t bytes;
	char text[LOG_FILE_LINE_BYTES];
};

static struct {
	pthread_mutex_t lock; /* guards the queue and the flags */
	pthread_cond_t changed;
	struct log_file_line queue[LOG_FILE_QUEUE];
	size_t first, count;
	uint64_t dropped;
	bool open, closing, finished;
	pthread_t thread;

	/* The writer's own, without the lock. */
	int fd;
	off_t size;
	bool failing;
	char path[PATH_MAX];
	log_file_note note;
} log_file = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .fd = -1 };

static int reopen(int flags)
{
	if (log_file.fd >= 0)
		close(log_file.fd);
	log_file.fd = open(log_file.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags, 0640);
	struct stat status;
	if (log_file.fd < 0 || fstat(log_file.fd, &status) < 0)
		return -errno;
	log_file.size = status.st_size;
	return 0;
}

static int rotate(void)
{
	for (int i = LOG_FILE_OLD; i > 0; i--) {
		char from[PATH_MAX + 16], to[PATH_MAX + 16];
		snprintf(from, sizeof from, i > 1 ? "%s.%d" : "%s", log_file.path, i - 1);
		snprintf(to, sizeof to, "%s.%d", log_file.path, i);
		rename(from, to);
	}
	/* Where the folder forbids the renaming, the file starts over rather than grow without end. */
	return reopen(O_TRUNC);
}

/* The file is the one that the path names: not deleted, not renamed, its disk not unmounted. */
static bool in_place(void)
{
	struct stat named, opened;
	return log_file.fd >= 0 && stat(log_file.path, &named) == 0 && fstat(log_file.fd, &opened) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

static int log_file_append(const struct log_file_line *line)
{
	int result = 0;
	if (!in_place())
		result = reopen(0);
	if (result == 0 && log_file.size + (off_t)line->bytes > LOG_FILE_BYTES)
		result = rotate();
	if (result < 0)
		return result;
	ssize_t written = write(log_file.fd, line->text, line->bytes);
	if (written == (ssize_t)line->bytes) {
		log_file.size += written;
		return 0;
	}
	result = written < 0 ? -errno : -ENOSPC;
	if (written > 0 && ftruncate(log_file.fd, log_file.size) < 0)
		log_file.size += written;
	return result;
}

/* What was dropped, once the queue is all but empty; 0 before. */
static uint64_t take_dropped(void)
{
	pthread_mutex_lock(&log_file.lock);
	uint64_t dropped = log_file.count <= 1 ? log_file.dropped : 0;
	log_file.dropped -= dropped;
	pthread_mutex_unlock(&log_file.lock);
	return dropped;
}

static void report(int result)
{
	char text[PATH_MAX + 128];
	if (result < 0) {
		if (!log_file.failing) {
			char words[96];
			snprintf(text, sizeof text, "cannot write the log file %s, lines are dropped until it works again: %s",
			         log_file.path, strerror_r(-result, words, sizeof words));
			log_file.note(text);
		}
		log_file.failing = true;
		return;
	}
	uint64_t dropped = take_dropped();
	if (dropped > 0) {
		snprintf(text, sizeof text, "the log file %s works again, %llu lines were dropped", log_file.path,
		         (unsigned long long)dropped);
		log_file.note(text);
		log_file.failing = false;
	}
}

static void *run(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&log_file.lock);
	for (;;) {
		while (log_file.count == 0 && !log_file.closing)
			pthread_cond_wait(&log_file.changed, &log_file.lock);
		if (log_file.count == 0)
			break;
		struct log_file_line *line = &log_file.queue[log_file.first];
		pthread_mutex_unlock(&log_file.lock);
		int result = log_file_append(line);
		report(result);
		pthread_mutex_lock(&log_file.lock);
		if (result < 0)
			log_file.dropped++;
		log_file.first = (log_file.first + 1) % LOG_FILE_QUEUE;
		log_file.count--;
	}
	log_file.finished = true;
	pthread_cond_signal(&log_file.changed);
	pthread_mutex_unlock(&log_file.lock);
	return NULL;
}

int log_file_open(const char *path, log_file_note note, struct error *error)
{
	if (strlen(path) >= sizeof log_file.path)
		return error_set(error, -ENAMETOOLONG, "logging.file: the path is longer than %d bytes", PATH_MAX - 1);
	strcpy(log_file.path, path);
	log_file.note = note;
	log_file.failing = false;
	log_file.dropped = 0;
	int result = reopen(0);
	if (result < 0)
		return error_set_errno(error, result, "logging.file: cannot open %s for writing", path);
	log_file.closing = log_file.finished = false;
	result = -pthread_create(&log_file.thread, NULL, run, NULL);
	if (result < 0) {
		close(log_file.fd);
		log_file.fd = -1;
		return error_set_errno(error, result, "logging.file: cannot start the thread that writes %s", path);
	}
	log_file.open = true;
	return 0;
}

void log_file_write(const char *line, size_t bytes)
{
	pthread_mutex_lock(&log_file.lock);
	if (log_file.open && log_file.count < LOG_FILE_QUEUE && bytes <= LOG_FILE_LINE_BYTES) {
		struct log_file_line *slot = &log_file.queue[(log_file.first + log_file.count++) % LOG_FILE_QUEUE];
		slot->bytes = bytes;
		memcpy(slot->text, line, bytes);
		pthread_cond_signal(&log_file.changed);
	} else if (log_file.open) {
		log_file.dropped++;
	}
	pthread_mutex_unlock(&log_file.lock);
}

void log_file_close(void)
{
	struct timespec deadline;
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += LOG_FILE_CLOSE_S;

	pthread_mutex_lock(&log_file.lock);
	bool was_open = log_file.open;
	log_file.open = false;
	log_file.closing = true;
	pthread_cond_signal(&log_file.changed);
	int result = 0;
	while (was_open && !log_file.finished && result == 0)
		result = pthread_cond_clockwait(&log_file.changed, &log_file.lock, CLOCK_MONOTONIC, &deadline);
	bool hangs = !log_file.finished;
	pthread_mutex_unlock(&log_file.lock);
	/* A writer that hangs in a dead disk is left behind: the process is about to end. */
	if (!was_open || hangs)
		return;
	pthread_join(log_file.thread, NULL);
	close(log_file.fd);
	log_file.fd = -1;
}
