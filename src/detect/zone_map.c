#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "detect/zones.h"

/* By the number of edges to the right of the point. */
static bool is_inside(const struct zone_polygon *p, double x, double y)
{
	bool inside = false;
	for (int i = 0, j = p->count - 1; i < p->count; j = i++) {
		if ((p->y[i] > y) == (p->y[j] > y))
			continue;
		if (x < p->x[i] + (p->x[j] - p->x[i]) * (y - p->y[i]) / (p->y[j] - p->y[i]))
			inside = !inside;
	}
	return inside;
}

static uint64_t zones_at(const struct zones *zones, double x, double y)
{
	uint64_t found = 0;
	for (int i = 0; i < zones->ignored; i++)
		if (is_inside(&zones->ignore[i], x, y))
			return 0;
	for (int i = 0; i < zones->count; i++)
		if (is_inside(&zones->zone[i].polygon, x, y))
			found |= UINT64_C(1) << i;
	return found;
}

static void fill(struct zone_map *map, const struct zones *zones)
{
	uint64_t *cell = map->zones;
	for (int y = 0; y < map->height; y++)
		for (int x = 0; x < map->width; x++, cell++) {
			*cell = zones_at(zones, (x + 0.5) / map->width, (y + 0.5) / map->height);
			for (int i = 0; i < zones->count; i++)
				map->cells[i] += (int)(*cell >> i & 1);
		}
}

int zone_map_init(struct zone_map *map, const struct zones *zones, int width, int height, struct error *error)
{
	*map = (struct zone_map){ .width = width, .height = height };
	map->zones = calloc((size_t)width * (size_t)height, sizeof *map->zones);
	if (!map->zones)
		return error_set(error, -ENOMEM, "no memory for the motion zones");
	fill(map, zones);
	for (int i = 0; i < zones->count; i++) {
		if (map->cells[i] > 0)
			continue;
		zone_map_finish(map);
		return error_set(error, -EINVAL,
		                 "motion.zones: \"%s\" covers none of the %dx%d cells that motion looks at: make it larger, or "
		                 "motion.ignore smaller",
		                 zones->zone[i].name, width, height);
	}
	return 0;
}

void zone_map_finish(struct zone_map *map)
{
	free(map->zones);
	*map = (struct zone_map){ 0 };
}
