/* A folder of pictures with made-up times, and retention passes over it on a clock of the test's own. */
#ifndef PASTCAM_TEST_RETENTION_RIG_H
#define PASTCAM_TEST_RETENTION_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "export/export.h"
#include "export/retention.h"
#include "export/retention_pass.h"

#define S CLOCK_NS_PER_S
#define HOUR_NS (3600 * S)
#define DAY_NS (24 * HOUR_NS)
#define MIB INT64_C(1048576)
#define NOW_NS (1700000000 * S)
enum { FILE_BYTES = 8192 };

static char folder[64];
static int fd = -1;
static atomic_bool never;

static inline int make_folder(void **state)
{
	(void)state;
	const char *base = getenv("TMPDIR");
	snprintf(folder, sizeof folder, "%s/pastcam-retention-XXXXXX", base && strlen(base) < 30 ? base : "/tmp");
	if (!mkdtemp(folder))
		return -1;
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? -1 : 0;
}

static inline int remove_folder(void **state)
{
	(void)state;
	char command[128];
	close(fd);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static inline void put_bytes(const char *name, int64_t modified_ns, size_t count)
{
	char bytes[FILE_BYTES];
	memset(bytes, 'x', count);
	int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(file >= 0);
	assert_int_equal(fsio_write(file, bytes, count), 0);
	struct timespec times[2] = { { 0, UTIME_NOW }, { modified_ns / S, modified_ns % S } };
	assert_int_equal(futimens(file, times), 0);
	close(file);
}

/* A picture of FILE_BYTES with that time. */
static inline void put(const char *name, int64_t modified_ns)
{
	put_bytes(name, modified_ns, FILE_BYTES);
}

/* The picture number, whose name says nothing about its age. */
static inline const char *name_of(unsigned number)
{
	static char name[SCAN_NAME_BYTES];
	snprintf(name, sizeof name, "20250101_120000_f%08u.jpg", (number * 7919) % 100000);
	return name;
}

static inline void put_row(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		put(name_of(i), NOW_NS - DAY_NS + i * S);
}

static inline bool there(const char *name)
{
	struct stat status;
	return fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline int64_t disk_bytes(const char *name)
{
	struct stat status;
	assert_int_equal(fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
	return (int64_t)status.st_blocks * 512;
}

static int64_t wall_now_ns, monotonic_now_ns;
static int64_t jump_at_next_look_ns; /* as if the clock jumped after this look */

static inline int64_t fake_wall_ns(void)
{
	int64_t now_ns = wall_now_ns;
	wall_now_ns += jump_at_next_look_ns;
	jump_at_next_look_ns = 0;
	return now_ns;
}

static inline int64_t fake_monotonic_ns(void)
{
	return monotonic_now_ns;
}

static inline struct retention_pass *new_pass(int64_t max_total, int64_t max_age_ns)
{
	struct retention_pass *pass = calloc(1, sizeof *pass);
	assert_non_null(pass);
	pass->folder = folder;
	pass->max_total_bytes = max_total;
	pass->max_age_ns = max_age_ns;
	pass->stop = &never;
	pass->wall_ns = fake_wall_ns;
	pass->monotonic_ns = fake_monotonic_ns;
	return pass;
}

/* Returns how many pictures went. */
static inline uint64_t run(struct retention_pass *pass, int64_t wall_ns, int64_t monotonic_ns)
{
	struct retention_pass_result result;
	struct error error = { 0 };
	wall_now_ns = wall_ns;
	monotonic_now_ns = monotonic_ns;
	assert_int_equal(retention_pass_run(pass, &result, &error), 0);
	return result.deleted;
}

#define ON_DISK(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif
