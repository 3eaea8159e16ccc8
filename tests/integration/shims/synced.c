/* For LD_PRELOAD: what would be left of a file after a power cut. Each fsync or fdatasync of a file whose path begins with
 * $SHIM_SYNCED is followed by a copy of it, FILE.synced: what a test may then put back. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static pthread_mutex_t one_copy = PTHREAD_MUTEX_INITIALIZER; /* threads may sync the same file at once */

static void copy(int fd, const char *path)
{
	char block[64 * 1024];
	char part[PATH_MAX], whole[PATH_MAX];
	ssize_t got;
	off_t at = 0;
	snprintf(whole, sizeof whole, "%.4000s.synced", path);
	snprintf(part, sizeof part, "%.4000s.part", path);
	int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	while (to >= 0 && (got = pread(fd, block, sizeof block, at)) > 0) {
		if (write(to, block, (size_t)got) != got)
			abort();
		at += got;
	}
	if (to < 0 || close(to) < 0 || rename(part, whole) < 0)
		abort();
}

static int sync_and_copy(int fd, const char *name)
{
	char link[64], path[PATH_MAX];
	const char *of = getenv("SHIM_SYNCED");
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	int result = real(fd);
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	path[length > 0 ? length : 0] = '\0';
	struct stat status;
	if (result == 0 && of && strncmp(path, of, strlen(of)) == 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		pthread_mutex_lock(&one_copy);
		copy(fd, path);
		pthread_mutex_unlock(&one_copy);
	}
	return result;
}

int fsync(int fd)
{
	return sync_and_copy(fd, "fsync");
}

int fdatasync(int fd)
{
	return sync_and_copy(fd, "fdatasync");
}
