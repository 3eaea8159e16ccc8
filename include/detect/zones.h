/*
 * Where motion counts: named polygons of the picture, and polygons to ignore. Coordinates are shares of the picture's
 * width and height, 0 to 1 from its top left, so that they hold for any size. Pure.
 */
#ifndef PASTCAM_DETECT_ZONES_H
#define PASTCAM_DETECT_ZONES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { ZONES_MAX = 64, ZONE_IGNORE_MAX = 64, ZONE_POINTS_MAX = 32, ZONE_NAME_BYTES = 32 };

struct zone_polygon {
	int count; /* 3 to ZONE_POINTS_MAX; the last point joins the first */
	double x[ZONE_POINTS_MAX], y[ZONE_POINTS_MAX];
};

struct zone {
	char name[ZONE_NAME_BYTES]; /* UTF-8, without spaces and what JSON or a reply would have to quote */
	struct zone_polygon polygon;
	double sensitivity;      /* 0 to 100; 0: nothing is ever noticed */
	double min_area_percent; /* of the zone: what moves is at least this large */
};

struct zones {
	int count, ignored;
	struct zone zone[ZONES_MAX];
	struct zone_polygon ignore[ZONE_IGNORE_MAX];
};

/* What a zone has that says nothing of it. */
struct zone_defaults {
	double sensitivity, min_area_percent;
};

/* zones: the JSON of `motion.zones`, [{"name": …, "polygon": [[x, y], …], "sensitivity": …, "min_area": …}, …]; [] is
 * one zone, "all", the whole picture. ignore: that of `motion.ignore`, [[[x, y], …], …]. -EINVAL, with the zone and
 * what is wrong, for text that is no such list and for polygons of two points, outside the picture, that cross
 * themselves or enclose nothing, names that are missing, empty, too long or used twice, numbers out of range, unknown
 * members, and more than ZONES_MAX; -ENOMEM. */
int zones_parse(struct zones *zones, const char *zones_json, const char *ignore_json,
                const struct zone_defaults *defaults, struct error *error);

/* The zones on a grid of width x height cells: of each row the stretches of cells in the same zones, from left to
 * right. They are few, so that who asks for a cell's zones need not fetch them from afar. */
struct zone_map {
	int width, height;
	int *rows;            /* height + 1 of them: a row's first stretch; the last: how many stretches there are */
	uint16_t *ends;       /* of each stretch: the first column behind it */
	uint64_t *zones;      /* of each stretch: bit n is zone n; 0 where all is ignored */
	int cells[ZONES_MAX]; /* of each zone */
};

/* A cell belongs to the zones that its centre is in. -EINVAL for a zone that no cell is left in, -ENOMEM. */
int zone_map_init(struct zone_map *map, const struct zones *zones, int width, int height, struct error *error);
void zone_map_finish(struct zone_map *map); /* also of zeros, and again */

/* The most memory that it takes, where no cell is in the same zones as the next. */
size_t zone_map_bytes(int width, int height);

#endif
