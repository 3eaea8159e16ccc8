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

#include "fsio.h"

/* Best effort: makes a new folder's own entry last through a power cut. */
static void fsio_sync_parent(const char *folder)
{
	char parent[FSIO_PATH_BYTES + 4];

	snprintf(parent, sizeof(parent), "%s/..", folder);
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static int fsio_make_one(const char *folder)
{
	struct stat status;

	if (mkdir(folder, 0755) == 0) {
		fsio_sync_parent(folder);
		return 0;
	}
	int code = -errno;
	if (stat(folder, &status) < 0)
		return code;
	return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
}

int fsio_make_folder(const char *folder, struct error *error)
{
	char path[FSIO_PATH_BYTES];
	int result = 0;

	if (folder[0] == '\0')
		return error_set(error, -EINVAL, "the name of the folder to write in is empty");
	if (snprintf(path, sizeof(path), "%s", folder) >= (int)sizeof(path))
		return error_set_errno(error, -ENAMETOOLONG, "cannot create folder %.160s", folder);
	for (char *at = strchr(path + 1, '/'); at != NULL && result == 0; at = strchr(at + 1, '/')) {
		*at = '\0';
		result = fsio_make_one(path);
		*at = '/';
	}
	if (result == 0)
		result = fsio_make_one(path);
	return result < 0 ? error_set_errno(error, result, "cannot create folder %.160s", folder) : 0;
}

/* True when name was a leftover and is removed. */
static bool fsio_sweep_one(int folder, const char *name)
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
			removed += fsio_sweep_one(dirfd(listing), entry->d_name);
	}
	closedir(listing);
	return removed;
}
