#include "retention_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <math.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/utf8.h"

static int nearest(const char *folder, char path[FSIO_PATH_BYTES], struct error *error)
{
	if (snprintf(path, FSIO_PATH_BYTES, "%s", folder) >= FSIO_PATH_BYTES)
		return fsio_explain(error, -ENAMETOOLONG, folder);
	int fd = fsio_open_nearest(path);
	return fd < 0 ? fsio_explain(error, fd, folder) : fd;
}

/* Climbs from the folder that fd is up to the root, and notes each filesystem on the way. Takes fd over. */
static void note_beneath(struct disk *disk, int fd)
{
	struct stat here, parent;
	int up;
	disk->beneath_count = 0;
	for (bool top = fstat(fd, &here) < 0; !top && disk->beneath_count < DISK_LAYERS_MAX; here = parent) {
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
		if (fd < 0 || fstat(fd, &parent) < 0)
			break;
		if (parent.st_dev != here.st_dev)
			disk->beneath[disk->beneath_count++] = parent.st_dev;
		top = parent.st_dev == here.st_dev && parent.st_ino == here.st_ino;
	}
	if (fd >= 0)
		close(fd);
}

static bool is_beneath(const struct disk *disk, dev_t device)
{
	for (size_t i = 0; i < disk->beneath_count; i++)
		if (disk->beneath[i] == device)
			return true;
	return false;
}

static bool is_within(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The deepest mount point of fstab at or above path, but for the root; false: there is none. */
static bool find_mount_point(const char *fstab, const char *path, char point[FSIO_PATH_BYTES])
{
	char line[4096];
	struct mntent entry;
	FILE *table = setmntent(fstab, "re");
	point[0] = '\0';
	while (table && getmntent_r(table, &entry, line, sizeof line))
		if (strcmp(entry.mnt_dir, "/") != 0 && is_within(path, entry.mnt_dir) &&
		    strlen(entry.mnt_dir) > strlen(point) && strlen(entry.mnt_dir) < FSIO_PATH_BYTES)
			strcpy(point, entry.mnt_dir);
	if (table)
		endmntent(table);
	return point[0] != '\0';
}

/* Kernels before 5.8 cannot tell: then it counts as mounted. */
static bool is_mounted(const char *point)
{
	struct statx status;
	if (statx(AT_FDCWD, point, AT_NO_AUTOMOUNT, STATX_TYPE, &status) < 0)
		return false;
	return !(status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) || (status.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* near is the part of folder that exists. */
static int ask_fstab(const char *fstab, const char *folder, const char *near, struct error *error)
{
	char full[2 * FSIO_PATH_BYTES], point[FSIO_PATH_BYTES];
	char *resolved = realpath(near, NULL);
	if (!resolved)
		return fsio_explain(error, -errno, folder);
	snprintf(full, sizeof full, "%s%s%s", strcmp(resolved, "/") == 0 ? "" : resolved, near[1] ? "" : "/",
	         folder + strlen(near));
	free(resolved);
	if (!find_mount_point(fstab, full, point) || is_mounted(point))
		return 0;
	return error_set(error, -EXDEV,
	                 "the disk for %.*s is not there: %s says that it is mounted on %.*s, and nothing is. Mount it, "
	                 "or change export.base_dir",
	                 utf8_fit(folder, 80), folder, fstab, utf8_fit(point, 60), point);
}

int disk_check(struct disk *disk, const char *folder, const char *fstab, struct error *error)
{
	char near[FSIO_PATH_BYTES];
	struct stat status;
	int fd = nearest(folder, near, error);
	if (fd < 0)
		return fd;
	int result = fstat(fd, &status) < 0 ? fsio_explain(error, -errno, folder) : 0;
	bool same = result == 0 && disk->known && status.st_dev == disk->device;
	if (result == 0 && !same && disk->known && is_beneath(disk, status.st_dev))
		result = error_set(error, -EXDEV,
		                   "the disk of %.*s went away: not writing onto the one beneath it. Plug it in or mount it "
		                   "again",
		                   utf8_fit(folder, 100), folder);
	if (result == 0 && !same)
		result = ask_fstab(fstab, folder, near, error);
	if (result < 0 || same) {
		close(fd);
		return result;
	}
	disk->known = true;
	disk->device = status.st_dev;
	note_beneath(disk, fd);
	return 1;
}

/* Filesystems that do not count their files say 0 for one of the numbers; of ext4 a 0 is meant. */
static bool counts_files(int fd, const struct statvfs *status)
{
	struct statfs kind;
	return status->f_files > 0 &&
	       (status->f_favail > 0 || (fstatfs(fd, &kind) == 0 && kind.f_type == EXT4_SUPER_MAGIC));
}

static void weigh_files(const struct statvfs *status, struct disk_space *space)
{
	double per_file = (double)space->total / (double)status->f_files, share = per_file * (double)status->f_favail;
	if (share >= (double)space->free)
		return;
	space->free = (int64_t)share;
	space->per_file = (int64_t)ceil(per_file);
}

int disk_space(const char *folder, struct disk_space *space, struct error *error)
{
	char near[FSIO_PATH_BYTES];
	struct statvfs status;
	int fd = nearest(folder, near, error);
	if (fd < 0)
		return fd;
	int result = fstatvfs(fd, &status) < 0 ? -errno : 0;
	bool counted = result == 0 && counts_files(fd, &status);
	close(fd);
	if (result == 0 && (status.f_flag & ST_RDONLY))
		result = -EROFS;
	if (result < 0)
		return fsio_explain(error, result, folder);
	space->total = (int64_t)status.f_blocks * (int64_t)status.f_frsize;
	space->free = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
	space->per_file = 0;
	if (counted)
		weigh_files(&status, space);
	return 0;
}
