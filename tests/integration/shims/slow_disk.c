/* For LD_PRELOAD: each fsync or fdatasync takes as many milliseconds as the file $SHIM_FSYNC_MS says, also when that
 * gets less meanwhile, or fails when that is -1, but only after $SHIM_FSYNC_WHOLE files have got their names and the
 * folder was synced; each unlinkat takes as many as $SHIM_UNLINK_MS itself says. What matters for power cuts is written
 * down in $SHIM_DISK_LOG, a line each: "fsync PATH", "rename FROM TO"; and "wait PATH" before an fsync that takes its
 * time, "unlink NAME" before an unlinkat that does. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);
int renameat2(int old_folder, const char *old_name, int new_folder, const char *new_name, unsigned flags);

static atomic_int named, whole;

static void path_of(int fd, char path[PATH_MAX])
{
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, PATH_MAX - 1);
	path[length > 0 ? length : 0] = '\0';
}

static void note(const char *line)
{
	const char *log = getenv("SHIM_DISK_LOG");
	int fd = log ? open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644) : -1;
	if (fd < 0)
		return;
	if (write(fd, line, strlen(line)) < 0)
		abort();
	close(fd);
}

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static long delay_ms(void)
{
	char text[32] = "";
	const char *path = getenv("SHIM_FSYNC_MS"), *first = getenv("SHIM_FSYNC_WHOLE");
	if (first && whole < atoi(first))
		return 0;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	return length > 0 ? atol(text) : 0;
}

static void wait_as_told(void)
{
	enum { LOOK_MS = 10 };
	for (long waited_ms = 0, left_ms; (left_ms = delay_ms() - waited_ms) > 0; waited_ms += LOOK_MS)
		wait_ms(left_ms < LOOK_MS ? left_ms : LOOK_MS);
}

static int sync_with(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	char path[PATH_MAX], line[PATH_MAX + 16];
	long ms = delay_ms();
	if (ms < 0) {
		errno = EIO;
		return -1;
	}
	path_of(fd, path);
	if (ms > 0) {
		snprintf(line, sizeof line, "wait %s\n", path);
		note(line);
		wait_as_told();
	}
	struct stat status;
	const int named_before = named;
	int result = real(fd);
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		whole = named_before;
	snprintf(line, sizeof line, "fsync %s\n", path);
	note(line);
	return result;
}

int fsync(int fd)
{
	return sync_with("fsync", fd);
}

int fdatasync(int fd)
{
	return sync_with("fdatasync", fd);
}

int renameat2(int old_folder, const char *old_name, int new_folder, const char *new_name, unsigned flags)
{
	int (*real)(int, const char *, int, const char *, unsigned) =
	    (int (*)(int, const char *, int, const char *, unsigned))dlsym(RTLD_NEXT, "renameat2");
	char folder[PATH_MAX], line[3 * PATH_MAX];
	int result = real(old_folder, old_name, new_folder, new_name, flags);
	path_of(new_folder, folder);
	snprintf(line, sizeof line, "rename %s/%s %s/%s\n", folder, old_name, folder, new_name);
	if (result == 0) {
		note(line);
		named++;
	}
	return result;
}

int unlinkat(int folder, const char *name, int flags)
{
	int (*real)(int, const char *, int) = (int (*)(int, const char *, int))dlsym(RTLD_NEXT, "unlinkat");
	const char *text = getenv("SHIM_UNLINK_MS");
	const long ms = text ? atol(text) : 0;
	if (ms > 0) {
		char line[PATH_MAX + 16];
		snprintf(line, sizeof line, "unlink %s\n", name);
		note(line);
		wait_ms(ms);
	}
	return real(folder, name, flags);
}
