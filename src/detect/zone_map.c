#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/number.h"
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

static void count_cells(struct zone_map *map, uint64_t zones, int cells)
{
	for (; zones; zones &= zones - 1)
		map->cells[__builtin_ctzll(zones)] += cells;
}

/* Adds a row's stretches to those there are; returns how many there are then. */
static int fill_row(struct zone_map *map, const struct zones *zones, int y, int count)
{
	for (int x = 0, begin = 0; x < map->width; begin = x, count++) {
		const double row = (y + 0.5) / map->height;
		const uint64_t here = zones_at(zones, (x + 0.5) / map->width, row);
		for (x++; x < map->width && zones_at(zones, (x + 0.5) / map->width, row) == here;)
			x++;
		map->zones[count] = here;
		map->ends[count] = (uint16_t)x;
		count_cells(map, here, x - begin);
	}
	return count;
}

static bool allocate(struct zone_map *map)
{
	const size_t most = (size_t)map->width * (size_t)map->height;
	map->rows = calloc((size_t)map->height + 1, sizeof *map->rows);
	map->ends = calloc(most, sizeof *map->ends);
	map->zones = calloc(most, sizeof *map->zones);
	return map->rows && map->ends && map->zones;
}

/* To what is used of the room for the most there can be. Where that fails, all is as it was. */
static void shrink(struct zone_map *map)
{
	const size_t count = max_size((size_t)map->rows[map->height], 1);
	uint16_t *ends = realloc(map->ends, count * sizeof *ends);
	if (ends)
		map->ends = ends;
	uint64_t *zones = realloc(map->zones, count * sizeof *zones);
	if (zones)
		map->zones = zones;
}

static bool fill(struct zone_map *map, const struct zones *zones)
{
	if (!allocate(map))
		return false;
	for (int y = 0; y < map->height; y++)
		map->rows[y + 1] = fill_row(map, zones, y, map->rows[y]);
	shrink(map);
	return true;
}

size_t zone_map_bytes(int width, int height)
{
	const size_t most = (size_t)width * (size_t)height;
	return most * (sizeof(uint16_t) + sizeof(uint64_t)) + ((size_t)height + 1) * sizeof(int);
}

int zone_map_init(struct zone_map *map, const struct zones *zones, int width, int height, struct error *error)
{
	*map = (struct zone_map){ .width = width, .height = height };
	if (!fill(map, zones)) {
		zone_map_finish(map);
		return error_set(error, -ENOMEM, "no memory for the motion zones");
	}
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
	free(map->rows);
	free(map->ends);
	free(map->zones);
	*map = (struct zone_map){ 0 };
}
