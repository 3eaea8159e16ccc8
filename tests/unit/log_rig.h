/* The log with a folder for its file, and stderr in a file beside it. */
#ifndef PASTCAM_TEST_LOG_RIG_H
#define PASTCAM_TEST_LOG_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

static char folder[64], file[128], captured[128];
static int real_stderr;

static inline int make_folder(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/pastcam-log-XXXXXX", base && strlen(base) < 32 ? base : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	snprintf(file, sizeof file, "%s/log", folder);
	snprintf(captured, sizeof captured, "%s/stderr", folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	const char *const names[] = { "log", "log.1", "log.2", "log.3", "stderr" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[160];
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

static inline void replace_stderr(int fd)
{
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
}

static inline void restore_stderr(void)
{
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
}

static inline void capture_stderr(void)
{
	int fd = open(captured, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	replace_stderr(fd);
	close(fd);
}

/* The last bytes of a file, terminated. */
static inline const char *tail(const char *path)
{
	static char text[65536];
	text[0] = '\0';
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		return text;
	off_t size = lseek(fd, 0, SEEK_END);
	lseek(fd, size > 65535 ? size - 65535 : 0, SEEK_SET);
	ssize_t bytes = read(fd, text, sizeof text - 1);
	text[bytes > 0 ? bytes : 0] = '\0';
	close(fd);
	return text;
}

static inline const char *captured_stderr(void)
{
	restore_stderr();
	return tail(captured);
}

static inline int count_of(const char *text, const char *part)
{
	int count = 0;
	for (const char *found = strstr(text, part); found; found = strstr(found + 1, part))
		count++;
	return count;
}

static inline void open_log(enum log_level level, const char *path)
{
	struct log_params params = { .level = level, .file = path };
	assert_int_equal(log_open(&params, NULL), 0);
}

#endif
