/* Deleting old pictures, in $TMPDIR or else in memory: a pass over a folder of which nine tenths must go, against
 * looking at each file once and removing as many. The ratio must not grow with the number of pictures. */
#include "retention.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/retention_pass.h"
#include "measure.h"

enum { PICTURE_BYTES = 4096 };
static const double GO_SHARE = 0.9, TARGET = 5;
static const double GROWTH_MOST = 1.5; /* of single passes */

static void must(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(1);
}

/* By this thread's own clock, which stands still while other processes have the core. */
static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* A day old and more, ten a second, as after a long series. */
static void put_pictures(int folder, unsigned count)
{
	static const char bytes[PICTURE_BYTES];
	for (unsigned i = 0; i < count; i++) {
		char name[64];
		snprintf(name, sizeof name, "20250101_%02u%02u%02u_f%08u.jpg", i / 36000 % 24, i / 600 % 60, i / 10 % 60, i);
		int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		must(file >= 0 && write(file, bytes, sizeof bytes) == (ssize_t)sizeof bytes, name);
		const struct timespec when = { 1700000000 + i / 10, (long)(i % 10) * 100000000 };
		const struct timespec times[2] = { when, when };
		must(futimens(file, times) == 0, name);
		close(file);
	}
}

/* What nobody can do without: to look at each once, and to remove as many, in whatever order. */
static double look_and_remove_ms(int folder, unsigned remove)
{
	double begun = now_ms();
	struct stat status;
	DIR *listing = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	must(listing != NULL, "opendir");
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
		must(fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0, "fstatat");
		if (S_ISREG(status.st_mode) && remove > 0) {
			must(unlinkat(folder, entry->d_name, 0) == 0, "unlinkat");
			remove--;
		}
	}
	closedir(listing);
	return now_ms() - begun;
}

static double pass_ms(const char *path, unsigned left)
{
	static atomic_bool never;
	static struct retention_pass pass;
	struct retention_pass_result result;
	struct error error = { 0 };
	pass = (struct retention_pass){ .folder = path,
		                            .max_total_bytes = (int64_t)left * PICTURE_BYTES,
		                            .stop = &never,
		                            .wall_ns = clock_wall_ns,
		                            .monotonic_ns = clock_now_ns };
	double begun = now_ms();
	must(retention_pass_run(&pass, &result, &error) == 0 && pass.scan.pictures == left, error.text);
	return now_ms() - begun;
}

static void clear_and_close(int folder, unsigned left)
{
	look_and_remove_ms(folder, left);
	close(folder);
}

/* Returns what the pass took, milliseconds. */
static double bench_count(unsigned count)
{
	const char *base = getenv("TMPDIR");
	char path[512], frame[24];
	unsigned left = count - (unsigned)(count * GO_SHARE);
	struct measured measured;
	snprintf(path, sizeof path, "%s/pastcam-bench-XXXXXX", base ? base : "/dev/shm");
	must(mkdtemp(path) != NULL, path);
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(folder >= 0, path);
	put_pictures(folder, count);
	measured.work_ms = pass_ms(path, left);
	look_and_remove_ms(folder, left);
	put_pictures(folder, count);
	measured.limit_ms = look_and_remove_ms(folder, count - left);
	clear_and_close(folder, left);
	rmdir(path);
	snprintf(frame, sizeof frame, "%u", count);
	report_row("retention, 9 of 10 pictures go", "a look at each, removal", frame, measured, TARGET);
	return measured.work_ms;
}

void bench_retention(void)
{
	static const unsigned counts[] = { 1000, 12500, 25000, 50000, 100000, 200000 };
	enum { COUNTS = sizeof counts / sizeof *counts };
	double taken_ms[COUNTS];
	report_header();
	for (size_t i = 0; i < COUNTS; i++)
		taken_ms[i] = bench_count(counts[i]);
	for (size_t i = 1; i < COUNTS; i++) {
		char limit[48], frame[24];
		const double ratio = (double)counts[i] / counts[i - 1];
		snprintf(frame, sizeof frame, "%u", counts[i]);
		snprintf(limit, sizeof limit, "that of %u, %.3g times", counts[i - 1], ratio);
		report_row("retention", limit, frame, (struct measured){ taken_ms[i], taken_ms[i - 1] * ratio }, GROWTH_MOST);
	}
}
