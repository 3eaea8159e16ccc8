/*
 * Room for the next picture: the oldest pictures go when space, total or age pass their limits. Only regular files that
 * carry a name that pastcam gives (export_is_own_name), directly in base_dir, never through a link; which is the
 * oldest, and what a clock that jumps does to that, is told in src/export/retention_scan.h and retention_rules.h. A
 * picture stays for at least a minute.
 *
 * And the gate before each picture: base_dir must not have fallen back onto a filesystem beneath the one it was on, so
 * that a USB drive that went away does not have its pictures fill the card under it (src/export/retention_disk.h).
 *
 * On export workers and one housekeeping thread; logs what it deletes.
 */
#ifndef PASTCAM_EXPORT_RETENTION_H
#define PASTCAM_EXPORT_RETENTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "store/event_log.h"

struct manifest;
struct retention;

struct retention_params {
	const char *base_dir;
	int64_t min_free_bytes;  /* -1: the larger of 200 MiB and 5 % of the filesystem, at most 10 % of it; 0: never delete
	                            for space. More than half of the filesystem counts as half. */
	int64_t max_total_bytes; /* 0: no limit */
	int64_t max_age_s;       /* 0: no limit */
	struct manifest *manifest; /* notes what is deleted; NULL: none */
	struct event_log *events;  /* told of low space, and of its end; NULL is fine */
};

/* Begins to watch; leftovers of earlier processes are swept soon after. base_dir need not be there yet. */
struct retention *retention_create(const struct retention_params *params, struct error *error);
/* Stops soon, unless it hangs in the disk: then it is left behind, since the process is about to end. */
void retention_destroy(struct retention *retention);

/* Has it end at its next step; then nobody waits for room any more. */
void retention_stop(struct retention *retention);
bool retention_has_stopped(struct retention *retention); /* at a call after retention_stop; one thread asks */

/* The gate (see jobs.h): is base_dir's filesystem still the one it was, and is there room? Has old pictures deleted
 * when less than min_free_bytes is left, and waits for that, 10 s at most, only below the floor that keeps the disk
 * from filling: 16 MiB, or half of min_free_bytes where that is less. 0 and the filesystem, or -EXDEV, -ENOSPC, -EROFS
 * … with the reason. Safe from several threads. */
int retention_gate(void *retention, dev_t *device, struct error *error);

struct retention_status {
	uint64_t deleted, deleted_bytes;
	int64_t free_bytes, total_bytes; /* of the filesystem, of our pictures; -1: unknown */
	uint64_t pictures;               /* known when total_bytes is */
	bool low; /* less is free than should be, and nothing was left to delete, when it was looked at last */
};
void retention_status(struct retention *retention, struct retention_status *status);

#endif
