#include "keeper.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/thread.h"
#include "found_file.h"
#include "keeper_rows.h"
#include "sha256.h"
#include "store.h"

enum { SETTLED_S = 30, AGAIN_S = 60, CHECKPOINT_S = 10 };

struct keeper {
	struct folders folders;
	char path[STORE_PATH_BYTES];
	struct mailbox *mailbox; /* of one place: a batch was written */
	struct thread thread;
	atomic_bool stop, wants_scan;
	struct sql sql;
	struct log_fault fault;
	int64_t scan_again_ns; /* 0: no */
	int64_t checkpoint_ns; /* the last */
};

/* --- the files of the folders --- */

static int look_at(struct keeper *keeper, const char *folder, const char *camera, const char *name, int64_t now_s,
                   struct error *error)
{
	struct found_file file;
	struct stat status;
	char path[PATH_MAX + NAME_MAX + 2];
	if (!found_file_parse(name, &file))
		return 0;
	if (file.camera[0] == '\0')
		snprintf(file.camera, sizeof file.camera, "%s", camera);
	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= STORE_PATH_BYTES)
		return 0;
	int known = keeper_rows_know(&keeper->sql, path, error);
	if (known != 0)
		return known < 0 ? known : 0;
	if (lstat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return 0;
	if (status.st_mtime > now_s - SETTLED_S) { /* its event is on the way */
		keeper->scan_again_ns = clock_now_ns() + AGAIN_S * CLOCK_NS_PER_S;
		return 0;
	}
	return keeper_rows_add(&keeper->sql, &file, path, name, error);
}

static int scan_folder(struct keeper *keeper, const char *given, const char *camera, struct error *error)
{
	char folder[PATH_MAX];
	DIR *listing = realpath(given, folder) ? opendir(folder) : NULL;
	int64_t now_s = clock_wall_ns() / CLOCK_NS_PER_S;
	const struct dirent *entry;
	int result = 0, added = 0;
	if (!listing)
		return 0; /* no pictures yet */
	while (result >= 0 && !atomic_load(&keeper->stop) && (entry = readdir(listing)) != NULL) {
		result = look_at(keeper, folder, camera, entry->d_name, now_s, error);
		added += result > 0;
	}
	closedir(listing);
	if (added > 0)
		log_info("%d files in %.200s had no event: they have one now", added, given);
	return result < 0 ? result : 0;
}

static int scan(struct keeper *keeper, struct error *error)
{
	int result = 0;
	atomic_store(&keeper->wants_scan, false);
	keeper->scan_again_ns = 0;
	for (size_t i = 0; result == 0 && i < keeper->folders.count; i++)
		result = scan_folder(keeper, keeper->folders.at[i].path, keeper->folders.at[i].camera, error);
	if (result == 0)
		result = keeper_rows_drop_gone(&keeper->sql, &keeper->stop, error);
	if (result < 0)
		atomic_store(&keeper->wants_scan, true); /* from the beginning, the next time */
	return result;
}

/* --- size and SHA-256, the WAL --- */

/* Keeps the WAL short. Not after each batch: it writes and syncs whole pages of the database, which wears cards. */
static int checkpoint(struct keeper *keeper, struct error *error)
{
	int64_t now_ns = clock_now_ns();
	if (now_ns - keeper->checkpoint_ns < CHECKPOINT_S * CLOCK_NS_PER_S)
		return 0;
	keeper->checkpoint_ns = now_ns;
	return sql_run(&keeper->sql, "PRAGMA wal_checkpoint(PASSIVE)", error);
}

static int read_files(struct keeper *keeper, struct error *error)
{
	char path[STORE_PATH_BYTES], hex[SHA256_HEX_BYTES];
	long long bytes;
	int result = 0;
	while (result >= 0 && !atomic_load(&keeper->stop) &&
	       (result = keeper_rows_unread(&keeper->sql, path, sizeof path, error)) == 1) {
		int code = sha256_file(path, hex, &bytes, &keeper->stop);
		if (code == -ECANCELED)
			return 0;
		result = code == 0 ? keeper_rows_set_read(&keeper->sql, path, hex, bytes, error)
		                   : keeper_rows_drop(&keeper->sql, path, error);
		if (result >= 0)
			result = checkpoint(keeper, error);
	}
	return result < 0 ? result : 0;
}

/* --- the thread --- */

static int work(struct keeper *keeper, bool has_batch, struct error *error)
{
	int result = keeper->sql.db ? 0 : sql_open(&keeper->sql, keeper->path, false, error);
	if (result == 0 && has_batch)
		result = checkpoint(keeper, error);
	if (result == 0 &&
	    (atomic_load(&keeper->wants_scan) || (keeper->scan_again_ns != 0 && clock_now_ns() > keeper->scan_again_ns)))
		result = scan(keeper, error);
	if (result == 0 && !atomic_load(&keeper->stop))
		result = read_files(keeper, error);
	return result;
}

/* A failed keeper tries anew with the next batch; the file may then be another one. */
static void tell(struct keeper *keeper, int result, const struct error *error)
{
	if (result == 0) {
		log_fault_end(&keeper->fault, "The files are kept count of again");
		return;
	}
	if (result != -EBUSY)
		log_fault_begin(&keeper->fault, "The files cannot be kept count of: %s", error->text);
	sql_close(&keeper->sql);
}

static void run(void *data)
{
	struct keeper *keeper = data;
	char word;
	while (!atomic_load(&keeper->stop)) {
		bool has_batch = false;
		struct error error = { 0 };
		mailbox_wait(keeper->mailbox);
		while (mailbox_take(keeper->mailbox, &word))
			has_batch = true;
		if (!atomic_load(&keeper->stop))
			tell(keeper, work(keeper, has_batch, &error), &error);
	}
	sql_close(&keeper->sql);
}

struct keeper *keeper_create(const char *data_dir, const struct folders *folders, struct error *error)
{
	struct keeper *keeper = calloc(1, sizeof *keeper);
	if (!keeper) {
		error_set(error, -ENOMEM, "no memory for the keeper of the files");
		return NULL;
	}
	keeper->folders = *folders;
	store_path(data_dir, keeper->path);
	keeper->mailbox = mailbox_create(1, sizeof(char), error);
	int result = keeper->mailbox ? thread_start(&keeper->thread, "keeper", THREAD_HOUSEKEEPING, run, keeper) : -ENOMEM;
	if (result == 0)
		return keeper;
	if (keeper->mailbox)
		error_set_errno(error, result, "cannot start the keeper's thread");
	keeper_destroy(keeper);
	return NULL;
}

void keeper_destroy(struct keeper *keeper)
{
	if (!keeper)
		return;
	atomic_store(&keeper->stop, true);
	if (keeper->mailbox)
		mailbox_wake(keeper->mailbox);
	thread_join(&keeper->thread);
	mailbox_destroy(keeper->mailbox);
	free(keeper);
}

void keeper_batch_written(struct keeper *keeper)
{
	const char word = 0;
	mailbox_put(keeper->mailbox, &word); /* full: it is told already */
}

void keeper_scan(struct keeper *keeper)
{
	atomic_store(&keeper->wants_scan, true);
	mailbox_wake(keeper->mailbox);
}
