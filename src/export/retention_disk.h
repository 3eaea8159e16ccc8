/* Which filesystem the pictures' folder is on, and how much room that has. Private to src/export. */
#ifndef PASTCAM_EXPORT_RETENTION_DISK_H
#define PASTCAM_EXPORT_RETENTION_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The danger is a drive that goes away: its mount point is then a plain folder of the filesystem beneath, and whoever
 * writes on fills that. So it is remembered which filesystem the folder was on, and which ones lie beneath it, up to
 * the root. A folder that is suddenly on one of those has lost its drive: -EXDEV, until something is mounted there
 * again, the same drive or another.
 *
 * That knowledge ends with the process. So before any filesystem is accepted, fstab is asked as well: a folder that
 * belongs on a mount point named there is refused while nothing is mounted on it.
 */
enum { DISK_LAYERS_MAX = 8 };

struct disk { /* starts as all zeros */
	bool known;
	dev_t device;
	size_t beneath_count;
	dev_t beneath[DISK_LAYERS_MAX];
};

/* folder: absolute; it need not exist: its nearest existing parent counts then. fstab: /etc/fstab but for tests. 1 when
 * a filesystem was met for the first time, 0 when it is the one from last time, -EXDEV, or -errno. */
int disk_check(struct disk *disk, const char *folder, const char *fstab, struct error *error);

struct disk_space {
	int64_t total, free; /* bytes; free: for us, without what is reserved for root */
	int64_t per_file; /* 0, or: of the files that fit a smaller share is left than of the bytes, as small pictures may
	                     have it; free is that share of total, and this is what one file is of it */
};

/* Of the filesystem of folder or its nearest existing parent. -EROFS when it is read-only, or -errno. */
int disk_space(const char *folder, struct disk_space *space, struct error *error);

#endif
