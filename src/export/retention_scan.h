/* The oldest pictures of a folder, found in one pass with little memory. Private to src/export. */
#ifndef PASTCAM_EXPORT_RETENTION_SCAN_H
#define PASTCAM_EXPORT_RETENTION_SCAN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Which one is older? By modification time, which is when the file was written, and by name where that is equal (FAT
 * counts in steps of two seconds). Wall clocks jump, so modification times lie. Two rules keep that harmless: a time
 * more than a day ahead can only come from a clock that was wrong, so it says nothing but "before now", and such
 * pictures count as the oldest of all (else they would stay for years and have every new picture deleted in their
 * place); and the order among them is kept.
 */
enum { SCAN_KEPT = 1024, SCAN_NAME_BYTES = 96 };

struct scan_picture {
	int64_t modified_ns;        /* wall */
	int64_t bytes;              /* on the disk */
	bool ahead;                 /* modified more than a day from now */
	char name[SCAN_NAME_BYTES]; /* "": dealt with */
};

struct scan {
	uint64_t pictures; /* in the folder */
	int64_t bytes;     /* that they take on the disk */
	size_t leftovers;  /* temporary names, of anybody's */
	size_t count;      /* of oldest */
	size_t next;       /* the oldest that is left: those before it are dealt with */
	struct scan_picture oldest[SCAN_KEPT];
};

/* The same order as a number, the older the smaller, to 4 ns and but for names; within half of an int64_t. */
int64_t scan_age_order(const struct scan_picture *picture);

/* What becomes of a picture that a scan has met. */
enum scan_verdict {
	SCAN_KEEP,      /* counted, and among the oldest where it belongs there */
	SCAN_GONE,      /* just removed: not counted */
	SCAN_PASS_OVER, /* counted, and nothing is to be done about it */
};
typedef enum scan_verdict (*scan_judge)(void *data, const struct scan_picture *picture);

/* Looks through the open folder fd, which stays the caller's, and asks judge about each picture (NULL: keeps all). Ends
 * early, with -ECANCELED, when stop becomes true. -errno when the folder cannot be read. */
int scan_folder(struct scan *scan, int folder, int64_t wall_ns, const atomic_bool *stop, scan_judge judge, void *data);

/* Removes picture from folder if it is still what the scan saw. 1: removed; 0: it was gone or another; -errno. */
int scan_remove(int folder, const struct scan_picture *picture);

/* The same of a picture that a scan has met this moment: without another look at it. */
int scan_remove_seen(int folder, const struct scan_picture *picture);

#endif
