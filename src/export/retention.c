/*
 * One housekeeping thread does all that may take long: it looks through the folder and deletes, each minute and when it
 * is asked to. The gate, which export workers pass before each picture, only looks at the disk: a few system calls,
 * however many pictures there are. It asks for a pass when space runs low, and waits only when the disk is all but
 * full: then until there is room, which the first deletions of the pass make, and not until the pass is over.
 */
#include "export/retention.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "base/thread.h"
#include "base/utf8.h"
#include "export/manifest.h"
#include "retention_disk.h"
#include "retention_pass.h"

#define FSTAB "/etc/fstab"
#define STOP_PATIENCE_NS CLOCK_NS_PER_S
#define MIB_OF(bytes) ((double)(bytes) / 1048576)
enum { PERIOD_S = 60, REST_S = 1, GATE_WAIT_S = 10 };

struct retention {
	char folder[FSIO_PATH_BYTES]; /* absolute */
	int64_t min_free_bytes;
	struct event_log *events;
	struct thread thread;
	atomic_bool stopping;

	pthread_mutex_t disk_lock; /* held while a disk is asked, which may take long */
	struct disk disk;
	bool refused; /* by the last check */

	pthread_mutex_t lock;
	pthread_cond_t wake, answered; /* on the monotonic clock */
	uint64_t asked, served;        /* passes: the last one asked for, and the last of those that was run */
	struct retention_status status;

	/* the housekeeping thread's own: */
	struct retention_pass pass;
	struct log_fault away, failing, low, not_signed;
	struct manifest *manifest; /* NULL: nothing is signed */
	int undeletable;           /* pictures, as told last */
};

static struct timespec monotonic_in(int seconds)
{
	struct timespec when;
	clock_gettime(CLOCK_MONOTONIC, &when);
	when.tv_sec += seconds;
	return when;
}

/* As disk_check; 1 also when the disk is there again. */
static int check_disk(struct retention *retention, dev_t *device, struct error *error)
{
	pthread_mutex_lock(&retention->disk_lock);
	int result = disk_check(&retention->disk, retention->folder, FSTAB, error);
	if (result == 0 && retention->refused)
		result = 1;
	retention->refused = result < 0;
	*device = retention->disk.device;
	pthread_mutex_unlock(&retention->disk_lock);
	return result;
}

static const char *reason_text(enum rules_reason reason)
{
	switch (reason) {
	case RETENTION_KEEP:
		return "";
	case RETENTION_AGE:
		return "older than storage.max_age_days";
	case RETENTION_TOTAL:
		return "beyond storage.max_total_mb";
	case RETENTION_FREE_SPACE:
		return "to keep space free on the disk";
	}
	return "";
}

static const char *files_text(const struct disk_space *space)
{
	return space->per_file ? " (by the number of files that fit)" : "";
}

static void publish_space(struct retention *retention, enum event_type type, const struct retention_pass_result *result)
{
	struct event event = { .type = type, .bytes = result->space.free };
	if (type == EVENT_STORAGE_LOW)
		snprintf(event.reason, sizeof event.reason, "no picture is old enough to be deleted%s",
		         files_text(&result->space));
	event_log_publish(retention->events, &event);
}

static void log_space(struct retention *retention, const struct retention_pass_result *result)
{
	bool was_low = retention->low.active;
	if (result->space.free >= result->min_free_bytes)
		log_fault_end(&retention->low, "The disk of %s has room again", retention->folder);
	else if (result->deleted == 0)
		log_fault_begin(
		    &retention->low,
		    "Only %.1f MiB%s are free on the disk of %s, where %.1f should be, and no picture is old enough "
		    "to be deleted",
		    MIB_OF(result->space.free), files_text(&result->space), retention->folder, MIB_OF(result->min_free_bytes));
	if (retention->low.active != was_low)
		publish_space(retention, was_low ? EVENT_STORAGE_OK : EVENT_STORAGE_LOW, result);
}

static void log_pass(struct retention *retention, const struct retention_pass_result *result)
{
	if (result->jump_ns != 0)
		log_info("The clock jumped by %.0f s: no picture is deleted for a minute, and none for its age for an hour",
		         (double)result->jump_ns / (double)CLOCK_NS_PER_S);
	if (result->leftovers > 0)
		log_info("Removed %d unfinished file(s) of an earlier run in %s", result->leftovers, retention->folder);
	if (result->deleted > 0)
		log_info("Deleted the oldest %" PRIu64 " picture file(s), %.1f MiB: %s", result->deleted,
		         MIB_OF(result->deleted_bytes), reason_text(result->reason));
	if (result->undeletable > 0 && result->undeletable != retention->undeletable) {
		retention->undeletable = result->undeletable;
		log_error("%d picture file(s) in %s should go and may not be deleted: newer ones go instead",
		          result->undeletable, retention->folder);
	}
	log_space(retention, result);
}

static void note_pass(struct retention *retention, const struct retention_pass_result *result)
{
	struct retention_status *status = &retention->status;
	pthread_mutex_lock(&retention->lock);
	status->free_bytes = result->space.free;
	status->low = retention->low.active;
	status->pictures = retention->pass.scan.pictures;
	status->total_bytes = retention->pass.scanned ? retention->pass.scan.bytes : -1;
	pthread_mutex_unlock(&retention->lock);
}

/* On the housekeeping thread, after each picture. */
static void note_deleted(void *data, const struct scan_picture *picture)
{
	struct retention *retention = data;
	struct error error;
	if (retention->manifest && manifest_deleted(retention->manifest, picture->name, &error) < 0)
		log_fault_begin(&retention->not_signed, "What is deleted is not noted: %s", error.text);
	else
		log_fault_end(&retention->not_signed, "What is deleted is noted again");
	pthread_mutex_lock(&retention->lock);
	retention->status.deleted++;
	retention->status.deleted_bytes += (uint64_t)picture->bytes;
	pthread_cond_broadcast(&retention->answered);
	pthread_mutex_unlock(&retention->lock);
}

/* Leaves result as it is when the pass could not be run. */
static void run_pass(struct retention *retention, struct retention_pass_result *result)
{
	struct error error = { 0 };
	int code = check_disk(retention, &retention->pass.device, &error);
	if (code == -EXDEV) {
		log_fault_begin(&retention->away, "%s", error.text);
		return;
	}
	if (code >= 0) {
		log_fault_end(&retention->away, "The disk of %s is there again", retention->folder);
		code = retention_pass_run(&retention->pass, result, &error);
	}
	if (code < 0) {
		log_fault_begin(&retention->failing, "Cannot look after the pictures: %s", error.text);
		return;
	}
	log_fault_end(&retention->failing, "The pictures in %s can be looked after again", retention->folder);
	log_pass(retention, result);
	note_pass(retention, result);
}

/* Until the time is over, somebody asks for a pass after the given one, or it is time to stop. With the lock held. */
static void sleep_until_asked(struct retention *retention, int seconds, uint64_t after)
{
	struct timespec until = monotonic_in(seconds);
	while (!atomic_load(&retention->stopping) && retention->asked <= after &&
	       pthread_cond_timedwait(&retention->wake, &retention->lock, &until) == 0)
		;
}

static void retention_thread(void *data)
{
	struct retention *retention = data;
	pthread_mutex_lock(&retention->lock);
	while (!atomic_load(&retention->stopping)) {
		struct retention_pass_result result = { 0 };
		uint64_t serving = retention->asked;
		pthread_mutex_unlock(&retention->lock);
		run_pass(retention, &result);
		pthread_mutex_lock(&retention->lock);
		retention->served = serving;
		pthread_cond_broadcast(&retention->answered);
		if (result.futile)
			sleep_until_asked(retention, REST_S, UINT64_MAX);
		sleep_until_asked(retention, PERIOD_S, serving);
	}
	pthread_mutex_unlock(&retention->lock);
}

static uint64_t ask_for_pass(struct retention *retention)
{
	pthread_mutex_lock(&retention->lock);
	uint64_t ticket = ++retention->asked;
	pthread_cond_signal(&retention->wake);
	pthread_mutex_unlock(&retention->lock);
	return ticket;
}

/* Waits until something is deleted, and returns true; false when the pass is over, or the time. */
static bool wait_for_deletion(struct retention *retention, uint64_t ticket, uint64_t deleted,
                              const struct timespec *until)
{
	pthread_mutex_lock(&retention->lock);
	while (retention->status.deleted == deleted && retention->served < ticket && !atomic_load(&retention->stopping) &&
	       pthread_cond_timedwait(&retention->answered, &retention->lock, until) == 0)
		;
	bool helped = retention->status.deleted != deleted;
	pthread_mutex_unlock(&retention->lock);
	return helped;
}

static int disk_full(const struct retention *retention, const struct disk_space *space, struct error *error)
{
	return error_set(error, -ENOSPC, "disk full: %.1f MiB%s are free for %.*s, and no picture is old enough to go",
	                 MIB_OF(space->free), files_text(space), utf8_fit(retention->folder, 100), retention->folder);
}

/* Enough room for the next picture? What was deleted is read before the disk is asked, so that no deletion is missed.
 */
static int check_room(struct retention *retention, struct error *error)
{
	struct timespec until = monotonic_in(GATE_WAIT_S);
	uint64_t ticket = 0;
	for (;;) {
		struct retention_status status;
		struct disk_space space;
		retention_status(retention, &status);
		int result = disk_space(retention->folder, &space, error);
		if (result < 0)
			return result;
		struct rules_room room = rules_room(retention->min_free_bytes, space.total);
		if ((space.free < room.min_free || status.low) && ticket == 0) /* also to tell that there is room again */
			ticket = ask_for_pass(retention);
		if (space.free >= room.floor)
			return 0;
		if (!wait_for_deletion(retention, ticket, status.deleted, &until))
			return disk_full(retention, &space, error);
		ticket = 0; /* others may have written more than that pass has deleted, and it may be over */
	}
}

int retention_gate(void *data, dev_t *device, struct error *error)
{
	struct retention *retention = data;
	int result = check_disk(retention, device, error);
	if (result != 0)
		ask_for_pass(retention); /* which logs that the disk went away, or looks through a new one */
	return result < 0 ? result : check_room(retention, error);
}

static int set_folder(struct retention *retention, const char *base_dir, struct error *error)
{
	char here[FSIO_PATH_BYTES] = "";
	bool absolute = base_dir[0] == '/';
	if (!absolute && !getcwd(here, sizeof here))
		return error_set_errno(error, -errno, "cannot tell where %.*s is", utf8_fit(base_dir, 100), base_dir);
	if (snprintf(retention->folder, sizeof retention->folder, "%s%s%s", here, absolute ? "" : "/", base_dir) >=
	    (int)sizeof retention->folder)
		return error_set_errno(error, -ENAMETOOLONG, "cannot use %.*s", utf8_fit(base_dir, 100), base_dir);
	return 0;
}

static void init_locks(struct retention *retention)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&retention->lock, NULL);
	pthread_mutex_init(&retention->disk_lock, NULL);
	pthread_cond_init(&retention->wake, &monotonic);
	pthread_cond_init(&retention->answered, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct retention *retention_create(const struct retention_params *params, struct error *error)
{
	struct retention *retention = calloc(1, sizeof *retention);
	if (!retention) {
		error_set(error, -ENOMEM, "no memory to look after the pictures");
		return NULL;
	}
	init_locks(retention);
	retention->min_free_bytes = params->min_free_bytes;
	retention->events = params->events;
	retention->manifest = params->manifest;
	retention->status.free_bytes = retention->status.total_bytes = -1;
	retention->pass = (struct retention_pass){
		.folder = retention->folder,
		.min_free_bytes = params->min_free_bytes,
		.max_total_bytes = params->max_total_bytes,
		.max_age_ns = params->max_age_s * CLOCK_NS_PER_S,
		.stop = &retention->stopping,
		.wall_ns = clock_wall_ns,
		.monotonic_ns = clock_now_ns,
		.on_deleted = note_deleted,
		.data = retention,
	};
	int result = set_folder(retention, params->base_dir, error);
	if (result == 0) {
		check_disk(retention, &retention->pass.device, NULL); /* the disk at the start is the one that counts */
		struct disk_space space;
		if (disk_space(retention->folder, &space, NULL) == 0)
			retention->status.free_bytes = space.free;
		result = thread_start(&retention->thread, "retention", THREAD_HOUSEKEEPING, retention_thread, retention);
		if (result < 0)
			error_set_errno(error, result, "cannot start the thread that looks after the pictures");
	}
	if (result < 0) {
		retention_destroy(retention);
		return NULL;
	}
	return retention;
}

void retention_stop(struct retention *retention)
{
	pthread_mutex_lock(&retention->lock);
	atomic_store(&retention->stopping, true);
	pthread_cond_broadcast(&retention->wake);
	pthread_cond_broadcast(&retention->answered);
	pthread_mutex_unlock(&retention->lock);
}

bool retention_has_stopped(struct retention *retention)
{
	return thread_join_within(&retention->thread, 0);
}

void retention_destroy(struct retention *retention)
{
	if (!retention)
		return;
	retention_stop(retention);
	if (!thread_join_within(&retention->thread, STOP_PATIENCE_NS))
		return;
	pthread_cond_destroy(&retention->wake);
	pthread_cond_destroy(&retention->answered);
	pthread_mutex_destroy(&retention->disk_lock);
	pthread_mutex_destroy(&retention->lock);
	free(retention);
}

void retention_status(struct retention *retention, struct retention_status *status)
{
	pthread_mutex_lock(&retention->lock);
	*status = retention->status;
	pthread_mutex_unlock(&retention->lock);
}
