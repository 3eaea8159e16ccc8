/* One pass of tidying up a folder, with the times given. Private to src/export. */
#ifndef PASTCAM_EXPORT_RETENTION_PASS_H
#define PASTCAM_EXPORT_RETENTION_PASS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "retention_bins.h"
#include "retention_rules.h"

/* What the rounds know from one to the next. Starts as all zeros but for the first group. */
struct retention_pass {
	const char *folder;
	dev_t device; /* the filesystem that folder must be on, else it is left alone; 0: any */
	int64_t min_free_bytes, max_total_bytes, max_age_ns; /* as in struct retention_params */
	const atomic_bool *stop;
	int64_t (*wall_ns)(void), (*monotonic_ns)(void); /* clock.h's but for tests */
	void (*on_deleted)(
	    void *data,
	    const struct scan_picture *picture); /* after each picture, so that who waits for room goes on; or NULL */
	void *data;

	struct rules_clock clock;
	struct scan scan;
	bool scanned;
	struct stat scanned_folder; /* as it was when the last scan began, */
	int64_t scanned_wall_ns;    /* which was then */
	int64_t next_scan_ns;       /* monotonic: the regular one */
	struct bins bins;           /* within a pass: the search for more than a scan keeps */
};

struct retention_pass_result {
	int64_t jump_ns;          /* the wall clock jumped by this since the last pass */
	uint64_t deleted;         /* pictures */
	int64_t deleted_bytes;    /* on the disk */
	enum rules_reason reason; /* the last one's */
	int undeletable;          /* pictures that should go and are not ours to delete, as met by the last scan */
	int scans;
	int leftovers;           /* temporary files of dead processes, removed */
	struct disk_space space; /* after the pass */
	bool futile;             /* what was deleted gave hardly any space: let the disk rest before the next pass */
	int64_t min_free_bytes;  /* what applies to this disk */
};

/* A look at the clock and the disk, a scan when one is due, and what must go goes. Scans are due a minute apart at most
 * often, and so that they take no more than a fiftieth of the time; only for a folder that has changed; and whenever
 * the oldest pictures of the last one are used up. Where many must go a handful of scans does, each of which deletes
 * what the ones before it have found to be old enough: the cost grows with the number of pictures and no faster. 0 also
 * when the folder is not there yet; -errno. */
int retention_pass_run(struct retention_pass *pass, struct retention_pass_result *result, struct error *error);

#endif
