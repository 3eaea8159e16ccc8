#include "syncer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mailbox.h"
#include "base/thread.h"
#include "store.h"

struct syncer {
	char path[STORE_PATH_BYTES + 8]; /* of the WAL */
	struct mailbox *mailbox;
	struct thread thread;
	atomic_bool stop;
	struct log_fault fault;
};

/* Opened anew each time: the file may be another one. SQLite holds no locks on the WAL that a close would take away. */
static int sync_wal(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* set aside: the next one is on the way */
	int result = fdatasync(fd) < 0 ? -errno : 0;
	close(fd);
	return result;
}

static void tell(struct syncer *syncer, int result)
{
	struct error error = { 0 };
	if (result == 0) {
		log_fault_end(&syncer->fault, "Events are safe from a power cut again");
		return;
	}
	error_set_errno(&error, result, "cannot sync %.160s", syncer->path);
	log_fault_begin(&syncer->fault, "A power cut would take events: %s", error.text);
}

static void run(void *data)
{
	struct syncer *syncer = data;
	char word;
	while (!atomic_load(&syncer->stop)) {
		bool has_batch = false;
		mailbox_wait(syncer->mailbox);
		while (mailbox_take(syncer->mailbox, &word))
			has_batch = true;
		if (has_batch)
			tell(syncer, sync_wal(syncer->path));
	}
}

struct syncer *syncer_create(const char *data_dir, struct error *error)
{
	char database[STORE_PATH_BYTES];
	struct syncer *syncer = calloc(1, sizeof *syncer);
	if (!syncer) {
		error_set(error, -ENOMEM, "no memory for syncing");
		return NULL;
	}
	store_path(data_dir, database);
	snprintf(syncer->path, sizeof syncer->path, "%s-wal", database);
	syncer->mailbox = mailbox_create(1, sizeof(char), error);
	int result = syncer->mailbox ? thread_start(&syncer->thread, "syncer", THREAD_CONTROL, run, syncer) : -ENOMEM;
	if (result == 0)
		return syncer;
	if (syncer->mailbox)
		error_set_errno(error, result, "cannot start the syncer's thread");
	syncer_destroy(syncer);
	return NULL;
}

void syncer_destroy(struct syncer *syncer)
{
	if (!syncer)
		return;
	atomic_store(&syncer->stop, true);
	if (syncer->mailbox)
		mailbox_wake(syncer->mailbox);
	thread_join(&syncer->thread);
	mailbox_destroy(syncer->mailbox);
	free(syncer);
}

void syncer_batch_written(struct syncer *syncer)
{
	const char word = 0;
	mailbox_put(syncer->mailbox, &word);
}
