/* The rows of files, as the keeper reads and writes them on its own connection; each change is a transaction of its
 * own, so that the loop never waits long. */
#ifndef PASTCAM_HUB_KEEPER_ROWS_H
#define PASTCAM_HUB_KEEPER_ROWS_H

#include <stdatomic.h>

#include "found_file.h"
#include "sql.h"

int keeper_rows_know(struct sql *sql, const char *path, struct error *error); /* 1: there is such a row */

/* A file without an event, and an event for it; files of one name and several extensions share one. 1 when added. */
int keeper_rows_add(struct sql *sql, const struct found_file *file, const char *path, const char *name,
                    struct error *error);

/* One whose size and SHA-256 are not known: 1, and its path. */
int keeper_rows_unread(struct sql *sql, char *path, size_t bytes, struct error *error);
int keeper_rows_set_read(struct sql *sql, const char *path, const char *sha256, long long bytes, struct error *error);
int keeper_rows_drop(struct sql *sql, const char *path, struct error *error);

/* All those whose file is not there any more. Their events stay. */
int keeper_rows_drop_gone(struct sql *sql, const atomic_bool *stop, struct error *error);

#endif
