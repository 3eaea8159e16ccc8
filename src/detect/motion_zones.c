#include "motion_zones.h"

#include <math.h>
#include <string.h>

static const double NS_PER_S = 1e9;
/* The least that a majority of a few neighbours can leave. */
enum { CELLS_LEAST = 4 };

/* In 1/1024 of what it is at 50: a fourfold contrast is asked for at 1, half at 100. */
static uint16_t least_of(double sensitivity)
{
	if (sensitivity <= 0)
		return MOTION_NEVER;
	return (uint16_t)(MOTION_LEAST_ONE * exp2((50 - sensitivity) / (sensitivity < 50 ? 25 : 50)));
}

static uint16_t least_of_all(uint64_t zones, const uint16_t of_zone[ZONES_MAX])
{
	uint16_t least = MOTION_NEVER;
	for (; zones; zones &= zones - 1) {
		const uint16_t one = of_zone[__builtin_ctzll(zones)];
		least = one < least ? one : least;
	}
	return least;
}

void motion_zones_fill_least(const struct motion_zones *zones, uint16_t *least)
{
	const struct zone_map *map = &zones->map;
	uint16_t of_zone[ZONES_MAX] = { 0 };
	for (int i = 0; i < zones->zones.count; i++)
		of_zone[i] = least_of(zones->zones.zone[i].sensitivity);
	for (int y = 0; y < map->height; y++, least += map->width)
		for (int i = map->rows[y], x = 0; i < map->rows[y + 1]; i++) {
			const uint16_t of_stretch = least_of_all(map->zones[i], of_zone);
			for (; x < map->ends[i]; x++)
				least[x] = of_stretch;
		}
}

static void fill_cells_least(struct motion_zones *zones)
{
	zones->cells_least = INT32_MAX;
	for (int i = 0; i < zones->zones.count; i++) {
		const double cells = zones->zones.zone[i].min_area_percent / 100 * zones->map.cells[i];
		const int least = cells > CELLS_LEAST ? (int)ceil(cells) : CELLS_LEAST;
		zones->watch[i].cells_least = least;
		zones->cells_least = least < zones->cells_least ? least : zones->cells_least;
	}
}

int motion_zones_init(struct motion_zones *zones, const struct motion_params *params, const struct zones *of,
                      struct error *error)
{
	zones->params = *params;
	zones->zones = *of;
	int result = zone_map_init(&zones->map, of, params->width, params->height, error);
	if (result == 0)
		fill_cells_least(zones);
	return result;
}

void motion_zones_finish(struct motion_zones *zones)
{
	zone_map_finish(&zones->map);
}

static void include(int box[4], const struct motion_box *of, int block)
{
	const int left = of->left * block, top = of->top * block;
	const int right = (of->right + 1) * block, bottom = (of->bottom + 1) * block;
	const bool empty = box[2] == 0;
	const int old_right = box[0] + box[2], old_bottom = box[1] + box[3];
	box[0] = empty || left < box[0] ? left : box[0];
	box[1] = empty || top < box[1] ? top : box[1];
	box[2] = (empty || right > old_right ? right : old_right) - box[0];
	box[3] = (empty || bottom > old_bottom ? bottom : old_bottom) - box[1];
}

/* What the zone sees of the blobs; true when one of them has been followed long enough. */
static bool look(struct motion_zones *zones, int zone, const struct motion_blobs *blobs, const int *ages)
{
	struct motion_zone_watch *watch = &zones->watch[zone];
	bool noticed = false;
	watch->state.score = 0;
	memset(watch->state.box, 0, sizeof watch->state.box);
	for (int i = 0; i < blobs->count; i++) {
		const struct motion_blob *blob = &blobs->blob[i];
		const int cells = blob->zone_cells[zone];
		if (cells < watch->cells_least)
			continue;
		watch->state.score = fmax(watch->state.score, 100.0 * cells / zones->map.cells[zone]);
		include(watch->state.box, &blob->box, zones->params.block);
		noticed |= ages[i] >= zones->params.min_frames;
	}
	return noticed;
}

static bool start(struct motion_zone_watch *watch, int64_t now_ns, struct motion_event *event)
{
	watch->moving = true;
	watch->state.moving = true;
	watch->started_ns = now_ns;
	watch->highest = watch->state.score;
	*event = (struct motion_event){ .start = true, .score = watch->state.score, .timestamp_ns = now_ns };
	memcpy(event->box, watch->state.box, sizeof event->box);
	return true;
}

static bool end(struct motion_zone_watch *watch, int64_t now_ns, struct motion_event *event)
{
	watch->moving = false;
	watch->state.moving = false;
	watch->ended_ns = now_ns;
	*event = (struct motion_event){
		.score = watch->highest,
		.timestamp_ns = now_ns,
		.duration_s = (double)(watch->last_ns - watch->started_ns) / NS_PER_S,
	};
	memcpy(event->box, watch->last_box, sizeof event->box);
	return true;
}

/* With what the zone has seen in a frame (state.score and box): true and *event where its motion starts or ends. */
static bool update(struct motion_zone_watch *watch, bool noticed, int64_t now_ns, const struct motion_params *params,
                   struct motion_event *event)
{
	if (watch->state.score > 0)
		memcpy(watch->last_box, watch->state.box, sizeof watch->last_box);
	if (watch->moving && watch->state.score > watch->highest)
		watch->highest = watch->state.score;
	if (noticed)
		watch->last_ns = now_ns;
	if (watch->moving && (double)(now_ns - watch->last_ns) >= params->hold_s * NS_PER_S && !noticed)
		return end(watch, now_ns, event);
	const bool rested = watch->ended_ns == 0 || (double)(now_ns - watch->ended_ns) >= params->cooldown_s * NS_PER_S;
	return !watch->moving && noticed && rested && start(watch, now_ns, event);
}

size_t motion_zones_update(struct motion_zones *zones, const struct motion_blobs *blobs, const int *ages,
                           const struct frame_info *info, struct motion_event *events)
{
	size_t count = 0;
	for (int zone = 0; zone < zones->zones.count; zone++) {
		const bool noticed = look(zones, zone, blobs, ages);
		if (!update(&zones->watch[zone], noticed, info->timestamp_ns, &zones->params, &events[count]))
			continue;
		events[count].zone = zone;
		events[count].frame_id = info->id;
		count++;
	}
	return count;
}

size_t motion_zones_stop(struct motion_zones *zones, int64_t now_ns, uint64_t frame_id, struct motion_event *events)
{
	size_t count = 0;
	for (int zone = 0; zone < zones->zones.count; zone++) {
		struct motion_zone_watch *watch = &zones->watch[zone];
		const bool was_moving = watch->moving;
		watch->state = (struct motion_zone){ 0 };
		if (!was_moving)
			continue;
		end(watch, now_ns, &events[count]);
		events[count].zone = zone;
		events[count].frame_id = frame_id;
		count++;
	}
	return count;
}

void motion_zones_set_clock(struct motion_zones *zones, int64_t now_ns)
{
	for (int zone = 0; zone < zones->zones.count; zone++) {
		struct motion_zone_watch *watch = &zones->watch[zone];
		const int64_t lasted_ns = watch->last_ns - watch->started_ns;
		watch->last_ns = now_ns;
		watch->started_ns = now_ns - lasted_ns;
		watch->ended_ns = watch->ended_ns ? now_ns : 0;
	}
}
