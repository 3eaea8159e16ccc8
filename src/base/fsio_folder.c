#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/utf8.h"

int fsio_open_nearest(char path[FSIO_PATH_BYTES])
{
	for (;;) {
		int fd = open(path[0] ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		if (errno != ENOENT || path[0] == '\0' || strcmp(path, "/") == 0)
			return -errno;
		char *slash = strrchr(path, '/');
		if (slash)
			slash[slash == path] = '\0';
		else
			path[0] = '\0';
	}
}

/* Best effort: makes a new entry of the folder last through a power cut. */
static void sync_folder(int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* Makes name in *folder, which becomes the new one. */
static int enter(int *folder, const char *name)
{
	if (mkdirat(*folder, name, 0755) == 0)
		sync_folder(*folder);
	else if (errno != EEXIST)
		return -errno;
	int fd = openat(*folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(*folder);
	*folder = fd;
	return 0;
}

/* rest: what is to be made in folder, with slashes between; it is cut up. */
static int make_rest(int *folder, dev_t device, char *rest)
{
	struct stat status;
	char *more = NULL;
	int result = fstat(*folder, &status) < 0 ? -errno : 0;

	if (result == 0 && device != 0 && status.st_dev != device)
		result = -EXDEV;
	for (char *name = strtok_r(rest, "/", &more); name && result == 0; name = strtok_r(NULL, "/", &more))
		result = enter(folder, name);
	return result;
}

int fsio_make_folder(const char *folder, dev_t device, struct error *error)
{
	char path[FSIO_PATH_BYTES], rest[FSIO_PATH_BYTES];

	if (folder[0] == '\0')
		return error_set(error, -EINVAL, "the name of the folder to write in is empty");
	if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path)
		return error_set_errno(error, -ENAMETOOLONG, "cannot create folder %.*s", utf8_fit(folder, 160), folder);
	int fd = fsio_open_nearest(path);
	int result = fd;
	if (fd >= 0) {
		snprintf(rest, sizeof rest, "%s", folder + strlen(path));
		result = make_rest(&fd, device, rest);
		close(fd);
	}
	if (result == -EXDEV)
		return fsio_explain(error, result, folder);
	return result < 0 ? error_set_errno(error, result, "cannot create folder %.*s", utf8_fit(folder, 160), folder) : 0;
}

/* True when name was a leftover and is removed. */
static bool sweep_one(int folder, const char *name)
{
	struct stat status;
	bool removed = false;

	int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		removed = unlinkat(folder, name, 0) == 0;
	close(fd);
	return removed;
}

int fsio_sweep(const char *folder)
{
	int removed = 0;

	DIR *listing = opendir(folder);
	if (listing == NULL)
		return -errno;
	struct dirent *entry;
	while ((entry = readdir(listing)) != NULL) {
		if (strncmp(entry->d_name, FSIO_TEMPORARY_PREFIX, strlen(FSIO_TEMPORARY_PREFIX)) == 0)
			removed += sweep_one(dirfd(listing), entry->d_name);
	}
	closedir(listing);
	return removed;
}
