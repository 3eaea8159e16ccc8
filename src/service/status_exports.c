/* Pictures on their way to the disk, and the disk. */
#include "service/status_groups.h"

static void take_jobs(const void *data, void *snapshot)
{
	jobs_status((struct jobs *)data, snapshot);
}

static void take_automatic(const void *data, void *snapshot)
{
	schedule_status(data, snapshot);
}

static void take_storage(const void *data, void *snapshot)
{
	retention_status((struct retention *)data, snapshot);
}

#define JOBS(path, form, member, kind, unit, help)                                                                     \
	{                                                                                                                  \
		path, form, offsetof(struct jobs_status, member), kind, unit, help                                             \
	}
static const struct status_row jobs_rows[] = {
	JOBS("exports.waiting", STATUS_SIZE, waiting, STATUS_GAUGE, "jobs",
	     "Requests for pictures that wait for a worker."),
	JOBS("exports.running", STATUS_SIZE, running, STATUS_GAUGE, "jobs", "Those that a worker is at."),
	JOBS("exports.asked", STATUS_UINT64, asked, STATUS_COUNTER, "jobs", "All that were accepted."),
	JOBS("exports.succeeded", STATUS_UINT64, succeeded, STATUS_COUNTER, "jobs",
	     "Those whose pictures are all on the disk."),
	JOBS("exports.kept", STATUS_UINT64, succeeded, STATUS_COUNTER, "jobs", "The same, by its name in 0.1.0."),
	JOBS("exports.failed", STATUS_UINT64, failed, STATUS_COUNTER, "jobs", "Those that ended in an error."),
	JOBS("exports.refused", STATUS_UINT64, refused, STATUS_COUNTER, "jobs",
	     "Requests that were not accepted (`BUSY`)."),
	JOBS("exports.encoded", STATUS_UINT64, encoded, STATUS_COUNTER, "pictures",
	     "Pictures handed out as bytes; those of `live` count once, however many watch."),
	JOBS("exports.files", STATUS_UINT64, files, STATUS_COUNTER, "files", "Files written."),
	JOBS("exports.last_error", STATUS_TEXT, last_error, STATUS_INFO, "", "Why the last one failed; empty: none has."),
	JOBS("exports.last_error_age_s", STATUS_AGE, last_error_ns, STATUS_GAUGE, "s", "Since then."),
};

#define AUTOMATIC(path, member, help)                                                                                  \
	{                                                                                                                  \
		path, STATUS_UINT64, offsetof(struct schedule_status, member), STATUS_COUNTER, "pictures", help                \
	}
static const struct status_row automatic_rows[] = {
	AUTOMATIC("automatic.saved", saved, "Automatic pictures that are on the disk (`export.auto_save_interval_s`)."),
	AUTOMATIC("automatic.failed", failed, "Those that ended in an error."),
	AUTOMATIC("automatic.left_out", left_out,
	          "Those that were due while the one before was still under way, and its successor waited."),
};

#define STORAGE(path, form, member, kind, unit, help)                                                                  \
	{                                                                                                                  \
		path, form, offsetof(struct retention_status, member), kind, unit, help                                        \
	}
static const struct status_row storage_rows[] = {
	STORAGE("storage.free_mib", STATUS_MIB_OR_NULL, free_bytes, STATUS_GAUGE, "MiB",
	        "Free on the disk of the pictures, or as much of it as is left of its number of files."),
	STORAGE("storage.low", STATUS_BOOL, low, STATUS_STATE, "",
	        "Less is free than should be, and nothing may be deleted (the event `storage.low`)."),
	STORAGE("storage.pictures", STATUS_UINT64, pictures, STATUS_GAUGE, "files",
	        "Pictures in the folder, when it was last looked through; before the first time `pictures_mib` is null."),
	STORAGE("storage.pictures_mib", STATUS_MIB_OR_NULL, total_bytes, STATUS_GAUGE, "MiB",
	        "What they take on the disk."),
	STORAGE("storage.deleted", STATUS_UINT64, deleted, STATUS_COUNTER, "files",
	        "Pictures deleted to keep the limits of `storage`."),
	STORAGE("storage.deleted_mib", STATUS_MIB, deleted_bytes, STATUS_COUNTER, "MiB", "What they took."),
};

const struct status_group status_exports = STATUS_GROUP(jobs_rows, struct jobs_status, take_jobs);
const struct status_group status_automatic = STATUS_GROUP(automatic_rows, struct schedule_status, take_automatic);
const struct status_group status_storage = STATUS_GROUP(storage_rows, struct retention_status, take_storage);
