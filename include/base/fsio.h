/*
 * Files that are whole or not there. A new file is written under a temporary name in its own folder, synced, and
 * given its final name, which never replaces another file; then the folder is synced. Any thread.
 *
 * Whose temporary file is it? The process that writes one holds a lock (flock) on it, and the kernel drops the lock
 * with the process, however it dies. So a sweep removes just those that it can lock: no process number can mislead it,
 * neither a reused one nor that of another container. Where the filesystem has no locks, nothing is swept.
 */
#ifndef PASTCAM_BASE_FSIO_H
#define PASTCAM_BASE_FSIO_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

enum { FSIO_PATH_BYTES = 1024, FSIO_NAME_BYTES = 128 };

/* Temporary names begin so; fsio_sweep removes them. */
#define FSIO_TEMPORARY_PREFIX ".pastcam-"

struct fsio_file {
	int fd;             /* -1 when not open */
	int folder;         /* descriptor of the folder; -1 when not open */
	const char *within; /* the folder as fsio_begin got it; borrowed until commit or abort */
	char temporary[FSIO_NAME_BYTES];
};
#define FSIO_FILE_NULL ((struct fsio_file){ .fd = -1, .folder = -1 })

/* Opens a temporary file in folder, which must exist. device: the filesystem that folder must be on, so that a drive
 * which goes away after somebody looked is not mistaken for the one beneath (-EXDEV); 0: any. */
int fsio_begin(struct fsio_file *file, const char *folder, dev_t device, struct error *error);

/* The same under a temporary name of the caller's, which no sweep removes: what is left of it after a power cut is to be
 * found again. -EEXIST when there is such a file. */
int fsio_begin_as(struct fsio_file *file, const char *folder, dev_t device, const char *name, struct error *error);

/* Opens a leftover of fsio_begin_as, to finish it. -EBUSY: the process that writes it lives; -EINVAL: no regular file. */
int fsio_resume(struct fsio_file *file, const char *folder, const char *name, struct error *error);

/* Writes all bytes, whatever write() does with signals and short counts. */
int fsio_write(int fd, const void *data, size_t bytes);

/* Syncs, gives the file its name, syncs the folder, closes. The name is `base.extension` for number 1, else
 * `base-number.extension`; when it is taken the next number is tried, and so on. number: on entry the first to try (1
 * and up), on return the one given. name gets the file name. On failure nothing is left behind; a folder that is no
 * longer where fsio_begin found it is one. */
int fsio_commit(struct fsio_file *file, const char *base, const char *extension, unsigned *number,
                char name[FSIO_NAME_BYTES], struct error *error);

/* Gives up: removes the temporary file and closes. Safe on FSIO_FILE_NULL and after commit. */
void fsio_abort(struct fsio_file *file);

/* Writes `base.extension` or `base-number.extension` into name. -ENAMETOOLONG when it does not fit. */
int fsio_name(char name[FSIO_NAME_BYTES], const char *base, unsigned number, const char *extension);

/* Creates folder and its parents (mode 0755). 0 when it exists already. device: as in fsio_begin. */
int fsio_make_folder(const char *folder, dev_t device, struct error *error);

/* Cuts path down to the nearest folder that exists, and opens that (O_PATH). A descriptor, or -errno. */
int fsio_open_nearest(char path[FSIO_PATH_BYTES]);

/* Removes leftovers of earlier processes in folder (regular files only, never through a link); returns how many, or
 * -errno. */
int fsio_sweep(const char *folder);

/* Replaces the content of a small file atomically (state files). */
int fsio_replace(const char *path, const void *data, size_t bytes, mode_t mode, struct error *error);

/* Reads a whole small file into text (always terminated). Returns its length, -EFBIG when it has bytes or more. */
ssize_t fsio_read_small(const char *path, char *text, size_t bytes);

/* Says what code (negative errno) means for someone who writes in folder: "disk full: …". Returns code. */
int fsio_explain(struct error *error, int code, const char *folder);

#endif
