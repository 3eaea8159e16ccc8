/* Which pictures must go, and which must not: the rules of retention, without a disk. Pure. Private to src/export. */
#ifndef PASTCAM_EXPORT_RETENTION_RULES_H
#define PASTCAM_EXPORT_RETENTION_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "retention_disk.h"
#include "retention_scan.h"

struct rules_room {   /* bytes */
	int64_t min_free; /* below it the oldest pictures go … */
	int64_t goal;     /* … until so much is free: an eighth more, so that not every picture costs a pass */
	int64_t floor;    /* below it new pictures are refused */
};

/* asked: struct retention_params' min_free_bytes. The default of the larger of 200 MiB and 5 % never takes more than a
 * tenth of a small filesystem, and what is asked for never more than half, since nothing could ever meet it. The floor
 * is 16 MiB, or half of min_free where that is less: a disk that other files fill has still room for many pictures. */
struct rules_room rules_room(int64_t asked, int64_t total);

/* The wall clock, watched against the monotonic one. */
struct rules_clock { /* starts as all zeros */
	bool started, jumped;
	int64_t ahead_ns;  /* of the wall clock before the monotonic one */
	int64_t steady_ns; /* monotonic: since when it has not jumped, or since the start */
};

/* Looks at both; returns by how much the wall clock jumped since the last look, 0 for less than five seconds. */
int64_t rules_look(struct rules_clock *clock, int64_t wall_ns, int64_t monotonic_ns);

struct rules_state {
	struct rules_clock clock;
	int64_t wall_ns, monotonic_ns; /* now */
	int64_t missing_bytes;         /* to be freed on the disk; 0 and less: none */
	int64_t max_total, total;      /* of our pictures, bytes; max_total 0: no limit */
	int64_t max_age_ns;            /* 0: no limit */
};

enum rules_reason { RETENTION_KEEP, RETENTION_AGE, RETENTION_TOTAL, RETENTION_FREE_SPACE };

/* Whether and why the oldest picture must go:
 * - A picture stays for a minute, whatever the limits say: who was told its path can fetch it.
 * - For a minute after the clock jumped, nothing goes, since nobody knows which pictures are that young.
 * - For an hour after a start or a jump, nothing goes for its age: a clock that is wrong by years must not empty the
 *   archive. What is dated ahead has no known age. */
enum rules_reason rules_must_go(const struct rules_state *state, const struct scan_picture *oldest);

#endif
