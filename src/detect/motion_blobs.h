/* Connected parts of a mask. Private to src/detect. */
#ifndef PASTCAM_DETECT_MOTION_BLOBS_H
#define PASTCAM_DETECT_MOTION_BLOBS_H

#include "detect/zones.h"
#include "motion_planes.h"
#include "motion_texture.h"

enum { MOTION_BLOBS_MAX = 48, MOTION_ACTIVE_LEAST = 3 };

/* Inclusive edges, in cells. */
struct motion_box {
	int left, top, right, bottom;
};

struct motion_blob {
	struct motion_box box;
	int cells, active;
	int zone_cells[ZONES_MAX];
	uint64_t zones;                /* that it has cells in */
	struct motion_texture texture; /* if active; of every so manieth row, since large ones are told from fewer: */
	int every;
};

/* Cells side by side in a row. */
struct motion_run {
	int16_t y, left, right;
	int16_t blob; /* its number, or -1 */
	int cells;    /* that are set, without the gaps that are bridged */
	int parent;   /* a run of the same blob, this one or one before */
};

struct motion_blobs {
	struct motion_run *runs;
	int run_count;
	int *cells;               /* of the blob that each run is the first of */
	struct motion_blob *blob; /* MOTION_BLOBS_MAX */
	int count;
};

bool motion_blobs_init(struct motion_blobs *blobs, int width, int height);
void motion_blobs_finish(struct motion_blobs *blobs);
size_t motion_blobs_bytes(int width, int height);

/* Does as much of it as of a thing that moves differ from the recent past? At least MOTION_ACTIVE_LEAST cells do. */
bool motion_blob_is_active(const struct motion_blob *blob);

/* Finds the parts of planes->changed that have at least cells_least cells, up to MOTION_BLOBS_MAX, and what is known of
 * each. */
void motion_blobs_find(struct motion_blobs *blobs, const struct motion_planes *planes, const uint16_t *luma,
                       const struct zone_map *map, int cells_least);

#endif
