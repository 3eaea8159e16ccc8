#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/thread.h"

enum { LOG_FILE_QUEUE = 128, LOG_FILE_CLOSE_S = 1 };

struct log_file_line {
	size_t bytes;
	char text[LOG_FILE_LINE_BYTES];
};

static struct {
	struct mailbox *lines; /* made once and never destroyed: somebody may log while the file closes */
	atomic_bool open, closing;
	struct thread thread;

	/* The writer's own. */
	int fd;
	off_t size;
	bool failing;
	uint64_t unwritten, refused_before; /* lines that the disk did not take, or that found the mailbox full */
	char path[PATH_MAX];
	log_file_note note;
} log_file = { .fd = -1 };

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

static void close_file(void)
{
	if (log_file.fd >= 0)
		close(log_file.fd);
	log_file.fd = -1;
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

static void note_failure(int result)
{
	char text[PATH_MAX + 128], words[96];
	if (!log_file.failing) {
		snprintf(text, sizeof text, "cannot write the log file %s, lines are dropped until it works again: %s",
		         log_file.path, strerror_r(-result, words, sizeof words));
		log_file.note(text);
	}
	log_file.failing = true;
	log_file.unwritten++;
}

/* When all that waited is written, so that an overflow is told once, with its whole number. */
static void note_recovery(void)
{
	char text[PATH_MAX + 128];
	const uint64_t refused = mailbox_refused(log_file.lines);
	const uint64_t dropped = log_file.unwritten + refused - log_file.refused_before;
	if (dropped == 0)
		return;
	snprintf(text, sizeof text, "the log file %s works again, %" PRIu64 " lines were dropped", log_file.path, dropped);
	log_file.note(text);
	log_file.failing = false;
	log_file.unwritten = 0;
	log_file.refused_before = refused;
}

static void run(void *unused)
{
	(void)unused;
	struct log_file_line line;
	for (;;) {
		int result = -ENODATA;
		while (mailbox_take(log_file.lines, &line)) {
			result = log_file_append(&line);
			if (result < 0)
				note_failure(result);
		}
		if (result == 0)
			note_recovery();
		if (atomic_load(&log_file.closing))
			return;
		mailbox_wait(log_file.lines);
	}
}

/* The folder must let a file be made, where there is none yet. */
static int check_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : slash ? (int)(slash - path) : 1, slash ? path : ".");
	return access(folder, W_OK | X_OK) < 0 ? -errno : 0;
}

int log_file_check(const char *path, struct error *error)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int result = fd >= 0 ? 0 : errno == ENOENT ? check_folder(path) : -errno;
	if (fd >= 0)
		close(fd);
	return result < 0 ? error_set_errno(error, result, "logging.file: cannot write %s", path) : 0;
}

int log_file_open(const char *path, log_file_note note, struct error *error)
{
	if (strlen(path) >= sizeof log_file.path)
		return error_set(error, -ENAMETOOLONG, "logging.file: the path is longer than %d bytes", PATH_MAX - 1);
	if (!log_file.lines)
		log_file.lines = mailbox_create(LOG_FILE_QUEUE, sizeof(struct log_file_line), error);
	if (!log_file.lines)
		return -ENOMEM;
	strcpy(log_file.path, path);
	log_file.note = note;
	log_file.failing = false;
	log_file.unwritten = 0;
	log_file.refused_before = mailbox_refused(log_file.lines);
	atomic_store(&log_file.closing, false);
	int result = thread_start(&log_file.thread, "log", THREAD_CONTROL, run, NULL);
	if (result < 0)
		return error_set_errno(error, result, "logging.file: cannot start the thread that writes %s", path);
	atomic_store(&log_file.open, true);
	return 0;
}

void log_file_write(const char *text, size_t bytes)
{
	struct log_file_line line = { .bytes = bytes };
	if (!atomic_load(&log_file.open) || bytes > sizeof line.text)
		return;
	memcpy(line.text, text, bytes);
	mailbox_put(log_file.lines, &line);
}

void log_file_close(void)
{
	if (!atomic_exchange(&log_file.open, false))
		return;
	atomic_store(&log_file.closing, true);
	mailbox_wake(log_file.lines);
	/* A writer that hangs in a dead disk is left behind: the process is about to end. */
	if (!thread_join_within(&log_file.thread, LOG_FILE_CLOSE_S * CLOCK_NS_PER_S))
		return;
	close_file();
}
