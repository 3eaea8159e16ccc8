#include "base/fsio.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { FSIO_NUMBER_MAX = 99999, FSIO_BEGIN_TRIES = 100 };

/* systemd's sandbox makes all read-only that the unit does not name, whatever the disk is. */
static int explain_read_only(struct error *error, int code, const char *folder)
{
	if (!getenv("INVOCATION_ID"))
		return error_set_errno(error, code, "disk is read-only: %.*s", utf8_fit(folder, 160), folder);
	return error_set(
	    error, code,
	    "disk is read-only: %.*s, for the service at least: it writes where ReadWritePaths= in a drop-in of "
	    "its unit says, see usb-drive.conf in share/doc/pastcam",
	    utf8_fit(folder, 100), folder);
}

int fsio_explain(struct error *error, int code, const char *folder)
{
	switch (-code) {
	case ENOSPC:
	case EDQUOT:
		return error_set_errno(error, code, "disk full: %.*s", utf8_fit(folder, 160), folder);
	case EROFS:
		return explain_read_only(error, code, folder);
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ESTALE:
		return error_set_errno(error, code, "folder is gone: %.*s", utf8_fit(folder, 160), folder);
	case EACCES:
	case EPERM:
		return error_set_errno(error, code, "not allowed to write in %.*s, which must belong to pastcam's user",
		                       utf8_fit(folder, 130), folder);
	case EIO:
		return error_set_errno(error, code, "disk error in %.*s", utf8_fit(folder, 160), folder);
	case EXDEV:
		return error_set(error, code, "the disk of %.*s went away", utf8_fit(folder, 160), folder);
	default:
		return error_set_errno(error, code, "cannot write in %.*s", utf8_fit(folder, 160), folder);
	}
}

int fsio_write(int fd, const void *data, size_t bytes)
{
	const char *at = data;
	while (bytes > 0) {
		ssize_t wrote = write(fd, at, bytes);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		if (wrote == 0)
			return -EIO;
		at += wrote;
		bytes -= (size_t)wrote;
	}
	return 0;
}

/* Some filesystems (FUSE, network) cannot sync a folder and say EINVAL: then there is nothing to be had. */
static int fsio_sync(int fd)
{
	while (fsync(fd) < 0) {
		if (errno == EINVAL)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static void fsio_close(struct fsio_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->folder >= 0)
		close(file->folder);
	*file = FSIO_FILE_NULL;
}

void fsio_abort(struct fsio_file *file)
{
	if (file->fd >= 0)
		unlinkat(file->folder, file->temporary, 0);
	fsio_close(file);
}

/* A sweep may find the new file before it is locked, and remove it: positive then, and the caller takes another name.
 */
static int open_locked(struct fsio_file *file, const char *name)
{
	if (name)
		snprintf(file->temporary, sizeof file->temporary, "%s", name);
	else
		snprintf(file->temporary, sizeof file->temporary, FSIO_TEMPORARY_PREFIX "%d-%" PRIx64, (int)getpid(),
		         (uint64_t)clock_now_ns());
	file->fd = openat(file->folder, file->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (file->fd < 0)
		return errno == EEXIST ? 1 : -errno;
	while (flock(file->fd, LOCK_EX) < 0 && errno == EINTR) {
	}
	if (faccessat(file->folder, file->temporary, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	close(file->fd);
	file->fd = -1;
	return 1;
}

static int open_folder(struct fsio_file *file, dev_t device)
{
	struct stat status;

	file->folder = open(file->within, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->folder < 0 || fstat(file->folder, &status) < 0)
		return -errno;
	return device == 0 || status.st_dev == device ? 0 : -EXDEV;
}

/* name: NULL for one of fsio's own. */
static int begin(struct fsio_file *file, const char *folder, dev_t device, const char *name, struct error *error)
{
	*file = FSIO_FILE_NULL;
	file->within = folder;
	int result = open_folder(file, device);
	if (result == 0)
		result = 1;
	for (int i = 0; result > 0 && i < (name ? 1 : FSIO_BEGIN_TRIES); i++)
		result = open_locked(file, name);
	if (result == 0)
		return 0;
	fsio_abort(file);
	return fsio_explain(error, result > 0 ? -EEXIST : result, folder);
}

int fsio_begin(struct fsio_file *file, const char *folder, dev_t device, struct error *error)
{
	return begin(file, folder, device, NULL, error);
}

int fsio_begin_as(struct fsio_file *file, const char *folder, dev_t device, const char *name, struct error *error)
{
	assert(strlen(name) < sizeof file->temporary);
	return begin(file, folder, device, name, error);
}

static int open_leftover(struct fsio_file *file)
{
	struct stat status;

	int result = open_folder(file, 0);
	if (result < 0)
		return result;
	file->fd = openat(file->folder, file->temporary, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (file->fd < 0 || fstat(file->fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	return flock(file->fd, LOCK_EX | LOCK_NB) < 0 ? errno == EWOULDBLOCK ? -EBUSY : -errno : 0;
}

int fsio_resume(struct fsio_file *file, const char *folder, const char *name, struct error *error)
{
	assert(strlen(name) < sizeof file->temporary);
	*file = FSIO_FILE_NULL;
	file->within = folder;
	snprintf(file->temporary, sizeof file->temporary, "%s", name);
	int result = open_leftover(file);
	if (result < 0)
		fsio_close(file);
	return result < 0 ? fsio_explain(error, result, folder) : 0;
}

int fsio_name(char name[FSIO_NAME_BYTES], const char *base, unsigned number, const char *extension)
{
	int length = number == 1 ? snprintf(name, FSIO_NAME_BYTES, "%s.%s", base, extension)
	                         : snprintf(name, FSIO_NAME_BYTES, "%s-%u.%s", base, number, extension);
	return length < FSIO_NAME_BYTES ? 0 : -ENAMETOOLONG;
}

/* For filesystems that have neither renameat2's flag nor hard links. The name is reserved by an empty file, which is
 * what a power cut right here would leave. */
static int reserve_and_rename(const struct fsio_file *file, const char *name)
{
	int reserved = openat(file->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (reserved < 0)
		return -errno;
	close(reserved);
	if (renameat(file->folder, file->temporary, file->folder, name) == 0)
		return 0;
	int code = -errno;
	unlinkat(file->folder, name, 0);
	return code;
}

/* Never replaces a file: -EEXIST then. */
static int give_name(const struct fsio_file *file, const char *name)
{
	if (renameat2(file->folder, file->temporary, file->folder, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(file->folder, file->temporary, file->folder, name, 0) == 0) {
		unlinkat(file->folder, file->temporary, 0);
		return 0;
	}
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)
		return -errno;
	return reserve_and_rename(file, name);
}

static int give_free_name(const struct fsio_file *file, const char *base, const char *extension, unsigned *number,
                          char name[FSIO_NAME_BYTES])
{
	for (; *number <= FSIO_NUMBER_MAX; ++*number) {
		int result = fsio_name(name, base, *number, extension);
		if (result == 0)
			result = give_name(file, name);
		if (result != -EEXIST)
			return result;
	}
	return -EEXIST;
}

/* Whether the folder's name still leads to the folder: else nobody would find the file by the name it is told under. */
static bool still_there(const struct fsio_file *file)
{
	struct stat named, opened;

	return stat(file->within, &named) == 0 && fstat(file->folder, &opened) == 0 && named.st_dev == opened.st_dev &&
	       named.st_ino == opened.st_ino;
}

int fsio_commit(struct fsio_file *file, const char *base, const char *extension, unsigned *number,
                char name[FSIO_NAME_BYTES], struct error *error)
{
	const char *folder = file->within;

	assert(file->fd >= 0 && *number >= 1);
	int result = fsio_sync(file->fd);
	if (result == 0)
		result = give_free_name(file, base, extension, number, name);
	if (result < 0) {
		fsio_abort(file);
		return fsio_explain(error, result, folder);
	}
	result = fsio_sync(file->folder);
	if (result == 0 && !still_there(file))
		result = -ENOENT;
	if (result < 0)
		unlinkat(file->folder, name, 0);
	fsio_close(file);
	return result < 0 ? fsio_explain(error, result, folder) : 0;
}

static int replace_with(struct fsio_file *file, const char *name, const void *data, size_t bytes, mode_t mode)
{
	int result = fsio_write(file->fd, data, bytes);
	if (result == 0 && fchmod(file->fd, mode) < 0)
		result = -errno;
	if (result == 0)
		result = fsio_sync(file->fd);
	if (result == 0 && renameat(file->folder, file->temporary, file->folder, name) < 0)
		result = -errno;
	if (result < 0)
		return result;
	result = fsio_sync(file->folder);
	fsio_close(file);
	return result;
}

int fsio_replace(const char *path, const void *data, size_t bytes, mode_t mode, struct error *error)
{
	struct fsio_file file;
	char folder[FSIO_PATH_BYTES] = ".";
	const char *slash = strrchr(path, '/');

	if (slash != NULL && slash - path >= FSIO_PATH_BYTES)
		return fsio_explain(error, -ENAMETOOLONG, path);
	if (slash != NULL)
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	int result = fsio_begin(&file, folder, 0, error);
	if (result < 0)
		return result;
	result = replace_with(&file, slash != NULL ? slash + 1 : path, data, bytes, mode);
	fsio_abort(&file);
	return result < 0 ? fsio_explain(error, result, folder) : 0;
}

ssize_t fsio_read_small(const char *path, char *text, size_t bytes)
{
	size_t length = 0;

	assert(bytes > 0);
	text[0] = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t got = 1;
	while (got != 0 && length < bytes) {
		got = read(fd, text + length, bytes - length);
		if (got < 0 && errno != EINTR)
			break;
		length += got > 0 ? (size_t)got : 0;
	}
	ssize_t result = got < 0 ? -errno : length < bytes ? (ssize_t)length : -EFBIG;
	close(fd);
	text[length < bytes ? length : bytes - 1] = '\0';
	return result;
}
