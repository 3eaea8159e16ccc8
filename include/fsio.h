/*
 * Files that are whole or not there. A new file is written under a temporary name in its own folder, synced, and
 * given its final name, which never replaces another file; then the folder is synced. Any thread.
 */
#ifndef PASTCAM_FSIO_H
#define PASTCAM_FSIO_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

enum { FSIO_PATH_BYTES = 1024 };

/* Temporary names begin so; fsio_sweep removes them. */
#define FSIO_TEMPORARY_PREFIX ".pastcam-"

struct fsio_file {
	int fd;     /* -1 when not open */
	int folder; /* descriptor of the folder; -1 when not open */
	char temporary[64];
};
#define FSIO_FILE_NULL ((struct fsio_file){ .fd = -1, .folder = -1 })

/* Opens a temporary file in folder, which must exist. */
int fsio_begin(struct fsio_file *file, const char *folder, struct error *error);

/* Writes all bytes, whatever write() does with signals and short counts. */
int fsio_write(int fd, const void *data, size_t bytes);

/* Syncs, gives the file its name, syncs the folder, closes. When `base.extension` is taken, tries `base-2.extension`
 * and on. name gets the file name that was given, at least FSIO_NAME_BYTES. On failure nothing is left behind. */
enum { FSIO_NAME_BYTES = 128 };
int fsio_commit(struct fsio_file *file, const char *base, const char *extension, char name[FSIO_NAME_BYTES],
                struct error *error);

/* Gives up: removes the temporary file and closes. Safe on FSIO_FILE_NULL and after commit. */
void fsio_abort(struct fsio_file *file);

/* Creates folder and its parents (mode 0755). 0 when it exists already. */
int fsio_make_folder(const char *folder, struct error *error);

/* Removes leftovers of earlier processes in folder; returns how many, or -errno. */
int fsio_sweep(const char *folder);

/* Replaces the content of a small file atomically (state files). */
int fsio_replace(const char *path, const void *data, size_t bytes, mode_t mode, struct error *error);

/* Reads a whole small file into text (always terminated). Returns its length, -EFBIG when it has bytes or more. */
ssize_t fsio_read_small(const char *path, char *text, size_t bytes);

#endif
