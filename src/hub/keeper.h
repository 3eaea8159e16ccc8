/*
 * The slow work on hub.db, on a thread and a connection of its own, so that no event waits for it: checkpoints, size
 * and SHA-256 of new files, the rows of files that are gone, and the files that are there without an event: those that
 * were taken while nobody listened, or all of them when the database is new. Such a file becomes an event too, with the
 * id file-NAME, without its extension.
 */
#ifndef PASTCAM_HUB_KEEPER_H
#define PASTCAM_HUB_KEEPER_H

#include "folders.h"

struct keeper;

/* folders is copied. */
struct keeper *keeper_create(const char *data_dir, const struct folders *folders, struct error *error);
void keeper_destroy(struct keeper *keeper); /* finishes what it is about, a file at most; NULL is fine */

void keeper_batch_written(struct keeper *keeper);

/* Looks through the folders, soon; and a minute later again, for those that were being written. */
void keeper_scan(struct keeper *keeper);

#endif
